// SiglipImageProcessorFast of transformers 4.49: torchvision's resize and float32 arithmetic as torch does it,
// to the last bit (on x86 with AVX2). "Fast" is HF's name; here it is about as fast as the other.
import { convertRgb } from '../convert.ts';
import type { PixelKernels } from '../pixel-kernels.ts';
import { isRawImage, type RawImage } from '../raw-image.ts';
import {
  type ArrayImage,
  dtypeOf,
  lastToFirst,
  type ProcessorImages,
  stacked,
  toArray,
  type TypedImage,
} from './array-image.ts';
import { flatListOfImages, inferChannelFormat } from './images.ts';
import {
  type AsTensors,
  type BatchFeature,
  type Behaviour,
  consoleWarn,
  expectArguments,
  filterOf,
  keptKeys,
  overridden,
  type PreprocessOptions,
  type ProcessorOptions,
  RESULT_KEYS,
  type SizeDict,
  sizeDict,
  toJsonString,
} from './options.ts';
import {
  centerCrop,
  normalizeTensor,
  rescaleAndNormalize,
  resizeTensor,
  scaledMean,
  timesFactor,
} from './torchvision-steps.ts';
/** HF's options of SiglipImageProcessorFast. null is Python's None; undefined is "not given". */

export interface FastOptions extends ProcessorOptions {
  /** Whether a `size` of one number is both sides, not the shorter one. Default false. */
  readonly default_to_square?: boolean | null;
  /** Whether to cut `crop_size` out of the middle. Default: no. */
  readonly do_center_crop?: boolean | null;
  /** Default: none, so do_center_crop needs one. */
  readonly crop_size?: ProcessorOptions['size'];
}

/** What preprocessor_config.json holds: the options, and keys that are kept and written again. */
export type SiglipImageProcessorFastConfig = FastOptions & Readonly<Record<string, unknown>>;

/** Class attributes of SiglipImageProcessorFast. */
const DEFAULTS = {
  do_resize: true,
  size: { height: 224, width: 224 },
  default_to_square: false,
  resample: 3,
  do_center_crop: null,
  crop_size: null,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
  do_convert_rgb: null,
} satisfies FastOptions;

type Fields = { [Key in keyof typeof DEFAULTS]: Exclude<FastOptions[Key], undefined> };

const FIELDS = Object.keys(DEFAULTS) as (keyof Fields)[];
const CALL_KEYS: readonly string[] = [...FIELDS, ...RESULT_KEYS, 'device'];

/** Pictures to pixel_values with torchvision's resize. Source: transformers.SiglipImageProcessorFast. */
export class SiglipImageProcessorFast {
  /** What a model's inputs are called that this makes. */
  readonly model_input_names: readonly string[] = ['pixel_values'];
  /** Whether to resize to `size`. Default true. */
  do_resize: boolean | null;
  /** Default 224 by 224. */
  size: Fields['size'];
  /** Whether a `size` of one number is both sides, not the shorter one. Default false. */
  default_to_square: boolean | null;
  /** `PIL.Image.Resampling`. Default 3, bicubic. */
  resample: number | null;
  /** Whether to cut `crop_size` out of the middle. Default: no. */
  do_center_crop: boolean | null;
  /** In pixels. Default: none. */
  crop_size: Fields['crop_size'];
  /** Whether to multiply by `rescale_factor`. Default true. */
  do_rescale: boolean | null;
  /** Default 1/255: bytes to 0 … 1. */
  rescale_factor: number | null;
  /** Whether to subtract `image_mean` and divide by `image_std`. Default true. */
  do_normalize: boolean | null;
  /** After rescaling. Default 0.5 for each channel. */
  image_mean: Fields['image_mean'];
  /** After rescaling. Default 0.5 for each channel. */
  image_std: Fields['image_std'];
  /** Whether pictures are made RGB first. Default null, as HF. */
  do_convert_rgb: boolean | null;
  private readonly kept: Record<string, unknown>;
  private readonly warn: (message: string) => void;
  private readonly kernels: PixelKernels | undefined;

  constructor(config: SiglipImageProcessorFastConfig = {}, behaviour: Behaviour = {}) {
    const given = Object.entries(config).filter(([, value]) => value !== undefined);
    const fields: Fields = { ...DEFAULTS, ...Object.fromEntries(given) };
    this.do_resize = fields.do_resize;
    this.size = dictOrNull(fields.size, fields.default_to_square ?? false, 'size');
    this.default_to_square = fields.default_to_square;
    this.resample = fields.resample;
    this.do_center_crop = fields.do_center_crop;
    this.crop_size = dictOrNull(fields.crop_size, true, 'crop_size');
    this.do_rescale = fields.do_rescale;
    this.rescale_factor = fields.rescale_factor;
    this.do_normalize = fields.do_normalize;
    this.image_mean = fields.image_mean;
    this.image_std = fields.image_std;
    this.do_convert_rgb = fields.do_convert_rgb;
    this.kept = keptKeys(config, FIELDS);
    this.warn = behaviour.warn ?? consoleWarn;
    this.kernels = behaviour.kernels;
  }

  /** A processor from preprocessor_config.json, of either processor's type. */
  static from_dict(
    dict: SiglipImageProcessorFastConfig,
    overrides: SiglipImageProcessorFastConfig = {},
    behaviour: Behaviour = {},
  ): SiglipImageProcessorFast {
    return new this(overridden(dict, overrides, FIELDS), behaviour);
  }

  /** The fields as HF's to_dict gives them, those that were kept included. */
  to_dict(): Record<string, unknown> {
    const fields = FIELDS.map((key) => [key, JSON.parse(JSON.stringify(this[key])) as unknown]);
    return {
      ...this.kept,
      ...Object.fromEntries(fields),
      image_processor_type: 'SiglipImageProcessorFast',
    };
  }

  /** preprocessor_config.json as HF writes it. */
  to_json_string(): string {
    return toJsonString(this.to_dict());
  }

  /** HF's `__call__`. */
  call(images: ProcessorImages, options: AsTensors & FastOptions): BatchFeature<TypedImage>;
  call(images: ProcessorImages, options?: PreprocessOptions & FastOptions): BatchFeature;
  call(images: ProcessorImages, options: PreprocessOptions & FastOptions = {}): BatchFeature {
    return this.preprocess(images, options);
  }

  /**
   * @param images pictures of values 0..255; arrays may have their channels first or last, each its own way
   * @returns float32 pixel_values, [B, C, H, W] with `return_tensors`, else a list of [C, H, W]
   * @throws TypeError or RangeError with HF's message
   */
  preprocess(images: ProcessorImages, options: AsTensors & FastOptions): BatchFeature<TypedImage>;
  preprocess(images: ProcessorImages, options?: PreprocessOptions & FastOptions): BatchFeature;
  preprocess(images: ProcessorImages, options: PreprocessOptions & FastOptions = {}): BatchFeature {
    const o = this.resolved(options);
    const tensors = flatListOfImages(images).map((image) =>
      this.toTensor(image, o.do_convert_rgb, options),
    );
    const size = dictOrNull(o.size, o.default_to_square ?? false, 'size');
    const crop_size = dictOrNull(o.crop_size, true, 'crop_size');
    const arranged = { ...o, size, crop_size };
    validateFast(arranged, options);
    refuseUnknown(options);

    expectStackable(tensors, true);
    const resized = tensors.map((tensor) =>
      o.do_resize ? resizeTensor(tensor, size!, tensorFilter(o.resample!), this.kernels) : tensor,
    );
    expectStackable(resized, true);
    const processed = resized.map((tensor) => finish(tensor, arranged));
    if (!options.return_tensors) return { pixel_values: processed };
    expectStackable(processed, false);
    return { pixel_values: stacked(processed) };
  }

  /** Here None is a value: `do_resize: null` means no. */
  private resolved(options: PreprocessOptions & FastOptions): Fields {
    const unknown = Object.keys(options).filter((key) => !CALL_KEYS.includes(key));
    if (unknown.length > 0) this.warn(`Unused or unrecognized kwargs: ${unknown.join(', ')}.`);
    const pick = (key: keyof Fields) => (options[key] === undefined ? this[key] : options[key]);
    return Object.fromEntries(FIELDS.map((key) => [key, pick(key)])) as unknown as Fields;
  }

  /** A picture with its channels first. */
  private toTensor(
    image: RawImage | ArrayImage,
    rgb: boolean | null,
    { input_data_format }: PreprocessOptions,
  ): TypedImage {
    const tensor = isRawImage(image)
      ? pilToTensor(rgb ? convertRgb(image) : image)
      : { ...image, dtype: dtypeOf(image) };
    const format =
      input_data_format ??
      inferChannelFormat(tensor.shape, this.warn, `torch.Size([${tensor.shape.join(', ')}])`);
    return format === 'channels_last' ? lastToFirst(tensor) : tensor;
  }
}

/** torchvision resizes tensors, unlike pictures, by few filters. */
function tensorFilter(resample: number): 'bilinear' | 'bicubic' | 'nearest' {
  const filter = filterOf(resample);
  if (filter === 'bilinear' || filter === 'bicubic' || filter === 'nearest') return filter;
  throw new RangeError(
    `resample ${resample} (${filter}) is not supported: torchvision resizes tensors by 0, 2 and 3 alone`,
  );
}

function dictOrNull(size: Fields['size'], square: boolean, name: string): SizeDict | null {
  return size === null ? null : sizeDict(size, square, name);
}

/** torchvision's `pil_to_tensor`: always [C, H, W]. */
function pilToTensor(image: RawImage): TypedImage {
  const array = toArray(image);
  return array.shape.length === 3 ? lastToFirst(array) : { ...array, shape: [1, ...array.shape] };
}

function validateFast(o: Fields, { return_tensors, data_format }: PreprocessOptions): void {
  expectArguments(o);
  const tensors = return_tensors ?? null;
  if (tensors !== null && tensors !== 'pt' && tensors !== true) {
    throw new RangeError('Only returning PyTorch tensors is currently supported.');
  }
  if ((data_format ?? 'channels_first') !== 'channels_first') {
    throw new RangeError('Only channel first data format is currently supported.');
  }
}

/** After the warning, Python fails on the argument. */
function refuseUnknown(options: PreprocessOptions): void {
  const unknown = Object.keys(options).find((key) => !CALL_KEYS.includes(key));
  if (unknown === undefined) return;
  throw new TypeError(
    `BaseImageProcessorFast._preprocess() got an unexpected keyword argument '${unknown}'`,
  );
}

/** HF stacks pictures of equal height and width to resize them at once; mixed ones cannot be stacked. */
function expectStackable(tensors: readonly TypedImage[], bySize: boolean): void {
  const groups = new Map<string, TypedImage[]>();
  for (const tensor of tensors) {
    const key = bySize ? tensor.shape.slice(1).join() : '';
    groups.set(key, [...(groups.get(key) ?? []), tensor]);
  }
  for (const group of groups.values()) {
    const first = group[0]!;
    const odd = group.findIndex(({ shape }) => shape.join() !== first.shape.join());
    if (odd >= 0) {
      const shown = (tensor: TypedImage) => `[${tensor.shape.join(', ')}]`;
      throw new RangeError(
        'stack expects each tensor to be equal size, but got ' +
          `${shown(first)} at entry 0 and ${shown(group[odd]!)} at entry ${odd}`,
      );
    }
    if (group.some(({ dtype }) => dtype !== first.dtype)) {
      throw new RangeError('pictures of one size must have one dtype (torch would promote some)');
    }
  }
}

type Arranged = Omit<Fields, 'size' | 'crop_size'> & {
  readonly size: SizeDict | null;
  readonly crop_size: SizeDict | null;
};

function finish(tensor: TypedImage, o: Arranged): TypedImage {
  const image = o.do_center_crop ? centerCrop(tensor, o.crop_size!) : tensor;
  if (o.do_rescale && o.do_normalize) {
    const mean = scaledMean(o.image_mean!, o.rescale_factor!);
    return rescaleAndNormalize(image, mean, scaledMean(o.image_std!, o.rescale_factor!));
  }
  if (o.do_rescale) return timesFactor(image, o.rescale_factor!);
  return o.do_normalize ? normalizeTensor(image, o.image_mean!, o.image_std!) : image;
}
