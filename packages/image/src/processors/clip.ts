// CLIPImageProcessor of transformers 4.49, which some SigLIP folders name: Pillow's resize of the shorter edge and a cut
// out of the middle. The arithmetic is in pillow-steps.ts; CLIP's other half, its model, is not part of this project.
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
  type SizeDict,
  sizeDict,
  toJsonString,
} from './options.ts';
import {
  type How,
  howTo,
  pillowPixels,
  type PixelSize,
  type SlowBehaviour,
} from './pillow-steps.ts';

/** HF's options of CLIPImageProcessor. null is "not given". */
export interface CropOptions extends ProcessorOptions {
  /** Whether to cut `crop_size` out of the middle, with zeros where the picture ends. Default true. */
  readonly do_center_crop?: boolean | null;
  /** In pixels. Default 224 by 224. */
  readonly crop_size?: ProcessorOptions['size'];
}

/** HF's fields, and any other key, which is kept. */
export type CLIPImageProcessorConfig = CropOptions & Readonly<Record<string, unknown>>;

/** The fields of CLIP's processors, all resolved. */
export interface CLIPFields {
  /** Whether to resize to `size`. */
  do_resize: boolean;
  /** `{"shortest_edge"}` or `{"height", "width"}`, in pixels. */
  size: SizeDict;
  /** `PIL.Image.Resampling`. */
  resample: number;
  /** Whether to cut `crop_size` out of the middle. */
  do_center_crop: boolean;
  /** `{"height", "width"}`, in pixels. */
  crop_size: SizeDict;
  /** Whether to multiply by `rescale_factor`. */
  do_rescale: boolean;
  /** 1/255 makes 0 … 1 of bytes. */
  rescale_factor: number;
  /** Whether to subtract `image_mean` and divide by `image_std`. */
  do_normalize: boolean;
  /** After rescaling. */
  image_mean: PerChannel;
  /** After rescaling. */
  image_std: PerChannel;
  /** Whether pictures are made RGB first. */
  do_convert_rgb: boolean;
}

/** Defaults of CLIP's two processors, as their classes have them. */
export const CLIP_DEFAULTS: Readonly<CLIPFields> = {
  do_resize: true,
  size: { shortest_edge: 224 },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: 224, width: 224 },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
  do_convert_rgb: true,
};

const FIELDS = Object.keys(CLIP_DEFAULTS) as (keyof CLIPFields)[];
const CALL_KEYS: readonly string[] = [...FIELDS, ...RESULT_KEYS];

export interface CLIPImageProcessor extends CLIPFields {}
/** Pictures to pixel_values: the shorter edge resized as Pillow does, the middle cut out. Source: transformers.CLIPImageProcessor. */
export class CLIPImageProcessor {
  /** What a model's inputs are called that this makes. */
  readonly model_input_names: readonly string[] = ['pixel_values'];
  private readonly kept: Record<string, unknown>;
  private readonly how: How;

  constructor(config: CLIPImageProcessorConfig = {}, behaviour: SlowBehaviour = {}) {
    const { size, crop_size, image_mean, image_std, ...switches } = config;
    const given = Object.entries(switches).filter(([, value]) => value !== undefined);
    const fields = { ...CLIP_DEFAULTS, ...Object.fromEntries(given) } as CLIPFields;
    const own = resolved(fields, { size, crop_size, image_mean, image_std } as CropOptions);
    const { shortest_edge: edge } = own.size;
    if (config.use_square_size && edge !== undefined) own.size = { height: edge, width: edge };
    Object.assign(this, own);
    this.kept = keptKeys(config, [...FIELDS, 'use_square_size']);
    this.how = howTo(behaviour);
  }

  /** A processor from preprocessor_config.json. */
  static from_dict(
    dict: CLIPImageProcessorConfig,
    overrides: CLIPImageProcessorConfig = {},
    behaviour: SlowBehaviour = {},
  ): CLIPImageProcessor {
    return new this(overridden(dict, overrides, FIELDS), behaviour);
  }

  /** The fields as HF's to_dict gives them, those that were kept included. */
  to_dict(): Record<string, unknown> {
    return { ...this.kept, ...this.fields(), image_processor_type: 'CLIPImageProcessor' };
  }

  /** preprocessor_config.json as HF writes it. */
  to_json_string(): string {
    return toJsonString(this.to_dict());
  }

  private fields(): CLIPFields {
    return Object.fromEntries(FIELDS.map((key) => [key, this[key]])) as unknown as CLIPFields;
  }

  /** HF's `__call__`. */
  call(images: ProcessorImages, options: AsTensors & CropOptions): BatchFeature<TypedImage>;
  call(images: ProcessorImages, options?: PreprocessOptions & CropOptions): BatchFeature;
  call(images: ProcessorImages, options: PreprocessOptions & CropOptions = {}): BatchFeature {
    return this.preprocess(images, options);
  }

  /**
   * @param images pictures of values 0..255; arrays may have their channels first or last, all the same way
   * @returns float32 pixel_values, [B, C, H, W] with `return_tensors`, else a list of [C, H, W]
   * @throws TypeError or RangeError with HF's message
   */
  preprocess(images: ProcessorImages, options: AsTensors & CropOptions): BatchFeature<TypedImage>;
  preprocess(images: ProcessorImages, options?: PreprocessOptions & CropOptions): BatchFeature;
  preprocess(images: ProcessorImages, options: PreprocessOptions & CropOptions = {}): BatchFeature {
    const unknown = Object.keys(options).filter((key) => !CALL_KEYS.includes(key));
    if (unknown.length > 0) this.how.warn(`Unused or unrecognized kwargs: ${unknown.join(', ')}.`);
    const o = resolved(this.fields(), options);
    const flat = flatListOfImages(images);
    expectArguments(o);
    const crop = o.do_center_crop ? cropOf(o.crop_size) : null;
    const resizedTo = (from: PixelSize) => resizedSize(from, o.size);
    return pillowPixels(flat, { ...o, resizedTo, crop }, options, this.how);
  }
}

/** In a call None is "not given"; in a file it is so for sizes, mean and std alone. */
function resolved(before: CLIPFields, given: CropOptions): CLIPFields {
  const entries = FIELDS.map((key) => [key, given[key] ?? before[key]]);
  const fields = Object.fromEntries(entries) as CLIPFields;
  fields.size = sizeDict(fields.size, false);
  fields.crop_size = sizeDict(fields.crop_size, true, 'crop_size');
  return fields;
}

/** HF's `get_resize_output_image_size`: the shorter edge as asked for, the longer one cut to whole pixels. */
function resizedSize({ height, width }: PixelSize, size: SizeDict): PixelSize {
  const short = size.shortest_edge;
  if (short !== undefined) {
    return width <= height
      ? { width: short, height: Math.trunc((short * height) / width) }
      : { height: short, width: Math.trunc((short * width) / height) };
  }
  if (size.height !== undefined && size.width !== undefined) {
    return { height: size.height, width: size.width };
  }
  throw new RangeError("Size must contain either 'shortest_edge' or 'height' and 'width'.");
}

function cropOf(size: SizeDict): PixelSize {
  const { height, width } = size;
  if (height !== undefined && width !== undefined) return { height, width };
  const keys = Object.keys(size).map((key) => `'${key}'`);
  throw new RangeError(
    `The size dictionary must have keys 'height' and 'width'. Got dict_keys([${keys.join(', ')}])`,
  );
}
