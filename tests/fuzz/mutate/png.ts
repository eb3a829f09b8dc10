// Edits of a PNG chunk by chunk, checksums right again, and of the pixels behind the compression.
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import type { Random } from '../random.ts';
import { concat, mutateBytes, mutateList, setNumber } from './bytes.ts';

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

// prettier-ignore
const TYPES = ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'eXIf', 'iTXt', 'zTXt', 'tEXt', 'iCCP', 'gAMA', 'acTL', 'fcTL', 'fdAT', 'CgBI', 'abcd', 'ABCD'];

export function mutatePng(r: Random, bytes: Uint8Array): Uint8Array {
  let chunks = chunksOf(bytes);
  if (chunks.length === 0) return mutateBytes(r, bytes);
  for (let n = 1 + r.below(3); n > 0; n--)
    chunks = r.once(4) ? withPixels(r, chunks) : mutateList(r, chunks, (chunk) => edited(r, chunk));
  const file = concat([bytes.subarray(0, 8), ...chunks.map((chunk) => written(r, chunk))]);
  return r.once(10) ? mutateBytes(r, file) : file;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, data: bytes.slice(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

function edited(r: Random, { type, data }: Chunk): Chunk {
  if (r.once(8)) return { type: r.pick(TYPES), data };
  // Fields of IHDR one by one: width, height, depth, colour, compression, filter, interlacing.
  if (type === 'IHDR' && data.length === 13) {
    const copy = data.slice();
    const at = r.pick([0, 3, 4, 7, 8, 9, 10, 11, 12]);
    if (at % 4 === 0 && at < 8) setNumber(r, copy.subarray(at, at + 4), 0);
    else copy[at] = r.pick([0, 1, 2, 3, 4, 6, 8, 16, 255]);
    return { type, data: copy };
  }
  return { type, data: mutateBytes(r, data) };
}

/** The scanlines edited and compressed again, in one to three chunks. */
function withPixels(r: Random, chunks: readonly Chunk[]): Chunk[] {
  const first = chunks.findIndex(({ type }) => type === 'IDAT');
  if (first < 0) return [...chunks];
  const packed = concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  let lines: Uint8Array;
  try {
    lines = inflateSync(packed, { maxOutputLength: 4 << 20 });
  } catch {
    return [...chunks];
  }
  const again = deflateSync(mutateBytes(r, lines), { level: r.below(3) });
  const step = Math.max(1, Math.ceil(again.length / (1 + r.below(3))));
  const parts: Chunk[] = [];
  for (let at = 0; at < again.length; at += step)
    parts.push({ type: 'IDAT', data: new Uint8Array(again.subarray(at, at + step)) });
  const rest = chunks.filter(({ type }) => type !== 'IDAT');
  return rest.toSpliced(first, 0, ...parts);
}

function written(r: Random, { type, data }: Chunk): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  if (r.once(60)) setNumber(r, out, r.pick([0, out.length - 4]));
  return out;
}
