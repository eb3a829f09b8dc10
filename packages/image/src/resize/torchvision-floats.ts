// torchvision's `resize(..., antialias=True)` of float tensors. Nothing is cut off: results may leave the
// input's range. Follows torch's compiled loops to the last bit (x86 with AVX2, where multiply-adds are fused),
// but for results one pixel wide, where torch sums in another order.
import type { Planes } from './torchvision-bytes.ts';
import { type AxisWeights, reach, type ResizeFilter } from './weights.ts';

type Floats = Float32Array | Float64Array;
type Axis = AxisWeights<Float64Array>;

/** How one float type computes. */
interface Arithmetic {
  readonly round: (x: number) => number;
  /** a * b + c, rounded once. */
  readonly fused: (a: number, b: number, c: number) => number;
  /** How many numbers a 128-bit register holds: the compiler takes products in such groups. */
  readonly lanes: number;
}

const SINGLE: Arithmetic = {
  round: Math.fround,
  // Two float32 multiply exactly in a double.
  fused: (a, b, c) => Math.fround(a * b + c),
  lanes: 4,
};

const DOUBLE: Arithmetic = {
  round: (x) => x,
  fused(a, b, c) {
    const product = a * b;
    const sum = product + c;
    const shift = sum - product;
    const lost = product - (sum - shift) + (c - shift); // what the sum rounded off (Knuth)
    return sum + (lost + productError(a, b, product));
  },
  lanes: 2,
};

/** What a product of doubles rounded off (Dekker), from halves of 26 bits. */
function productError(a: number, b: number, product: number): number {
  const splitter = 2 ** 27 + 1;
  const highA = splitter * a - (splitter * a - a);
  const highB = splitter * b - (splitter * b - b);
  const lowA = a - highA;
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}

/** float32 and float64 tensors, computed in their own dtype as torch does. */
export function resizeTorchvisionFloats<Data extends Floats>(
  image: Planes<Data>,
  { width, height }: { readonly width: number; readonly height: number },
  filter: ResizeFilter = 'bicubic',
): Planes<Data> {
  const { channels } = image;
  const arithmetic = image.data instanceof Float32Array ? SINGLE : DOUBLE;
  const empty = (n: number) => new (image.data.constructor as new (n: number) => Data)(n);
  let data = image.data.slice() as Data;
  if (width !== image.width) {
    const axis = floatWeights(image.width, width, filter, arithmetic);
    const out = empty(channels * image.height * width);
    for (let row = 0; row < channels * image.height; row++) {
      weigh(arithmetic, axis, data, row * image.width, out, row * width, 1);
    }
    data = out;
  }
  if (height !== image.height) {
    const axis = floatWeights(image.height, height, filter, arithmetic);
    const out = empty(channels * height * width);
    for (let c = 0; c < channels; c++) {
      const from = c * image.height * width;
      for (let x = 0; x < width; x++) {
        weigh(arithmetic, axis, data, from + x, out, c * height * width + x, width);
      }
    }
    data = out;
  }
  return { data, channels, height, width };
}

/**
 * One line of inputs, from `at`, to one of outputs, from `to`, both in steps of `step`. Whole groups of
 * products after the first are added unfused; only what is left over is fused.
 */
function weigh(
  { round, fused, lanes }: Arithmetic,
  { first, count, values, stride }: Axis,
  data: Floats,
  at: number,
  out: Floats,
  to: number,
  step: number,
): void {
  for (let i = 0; i < first.length; i++) {
    let from = at + first[i]! * step;
    let sum = round(data[from]! * values[i * stride]!);
    const unfused = count[i]! - ((count[i]! - 1) % lanes);
    for (let k = 1; k < count[i]!; k++) {
      from += step;
      const weight = values[i * stride + k]!;
      const sample = data[from]!;
      sum = k < unfused ? round(sum + round(sample * weight)) : fused(sample, weight, sum);
    }
    out[to + i * step] = sum;
  }
}

/** `axisWeights` with torch's order of operations; `+ 0.5` is a double there for float32, too. */
function floatWeights(input: number, output: number, filter: ResizeFilter, how: Arithmetic): Axis {
  const { round } = how;
  const scale = round(input / output);
  const support = scale >= 1 ? round(reach(filter) * scale) : reach(filter);
  const inverse = scale >= 1 ? round(1 / scale) : 1;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output);
  const count = new Int32Array(output);
  const values = new Float64Array(output * stride);
  for (let i = 0; i < output; i++) {
    const center = round(scale * (i + 0.5));
    const from = Math.max(0, Math.trunc(round(center - support) + 0.5));
    const to = Math.min(input, Math.trunc(round(center + support) + 0.5));
    const weights = values.subarray(i * stride, i * stride + to - from);
    let sum = 0;
    for (let j = 0; j < weights.length; j++) {
      const distance = round((round(j + from - center) + 0.5) * inverse);
      weights[j] = floatKernel(filter, Math.abs(distance), how);
      sum = round(sum + weights[j]!);
    }
    for (let j = 0; j < weights.length; j++) weights[j] = round(weights[j]! / sum);
    first[i] = from;
    count[i] = to - from;
  }
  return { first, count, values, stride };
}

function floatKernel(filter: ResizeFilter, d: number, { round, fused }: Arithmetic): number {
  if (filter === 'bilinear') return d < 1 ? round(1 - d) : 0;
  const a = -0.5;
  if (d < 1) return fused(round(fused(a + 2, d, -(a + 3)) * d), d, 1);
  return d < 2 ? fused(fused(fused(a, d, -5 * a), d, 8 * a), d, -4 * a) : 0;
}
