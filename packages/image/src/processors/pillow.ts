// SiglipImageProcessor of transformers 4.49: Pillow's resize, NumPy's arithmetic, to the last bit.
// Each step below is one of `preprocess`, in its order; none happens here that HF does not do.
import { convertRgb } from '../convert.ts';
import type { PixelKernels } from '../pixel-kernels.ts';
import { isRawImage } from '../raw-image.ts';
import type { PillowOrder } from '../resize/pillow.ts';
import {
  dtypeOf,
  firstToLast,
  isFloat,
  lastToFirst,
  type ProcessorImages,
  stacked,
  toArray,
  type TypedImage,
} from './array-image.ts';
import { flatListOfImages, inferChannelFormat, pythonTuple } from './images.ts';
import {
  type AsTensors,
  type BatchFeature,
  type Behaviour,
  consoleWarn,
  expectArguments,
  filterOf,
  keptKeys,
  overridden,
  type PerChannel,
  type PreprocessOptions,
  type ProcessorOptions,
  sizeDict,
  toJsonString,
} from './options.ts';
import { resizeArray } from './pillow-resize.ts';

/** HF's fields, and any other key, which is kept. */
export type SiglipImageProcessorConfig = ProcessorOptions & Readonly<Record<string, unknown>>;

export interface SlowBehaviour extends Behaviour {
  /** Which Pillow to resize as. */
  readonly pillow?: PillowOrder;
}

const FIELDS = [
  'do_resize',
  'size',
  'resample',
  'do_rescale',
  'rescale_factor',
  'do_normalize',
  'image_mean',
  'image_std',
  'do_convert_rgb',
] as const;

const CALL_KEYS: readonly string[] = [
  ...FIELDS,
  'return_tensors',
  'data_format',
  'input_data_format',
];

const ALREADY_RESCALED =
  'It looks like you are trying to rescale already rescaled images. If the input images have pixel ' +
  'values between 0 and 1, set `do_rescale=False` to avoid rescaling them again.';

/** Pictures to pixel_values with Pillow's resize. Source: transformers.SiglipImageProcessor. */
export class SiglipImageProcessor {
  /** What a model's inputs are called that this makes. */
  readonly model_input_names: readonly string[] = ['pixel_values'];
  /** Whether to resize to `size`. Default true. */
  do_resize: boolean | null;
  /** Default 224 by 224. */
  size: NonNullable<ProcessorOptions['size']>;
  /** `PIL.Image.Resampling`. Default 3, bicubic. */
  resample: number | null;
  /** Whether to multiply by `rescale_factor`. Default true. */
  do_rescale: boolean | null;
  /** Default 1/255: bytes to 0 … 1. */
  rescale_factor: number | null;
  /** Whether to subtract `image_mean` and divide by `image_std`. Default true. */
  do_normalize: boolean | null;
  /** After rescaling. Default 0.5 for each channel. */
  image_mean: PerChannel;
  /** After rescaling. Default 0.5 for each channel. */
  image_std: PerChannel;
  /** Whether pictures are made RGB first. Default null, as HF. */
  do_convert_rgb: boolean | null;
  private readonly kept: Record<string, unknown>;
  private readonly warn: (message: string) => void;
  private readonly pillow: PillowOrder;
  private readonly kernels: PixelKernels | undefined;
  private readonly said = new Set<string>();

  constructor(config: SiglipImageProcessorConfig = {}, behaviour: SlowBehaviour = {}) {
    const { do_resize = true, resample = 3, do_rescale = true, rescale_factor = 1 / 255 } = config;
    this.do_resize = do_resize;
    this.size = config.size ?? { height: 224, width: 224 };
    this.resample = resample;
    this.do_rescale = do_rescale;
    this.rescale_factor = rescale_factor;
    this.do_normalize = config.do_normalize === undefined ? true : config.do_normalize;
    this.image_mean = config.image_mean ?? [0.5, 0.5, 0.5];
    this.image_std = config.image_std ?? [0.5, 0.5, 0.5];
    this.do_convert_rgb = config.do_convert_rgb ?? null;
    this.kept = keptKeys(config, FIELDS);
    this.warn = behaviour.warn ?? consoleWarn;
    this.pillow = behaviour.pillow ?? 'pillow-13';
    this.kernels = behaviour.kernels;
  }

  /** A processor from preprocessor_config.json, of either processor's type. */
  static from_dict(
    dict: SiglipImageProcessorConfig,
    overrides: SiglipImageProcessorConfig = {},
    behaviour: SlowBehaviour = {},
  ): SiglipImageProcessor {
    return new this(overridden(dict, overrides, FIELDS), behaviour);
  }

  /** The fields as HF's to_dict gives them, those that were kept included. */
  to_dict(): Record<string, unknown> {
    const fields = FIELDS.map((key) => [key, copied(this[key])]);
    return {
      ...this.kept,
      ...Object.fromEntries(fields),
      image_processor_type: 'SiglipImageProcessor',
    };
  }

  /** preprocessor_config.json as HF writes it. */
  to_json_string(): string {
    return toJsonString(this.to_dict());
  }

  /** HF's `__call__`. */
  call(images: ProcessorImages, options: AsTensors): BatchFeature<TypedImage>;
  call(images: ProcessorImages, options?: PreprocessOptions): BatchFeature;
  call(images: ProcessorImages, options: PreprocessOptions = {}): BatchFeature {
    return this.preprocess(images, options);
  }

  /**
   * @param images pictures of values 0..255; arrays may have their channels first or last, all the same way
   * @returns float32 pixel_values, [B, C, H, W] with `return_tensors`, else a list of [C, H, W]
   * @throws TypeError or RangeError with HF's message
   */
  preprocess(images: ProcessorImages, options: AsTensors): BatchFeature<TypedImage>;
  preprocess(images: ProcessorImages, options?: PreprocessOptions): BatchFeature;
  preprocess(images: ProcessorImages, options: PreprocessOptions = {}): BatchFeature {
    this.warnOfUnknown(options);
    const o = this.resolved(options);
    const size = sizeDict(o.size, false);
    const flat = flatListOfImages(images);
    expectArguments({ ...o, size });
    const rgb = flat.map((i) => (o.do_convert_rgb && isRawImage(i) ? convertRgb(i) : i));
    let arrays = rgb.map((i): TypedImage =>
      isRawImage(i) ? toArray(i) : { ...i, dtype: dtypeOf(i) },
    );
    const first = arrays[0]!;
    if (o.do_rescale && isScaled(first)) this.warnOnce(ALREADY_RESCALED);
    const format =
      options.input_data_format ??
      inferChannelFormat(first.shape, this.warn, pythonTuple(first.shape));

    if (o.do_resize) {
      const { height, width } = size;
      if (height === undefined || width === undefined)
        throw new RangeError(
          `KeyError: 'height'; size ${JSON.stringify(size)}, expected {"height", "width"} in preprocessor_config.json or in the call`,
        );
      const { pillow: order, kernels } = this;
      const how = { filter: filterOf(o.resample!), order, kernels };
      arrays = arrays.map((image) => resizeArray(image, { height, width }, format, how));
    }
    if (o.do_rescale) arrays = arrays.map((image) => rescale(image, o.rescale_factor!));
    if (o.do_normalize) {
      arrays = arrays.map((image) => normalize(image, o.image_mean, o.image_std, format));
    }
    const target = options.data_format === undefined ? 'channels_first' : options.data_format;
    arrays = arrays.map((image) => inFormat(image, format, target));
    return { pixel_values: batched(arrays, options.return_tensors) };
  }

  /** Unlike the fast processor, this one takes None for "not given". */
  private resolved(options: PreprocessOptions) {
    return {
      do_resize: options.do_resize ?? this.do_resize,
      size: options.size ?? this.size,
      resample: options.resample ?? this.resample,
      do_rescale: options.do_rescale ?? this.do_rescale,
      rescale_factor: options.rescale_factor ?? this.rescale_factor,
      do_normalize: options.do_normalize ?? this.do_normalize,
      image_mean: options.image_mean ?? this.image_mean,
      image_std: options.image_std ?? this.image_std,
      do_convert_rgb: options.do_convert_rgb ?? this.do_convert_rgb,
    };
  }

  private warnOfUnknown(options: PreprocessOptions): void {
    const unknown = Object.keys(options).filter((key) => !CALL_KEYS.includes(key));
    if (unknown.length === 0) return;
    this.warn(
      'The following named arguments are not valid for `SiglipImageProcessor.preprocess`' +
        ` and were ignored: ${unknown.map((key) => `'${key}'`).join(', ')}`,
    );
  }

  private warnOnce(message: string): void {
    if (this.said.has(message)) return;
    this.said.add(message);
    this.warn(message);
  }
}

/** Settings are plain JSON. */
function copied<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
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
