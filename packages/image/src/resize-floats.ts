/**
 * torchvision's `resize(..., antialias=True)` of float tensors. Nothing is cut off: results may leave the
 * input's range. float32 follows torch's compiled loops to the last bit (x86 with AVX2, where multiply-adds
 * are fused), but for results one pixel wide; float64 may differ from torch in the last bit, as fused doubles cannot be computed here.
 */

import type { Planes } from './resize-torchvision.ts';
import type { AxisWeights, ResizeFilter } from './resize-weights.ts';
import { axisWeights, reach } from './resize-weights.ts';

type Floats = Float32Array | Float64Array;
type Axis = AxisWeights<Float64Array>;

const f32 = Math.fround;

/** a * b + c, rounded once: two float32 multiply exactly in a double. */
function fused(a: number, b: number, c: number): number {
  return f32(a * b + c);
}

export function resizeTorchvisionFloats<Data extends Floats>(
  image: Planes<Data>,
  { width, height }: { readonly width: number; readonly height: number },
  filter: ResizeFilter = 'bicubic',
): Planes<Data> {
  const { channels } = image;
  const single = image.data instanceof Float32Array;
  const axisOf = single ? float32Weights : axisWeights;
  const weigh = single ? weighSingle : weighDouble;
  const empty = (n: number) => new (image.data.constructor as new (n: number) => Data)(n);
  let data = image.data.slice() as Data;
  if (width !== image.width) {
    const axis = axisOf(image.width, width, filter);
    const out = empty(channels * image.height * width);
    for (let row = 0; row < channels * image.height; row++) {
      weigh(axis, data, row * image.width, out, row * width, 1, 1);
    }
    data = out;
  }
  if (height !== image.height) {
    const axis = axisOf(image.height, height, filter);
    const out = empty(channels * height * width);
    for (let c = 0; c < channels; c++) {
      const from = c * image.height * width;
      for (let x = 0; x < width; x++) {
        weigh(axis, data, from + x, out, c * height * width + x, width, width);
      }
    }
    data = out;
  }
  return { data, channels, height, width };
}

/** One line: from `at` in steps of `inStep`, to `to` in steps of `outStep`. */
type Weigh = (
  axis: Axis,
  data: Floats,
  at: number,
  out: Floats,
  to: number,
  inStep: number,
  outStep: number,
) => void;

const weighDouble: Weigh = (axis, data, at, out, to, inStep, outStep) => {
  const { first, count, values, stride } = axis;
  for (let i = 0; i < first.length; i++) {
    let from = at + first[i]! * inStep;
    let sum = 0;
    for (let k = 0; k < count[i]!; k++, from += inStep)
      sum += data[from]! * values[i * stride + k]!;
    out[to + i * outStep] = sum;
  }
};

/** The compiler takes the products after the first in fours, unfused, and fuses only what is left over. */
const weighSingle: Weigh = (axis, data, at, out, to, inStep, outStep) => {
  const { first, count, values, stride } = axis;
  for (let i = 0; i < first.length; i++) {
    let from = at + first[i]! * inStep;
    let sum = f32(data[from]! * values[i * stride]!);
    const unfused = 1 + ((count[i]! - 1) & ~3);
    for (let k = 1; k < count[i]!; k++) {
      from += inStep;
      const weight = values[i * stride + k]!;
      sum = k < unfused ? f32(sum + f32(data[from]! * weight)) : fused(data[from]!, weight, sum);
    }
    out[to + i * outStep] = sum;
  }
};

/** `axisWeights` in float32, with torch's order of operations; `+ 0.5` is a double there, too. */
function float32Weights(input: number, output: number, filter: ResizeFilter): Axis {
  const scale = f32(input / output);
  const support = scale >= 1 ? f32(reach(filter) * scale) : reach(filter);
  const inverse = scale >= 1 ? f32(1 / scale) : 1;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output);
  const count = new Int32Array(output);
  const values = new Float64Array(output * stride);
  for (let i = 0; i < output; i++) {
    const center = f32(scale * (i + 0.5));
    const from = Math.max(0, Math.trunc(f32(center - support) + 0.5));
    const to = Math.min(input, Math.trunc(f32(center + support) + 0.5));
    const weights = values.subarray(i * stride, i * stride + to - from);
    let sum = 0;
    for (let j = 0; j < weights.length; j++) {
      const distance = f32((f32(j + from - center) + 0.5) * inverse);
      weights[j] = float32Kernel(filter, Math.abs(distance));
      sum = f32(sum + weights[j]!);
    }
    for (let j = 0; j < weights.length; j++) weights[j] = f32(weights[j]! / sum);
    first[i] = from;
    count[i] = to - from;
  }
  return { first, count, values, stride };
}

function float32Kernel(filter: ResizeFilter, d: number): number {
  if (filter === 'bilinear') return d < 1 ? f32(1 - d) : 0;
  const a = -0.5;
  if (d < 1) return fused(f32(fused(a + 2, d, -(a + 3)) * d), d, 1);
  return d < 2 ? fused(fused(fused(a, d, -5 * a), d, 8 * a), d, -4 * a) : 0;
}
