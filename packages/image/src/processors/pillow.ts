// SiglipImageProcessor of transformers 4.49: its fields and their defaults. The arithmetic is in pillow-steps.ts.
import type { ProcessorImages, TypedImage } from './array-image.ts';
import { flatListOfImages } from './images.ts';
import {
  type AsTensors,
  type BatchFeature,
  expectArguments,
  keptKeys,
  overridden,
  type PerChannel,
  type PreprocessOptions,
  type ProcessorOptions,
  RESULT_KEYS,
  sizeDict,
  toJsonString,
} from './options.ts';
import { type How, howTo, pillowPixels, type SlowBehaviour } from './pillow-steps.ts';

/** HF's fields, and any other key, which is kept. */
export type SiglipImageProcessorConfig = ProcessorOptions & Readonly<Record<string, unknown>>;

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

const CALL_KEYS: readonly string[] = [...FIELDS, ...RESULT_KEYS];

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
  private readonly how: How;

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
    this.how = howTo(behaviour);
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
    const resizedTo = () => {
      const { height, width } = size;
      if (height !== undefined && width !== undefined) return { height, width };
      throw new RangeError(
        `KeyError: 'height'; size ${JSON.stringify(size)}, expected {"height", "width"} in preprocessor_config.json or in the call`,
      );
    };
    return pillowPixels(flat, { ...o, resizedTo, crop: null }, options, this.how);
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
    this.how.warn(
      'The following named arguments are not valid for `SiglipImageProcessor.preprocess`' +
        ` and were ignored: ${unknown.map((key) => `'${key}'`).join(', ')}`,
    );
  }
}

/** Settings are plain JSON. */
function copied<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
