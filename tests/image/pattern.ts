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
  const out = new Uint8Array(height * width * channels);
  for (let i = 0; i < out.length; i++) {
    if (kind === 'ramp') out[i] = Math.floor(i / channels) * ((seed % 7) + 1) + (i % channels) * 50;
    else out[i] = kind === 'binary' ? (mixed(seed, i) & 1) * 255 : mixed(seed, i);
  }
  return out;
}

/** [height, width, channels] to [channels, height, width]. */
export function channelsFirst(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++)
    out[(i % channels) * pixels + Math.floor(i / channels)] = data[i]!;
  return out;
}
