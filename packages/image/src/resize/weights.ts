// Which input samples make an output sample, and with what weights: the antialiased filters that Pillow and
// torchvision share. When shrinking, the filter is stretched so that every input sample counts.
/** `bicubic` is Keys' filter with a = -0.5 (torch's position embeddings use -0.75: another thing). */
export type ResizeFilter = 'bilinear' | 'bicubic' | 'box' | 'hamming' | 'lanczos';

/** For output i: inputs first[i] ... first[i] + count[i] - 1, weights from i * stride. */
export interface AxisWeights<Values> {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly values: Values;
  readonly stride: number;
}

/** The filter at a distance from its centre, in (stretched) input samples. */
function kernel(filter: ResizeFilter, distance: number): number {
  const d = Math.abs(distance);
  if (filter === 'bilinear') return d < 1 ? 1 - d : 0;
  if (filter === 'box') return distance > -0.5 && distance <= 0.5 ? 1 : 0;
  if (filter === 'hamming') return d < 1 ? sinc(d) * (0.54 + 0.46 * Math.cos(d * Math.PI)) : 0;
  if (filter === 'lanczos') return distance >= -3 && distance < 3 ? sinc(d) * sinc(d / 3) : 0;
  const a = -0.5;
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** An engine's Math.sin may differ in the last bit, of which weights keep the first 22. */
const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const REACH = { box: 0.5, bilinear: 1, hamming: 1, bicubic: 2, lanczos: 3 };

/** How far a filter reaches to either side. */
export const reach = (filter: ResizeFilter): number => REACH[filter];

/** The weights of one axis, in doubles; each output's add up to 1. */
export function axisWeights(
  input: number,
  output: number,
  filter: ResizeFilter,
): AxisWeights<Float64Array> {
  const scale = input / output;
  const stretch = Math.max(scale, 1);
  const support = reach(filter) * stretch;
  const inverse = 1 / stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output);
  const count = new Int32Array(output);
  const values = new Float64Array(output * stride);
  for (let i = 0; i < output; i++) {
    const center = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(input, Math.trunc(center + support + 0.5));
    const weights = values.subarray(i * stride, i * stride + to - from);
    let sum = 0;
    for (let j = 0; j < weights.length; j++) {
      sum += weights[j] = kernel(filter, (j + from - center + 0.5) * inverse);
    }
    if (sum !== 0) for (let j = 0; j < weights.length; j++) weights[j]! /= sum;
    first[i] = from;
    count[i] = to - from;
  }
  return { first, count, values, stride };
}

/** Weights as integers: w * 2^bits, rounded half away from zero. */
export function quantized(axis: AxisWeights<Float64Array>, bits: number): AxisWeights<Int32Array> {
  const values = new Int32Array(axis.values.length);
  for (let i = 0; i < values.length; i++) {
    const weight = axis.values[i]!;
    values[i] = Math.trunc(weight * 2 ** bits + (weight < 0 ? -0.5 : 0.5));
  }
  return { ...axis, values };
}
