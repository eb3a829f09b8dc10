// The steps of a processor that resizes with Pillow, as HF's image_transforms do them with NumPy, to the last bit.
// Which of them are taken, and with which numbers, is the business of the processors' classes.
import { convertRgb } from '../convert.ts';
import type { PixelKernels } from '../pixel-kernels.ts';
import { isRawImage, type RawImage } from '../raw-image.ts';
import type { PillowOrder } from '../resize/pillow.ts';
import {
  type ArrayImage,
  cropped,
  dtypeOf,
  firstToLast,
  isFloat,
  lastToFirst,
  stacked,
  toArray,
  type TypedImage,
} from './array-image.ts';
import { inferChannelFormat, pythonTuple } from './images.ts';
import {
  type BatchFeature,
  type Behaviour,
  consoleWarn,
  filterOf,
  type PerChannel,
  type PreprocessOptions,
} from './options.ts';
import { resizeArray } from './pillow-resize.ts';

export interface SlowBehaviour extends Behaviour {
  /** Which Pillow to resize as. */
  readonly pillow?: PillowOrder;
}

/** HF's options of one call, all resolved. */
export interface PillowSteps {
  readonly do_convert_rgb: boolean | null;
  readonly do_resize: boolean | null;
  /** The height and width of a picture after the resize. */
  readonly resizedTo: (from: PixelSize) => PixelSize;
  readonly resample: number | null;
  /** What is cut out of the middle, or null for all of it. */
  readonly crop: PixelSize | null;
  readonly do_rescale: boolean | null;
  readonly rescale_factor: number | null;
  readonly do_normalize: boolean | null;
  readonly image_mean: PerChannel;
  readonly image_std: PerChannel;
}

export interface PixelSize {
  readonly height: number;
  readonly width: number;
}

/** How a processor of Pillow's kind works, whatever its numbers are. */
export interface How {
  readonly order: PillowOrder;
  readonly kernels: PixelKernels | undefined;
  readonly warn: (message: string) => void;
  /** What was said and need not be said again. */
  readonly said: Set<string>;
}

export function howTo({ pillow = 'pillow-13', kernels, warn = consoleWarn }: SlowBehaviour): How {
  return { order: pillow, kernels, warn, said: new Set() };
}

const ALREADY_RESCALED =
  'It looks like you are trying to rescale already rescaled images. If the input images have pixel ' +
  'values between 0 and 1, set `do_rescale=False` to avoid rescaling them again.';

/** `preprocess` from the flat list of pictures on: each step for all pictures, in HF's order. */
export function pillowPixels(
  images: readonly (RawImage | ArrayImage)[],
  o: PillowSteps,
  options: PreprocessOptions,
  how: How,
): BatchFeature {
  const rgb = images.map((i) => (o.do_convert_rgb && isRawImage(i) ? convertRgb(i) : i));
  let arrays = rgb.map((i): TypedImage =>
    isRawImage(i) ? toArray(i) : { ...i, dtype: dtypeOf(i) },
  );
  const first = arrays[0]!;
  if (o.do_rescale && isScaled(first) && !how.said.has(ALREADY_RESCALED)) {
    how.said.add(ALREADY_RESCALED);
    how.warn(ALREADY_RESCALED);
  }
  const format =
    options.input_data_format ??
    inferChannelFormat(first.shape, how.warn, pythonTuple(first.shape));

  if (o.do_resize) {
    const filtered = { filter: filterOf(o.resample!), ...how };
    arrays = arrays.map((image) =>
      resizeArray(image, o.resizedTo(sizeOf(image, format)), format, filtered),
    );
  }
  if (o.crop) arrays = arrays.map((image) => centerCrop(image, o.crop!, format));
  if (o.do_rescale) arrays = arrays.map((image) => rescale(image, o.rescale_factor!));
  if (o.do_normalize) {
    arrays = arrays.map((image) => normalize(image, o.image_mean, o.image_std, format));
  }
  const target = options.data_format === undefined ? 'channels_first' : options.data_format;
  arrays = arrays.map((image) => inFormat(image, format, target));
  return { pixel_values: batched(arrays, options.return_tensors) };
}

const sizeOf = ({ shape }: TypedImage, format: string): PixelSize =>
  format === 'channels_first'
    ? { height: shape[1]!, width: shape[2]! }
    : { height: shape[0]!, width: shape[1]! };

/** HF's `center_crop`: what lies outside the picture is 0. */
function centerCrop(image: TypedImage, to: PixelSize, format: string): TypedImage {
  const from = sizeOf(image, format);
  const top = Math.floor((from.height - to.height) / 2);
  const left = Math.floor((from.width - to.width) / 2);
  const first = inFormat(image, format, 'channels_first');
  return inFormat(cropped(first, to, top, left), 'channels_first', format);
}

/** Whether all values lie in 0..1, which bytes are never taken to do. */
function isScaled({ data, dtype }: TypedImage): boolean {
  if (dtype === 'uint8') return false;
  for (let i = 0; i < data.length; i++) if (!(data[i]! >= 0 && data[i]! <= 1)) return false;
  return true;
}

/** In float64, then rounded to float32. */
function rescale({ data, shape }: TypedImage, factor: number): TypedImage {
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = data[i]! * factor;
  return { data: out, shape, dtype: 'float32' };
}

/** (value - mean) / std, each step in the image's float type; integers become float32. */
function normalize(
  image: TypedImage,
  mean: PerChannel,
  std: PerChannel,
  format: string,
): TypedImage {
  const { shape } = image;
  if (format !== 'channels_first' && format !== 'channels_last') {
    throw new RangeError(`Unsupported data format: ${format}`);
  }
  const channels = shape.at(format === 'channels_first' ? -3 : -1)!;
  const dtype = isFloat(image.dtype) ? image.dtype : 'float32';
  const data = dtype === 'float64' ? new Float64Array(image.data) : new Float32Array(image.data);
  const double = dtype === 'float64';
  const round = (x: number) => (double ? x : Math.fround(x));
  const means = perChannel(mean, channels, 'mean').map(round);
  const stds = perChannel(std, channels, 'std').map(round);
  // Channels first, a channel is one run of neighbours; last, it is every so many values.
  const last = format === 'channels_last';
  const run = shape.at(-2)! * shape.at(-1)!;
  for (const [c, m] of means.entries()) {
    const s = stds[c]!;
    const end = last ? data.length : (c + 1) * run;
    for (let i = last ? c : c * run; i < end; i += last ? channels : 1) {
      const distance = data[i]! - m;
      data[i] = (double ? distance : Math.fround(distance)) / s;
    }
  }
  return { data, shape, dtype };
}

function perChannel(values: PerChannel, channels: number, name: string): number[] {
  if (typeof values === 'number') return new Array<number>(channels).fill(values);
  if (values.length === channels) return [...values];
  throw new RangeError(
    `${name} must have ${channels} elements if it is an iterable, got ${values.length}`,
  );
}

function inFormat(image: TypedImage, from: string, to: string | null): TypedImage {
  if (to !== 'channels_first' && to !== 'channels_last') {
    throw new RangeError(
      `${to ?? 'None'} is not a valid ChannelDimension, please select one of ` +
        "['channels_first', 'channels_last']",
    );
  }
  if (from === to) return image;
  return to === 'channels_first' ? lastToFirst(image) : firstToLast(image);
}

function batched(images: TypedImage[], kind: PreprocessOptions['return_tensors']) {
  if (kind === undefined || kind === null) return images;
  if (kind !== true && kind !== 'np' && kind !== 'pt') {
    throw new RangeError(`return_tensors: "${kind}" is not supported, only "np", "pt" and true`);
  }
  if (images.some(({ shape }) => shape.join() !== images[0]!.shape.join())) {
    throw new RangeError(
      "Unable to create tensor, you should probably activate padding with 'padding=True' " +
        'to have batched tensors with the same length.',
    );
  }
  return stacked(images);
}
