// The two checksums of PNG: CRC-32 of chunks, and Adler-32 of the uncompressed pixels (zlib).
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i++) crc = CRC_TABLE[(crc ^ data[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** @param sum of what comes before */
export function adler32(data: Uint8Array, sum = 1): number {
  const prime = 65521;
  let a = sum & 0xffff;
  let b = sum >>> 16;
  // 5552 steps is as far as b stays below 2^32 (RFC 1950); doubles would bear more.
  for (let i = 0; i < data.length;) {
    for (const end = Math.min(i + 5552, data.length); i < end; i++) {
      a += data[i]!;
      b += a;
    }
    a %= prime;
    b %= prime;
  }
  return b * 65536 + a;
}
