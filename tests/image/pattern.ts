// The pictures of fixtures/make/image_pattern.py, made again from their numbers.

/** murmur3's finalizer over a counter. */
function mixed(seed: number, i: number): number {
  let x = (i + Math.imul(seed, 0x9e3779b9)) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** [height, width, channels], channels last. */
export function pattern(
  kind: string,
  seed: number,
  height: number,
  width: number,
  channels: number,
): Uint8Array {
  return Uint8Array.from({ length: height * width * channels }, (_, i) => {
    if (kind === 'ramp') return Math.floor(i / channels) * ((seed % 7) + 1) + (i % channels) * 50;
    const byte = mixed(seed, i) & 255;
    return kind === 'binary' ? (byte & 1) * 255 : byte;
  });
}

/** [height, width, channels] to [channels, height, width]. */
export function channelsFirst(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  return Uint8Array.from(data, (_, i) => data[(i % pixels) * channels + Math.floor(i / pixels)]!);
}
