// The two passes of a resize on bytes: weighted sums in integers, rounded and cut to 0..255 each time.
import type { Bytes, PixelKernels } from '../pixel-kernels.ts';
import type { AxisWeights } from './weights.ts';

/** Changes the width. `bits` is the precision of the weights, whose sums fit in 32 bits. */
export function resizeAcross(
  image: Bytes,
  axis: AxisWeights<Int32Array>,
  bits: number,
  kernels?: PixelKernels,
): Bytes {
  const { height, channels } = image;
  const width = axis.first.length;
  const data = new Uint8ClampedArray(width * height * channels);
  const bytes = new Uint8Array(data.buffer);
  if (!kernels?.resizeAcross(image, axis, bits, bytes))
    (channels === 3 ? acrossRgb : acrossAny)(image, axis, bits, data, width);
  return { data: bytes, width, height, channels };
}

/** The usual case, with the three sums in registers. */
function acrossRgb(
  { data, width: inWidth, height }: Bytes,
  { first, count, values, stride }: AxisWeights<Int32Array>,
  bits: number,
  out: Uint8ClampedArray,
  width: number,
): void {
  const half = 1 << (bits - 1);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      let red = half;
      let green = half;
      let blue = half;
      let at = (y * inWidth + first[x]!) * 3;
      const start = x * stride;
      const end = start + count[x]!;
      for (let k = start; k < end; k++, at += 3) {
        const weight = values[k]!;
        red = (red + weight * data[at]!) | 0;
        green = (green + weight * data[at + 1]!) | 0;
        blue = (blue + weight * data[at + 2]!) | 0;
      }
      out[to] = red >> bits;
      out[to + 1] = green >> bits;
      out[to + 2] = blue >> bits;
    }
  }
}

function acrossAny(
  { data, width: inWidth, height, channels }: Bytes,
  { first, count, values, stride }: AxisWeights<Int32Array>,
  bits: number,
  out: Uint8ClampedArray,
  width: number,
): void {
  const half = 1 << (bits - 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let i = 0; i < channels; i++) {
        let sum = half;
        let at = (y * inWidth + first[x]!) * channels + i;
        for (let k = 0; k < count[x]!; k++, at += channels) {
          sum = (sum + values[x * stride + k]! * data[at]!) | 0;
        }
        out[(y * width + x) * channels + i] = sum >> bits;
      }
    }
  }
}

/** Changes the height: a sum of whole rows, whatever the channels. */
export function resizeDown(
  image: Bytes,
  axis: AxisWeights<Int32Array>,
  bits: number,
  kernels?: PixelKernels,
): Bytes {
  const { data, width, channels } = image;
  const { first, count, values, stride } = axis;
  const height = axis.first.length;
  const n = width * channels;
  const out = new Uint8ClampedArray(n * height);
  const bytes = new Uint8Array(out.buffer);
  const resized = { data: bytes, width, height, channels };
  if (kernels?.resizeDown(image, axis, bits, bytes)) return resized;
  const sums = new Int32Array(n);
  for (let y = 0; y < height; y++) {
    sums.fill(1 << (bits - 1));
    for (let k = 0; k < count[y]!; k++) {
      const weight = values[y * stride + k]!;
      const at = (first[y]! + k) * n;
      for (let i = 0; i < n; i++) sums[i] = (sums[i]! + weight * data[at + i]!) | 0;
    }
    for (let i = 0; i < n; i++) out[y * n + i] = sums[i]! >> bits;
  }
  return resized;
}
