// The fast processor's steps on one [C, H, W] tensor, in torch's arithmetic.
import type { PixelKernels } from '../pixel-kernels.ts';
import { type Planes, resizeTorchvisionBytes } from '../resize/torchvision-bytes.ts';
import { resizeTorchvisionFloats } from '../resize/torchvision-floats.ts';
import type { ResizeFilter } from '../resize/weights.ts';
import { cropped, isFloat, type Samples, type TypedImage } from './array-image.ts';
import { expectSize, type PerChannel, type SizeDict } from './options.ts';

const f32 = Math.fround;

type Size = { readonly height: number; readonly width: number };

function dimensions({ shape }: TypedImage) {
  const [channels, height, width] = shape as [number, number, number];
  return { channels, height, width };
}

/** torchvision's `F.resize`: bytes as bytes, floats as floats, other types by way of float32. */
export function resizeTensor(
  image: TypedImage,
  size: SizeDict,
  filter: ResizeFilter | 'nearest',
  kernels?: PixelKernels,
): TypedImage {
  const from = dimensions(image);
  const to = outputSize(from, size);
  expectSize(to);
  if (to.height === from.height && to.width === from.width) return image;
  const shape = [from.channels, to.height, to.width];
  const { data, dtype } = image;
  if (filter === 'nearest') return { data: nearest(image, from, to), shape, dtype };
  if (dtype === 'uint8') {
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
    const planes: Planes<Uint8Array> = { ...from, data: bytes };
    return { data: resizeTorchvisionBytes(planes, to, filter, kernels).data, shape, dtype };
  }
  const floats = data instanceof Float64Array ? data : new Float32Array(data);
  const resized = resizeTorchvisionFloats({ ...from, data: floats }, to, filter).data;
  if (isFloat(dtype)) return { data: resized, shape, dtype };
  // Signed integers are rounded; other types are cut off, a quirk of torchvision's list of types.
  const whole = /^int/.test(dtype) ? roundHalfEven : Math.trunc;
  const cast = dtype === 'bool' ? (x: number) => (x === 0 ? 0 : 1) : whole;
  const out = new (data.constructor as new (n: number) => Samples)(resized.length);
  for (let i = 0; i < out.length; i++) out[i] = cast(resized[i]!);
  return { data: out, shape, dtype };
}

/** torch's `interpolate(mode='nearest')`, whose scale is a float32: samples are taken, not weighed. */
function nearest({ data }: TypedImage, from: Size & { channels: number }, to: Size): Samples {
  const place = (i: number, input: number, output: number) =>
    Math.min(input - 1, Math.floor(f32(i * f32(input / output))));
  const { channels, height, width } = from;
  const out = new (data.constructor as new (n: number) => Samples)(channels * to.height * to.width);
  for (let i = 0; i < out.length; i++) {
    const x = place(i % to.width, width, to.width);
    const y = place(Math.floor(i / to.width) % to.height, height, to.height);
    out[i] = data[(Math.floor(i / to.width / to.height) * height + y) * width + x]!;
  }
  return out;
}

/** Python's `round`: halves go to the even neighbour. */
function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The size that each form of size dictionary asks for. Zeros count as missing, as in Python. */
function outputSize({ height, width }: Size, size: SizeDict): Size {
  const { shortest_edge: shortest, longest_edge: longest, max_height, max_width } = size;
  if (shortest && longest) return withinEdges({ height, width }, shortest, longest);
  if (shortest) {
    const long = Math.trunc((shortest * Math.max(width, height)) / Math.min(width, height));
    return width <= height ? { height: long, width: shortest } : { height: shortest, width: long };
  }
  if (max_height && max_width) {
    const scale = Math.min(max_height / height, max_width / width);
    return { height: Math.trunc(height * scale), width: Math.trunc(width * scale) };
  }
  if (size.height && size.width) return { height: size.height, width: size.width };
  const keys = [
    'height',
    'width',
    'longest_edge',
    'shortest_edge',
    'max_height',
    'max_width',
  ] as const;
  const shown = keys.map((key) => `${key}=${size[key] ?? 'None'}`).join(', ');
  throw new RangeError(
    "Size must contain 'height' and 'width' keys, or 'max_height' and 'max_width', " +
      `or 'shortest_edge' key. Got SizeDict(${shown}).`,
  );
}

/** HF's `get_size_with_aspect_ratio`: the short edge as asked, unless the long one gets too long. */
function withinEdges({ height, width }: Size, shortest: number, longest: number): Size {
  const low = Math.min(height, width);
  const high = Math.max(height, width);
  const tooLong = (high / low) * shortest > longest;
  const raw = tooLong ? (longest * low) / high : shortest;
  const short = tooLong ? roundHalfEven(raw) : shortest;
  if (low === short) return { height, width };
  if (width < height) return { height: Math.trunc((raw * height) / width), width: short };
  return { height: short, width: Math.trunc((raw * width) / height) };
}

/** torchvision's `center_crop`: pads with zeros where the picture is smaller. */
export function centerCrop(image: TypedImage, { height, width }: SizeDict): TypedImage {
  if (height === undefined || width === undefined) {
    throw new RangeError("The size dictionary must have keys 'height' and 'width'.");
  }
  const from = dimensions(image);
  const top = cropStart(from.height, height);
  const left = cropStart(from.width, width);
  return cropped(image, { height, width }, top, left);
}

/** Where the crop begins; negative if the picture has to be padded. */
function cropStart(have: number, want: number): number {
  return want > have ? -Math.floor((want - have) / 2) : roundHalfEven((have - want) / 2);
}

/** `torch.tensor(mean) * (1 / factor)` in float32: mean and std for values that were not rescaled. */
export function scaledMean(mean: PerChannel, factor: number): PerChannel {
  const scale = f32(1 / factor);
  return typeof mean === 'number' ? f32(f32(mean) * scale) : mean.map((m) => f32(f32(m) * scale));
}

/** (value - mean) / std in float32, mean and std as `scaledMean` gives them. */
export function rescaleAndNormalize(
  image: TypedImage,
  mean: PerChannel,
  std: PerChannel,
): TypedImage {
  const floats: TypedImage = {
    data: new Float32Array(image.data),
    shape: image.shape,
    dtype: 'float32',
  };
  return broadcastNormalize(floats, mean, std);
}

/** torchvision's `F.normalize`, for float tensors only. */
export function normalizeTensor(image: TypedImage, mean: PerChannel, std: PerChannel): TypedImage {
  if (!isFloat(image.dtype)) {
    throw new TypeError(`Input tensor should be a float tensor. Got torch.${image.dtype}.`);
  }
  if ([std].flat().includes(0))
    throw new RangeError('std evaluated to zero, leading to division by zero.');
  return broadcastNormalize(image, mean, std);
}

/** One channel and several means give several channels, by broadcasting: so gray pictures become RGB. */
function broadcastNormalize(image: TypedImage, mean: PerChannel, std: PerChannel): TypedImage {
  const { channels, height, width } = dimensions(image);
  const double = image.dtype === 'float64';
  const round = (x: number) => (double ? x : f32(x));
  const means = [mean].flat().map(round);
  const stds = [std].flat().map(round);
  const out = [means.length, stds.length].reduce(broadcast, channels);
  const size = height * width;
  const data = new (image.data.constructor as new (n: number) => Samples)(out * size);
  for (let c = 0; c < out; c++) {
    const from = (channels === 1 ? 0 : c) * size;
    const m = means[means.length === 1 ? 0 : c]!;
    const s = stds[stds.length === 1 ? 0 : c]!;
    for (let i = 0; i < size; i++) {
      const distance = image.data[from + i]! - m;
      data[c * size + i] = (double ? distance : f32(distance)) / s;
    }
  }
  return { data, shape: [out, height, width], dtype: image.dtype };
}

function broadcast(a: number, b: number): number {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  throw new RangeError(
    `The size of tensor a (${a}) must match the size of tensor b (${b}) at non-singleton dimension 1`,
  );
}

/** `tensor * factor`: in float32, or float64 for a float64 tensor. */
export function timesFactor({ data, shape, dtype }: TypedImage, factor: number): TypedImage {
  const double = dtype === 'float64';
  const scale = double ? factor : f32(factor);
  const out = double ? new Float64Array(data) : new Float32Array(data);
  for (let i = 0; i < out.length; i++) out[i]! *= scale;
  return { data: out, shape, dtype: double ? dtype : 'float32' };
}
