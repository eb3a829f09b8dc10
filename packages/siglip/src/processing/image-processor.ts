// The three image processors as users load and call them; what they do is in packages/image.
import { fields } from '@siglip-ts/core';
import {
  filesOf,
  HUB_OPTIONS,
  type HubOptions,
  type JsonObject,
  missingFile,
  type ModelSource,
  readJson,
} from '@siglip-ts/hub';
import {
  type BatchFeature,
  CLIP_DEFAULTS,
  CLIPImageProcessor as Clip,
  type CLIPImageProcessorConfig,
  type CropOptions,
  type PreprocessOptions,
  SiglipImageProcessor as Slow,
  type SiglipImageProcessorConfig,
  SiglipImageProcessorFast as Fast,
  type SiglipImageProcessorFastConfig,
  type TypedImage,
} from '@siglip-ts/image';
import { callable } from '../runtime/callable.ts';
import { orWhatItIs } from '../runtime/folder-kind.ts';
import { expectKnown, type Known, loaderOptions } from '../runtime/options.ts';
import { jsonFile, writeFiles } from '../runtime/saving.ts';
import { expectNested, expectProcessor } from '../runtime/schema.ts';
import { pixelKernels } from './pictures/pixel-kernels.ts';
import { referenceOf, type ReferenceOption, withReference } from './reference.ts';

type Images = Parameters<Slow['call']>[0];

/** float32 numbers [B, C, H, W]. */
export interface FloatTensor {
  data: Float32Array;
  shape: number[];
  dtype: 'float32';
}
/** What an image processor gives: one tensor, or a list where no tensors were asked for. */
export interface PixelValues<T> {
  /** [B, C, H, W], or a list of [C, H, W]. */
  pixel_values: T;
}
type AsTensor = PreprocessOptions & { return_tensors: true | 'np' | 'pt' };

/** Where the processor is described. */
const OWN = 'preprocessor_config.json';
const NESTED = 'processor_config.json';

/** HF's options go before those of the file. */
export interface ImageProcessorOptions<C> extends HubOptions, ReferenceOption {
  image_processor?: C;
}

/** The options of a call, by HF's names. */
// prettier-ignore
const PIXELS: Known = {
  do_resize: 0, size: 0, resample: 0, do_rescale: 0, rescale_factor: 0, do_normalize: 0, image_mean: 0, image_std: 0,
  do_convert_rgb: 0, return_tensors: 0, data_format: 0, input_data_format: 0,
};
const PIXELS_CROP: Known = { ...PIXELS, do_center_crop: 0, crop_size: 0 };
const PIXELS_FAST: Known = { ...PIXELS_CROP, default_to_square: 0, device: 0 };

export interface SiglipImageProcessor {
  (images: Images, options: AsTensor): PixelValues<FloatTensor>;
  (images: Images, options?: PreprocessOptions): PixelValues<TypedImage[]>;
}
/**
 * Pictures to pixel_values with Pillow's resize, to the byte. Source: SiglipImageProcessor.
 *
 * @example
 * ```ts
 * import { SiglipImageProcessor, defaultModel, loadImage } from 'siglip-ts';
 *
 * const processor = await SiglipImageProcessor.from_pretrained(await defaultModel());
 * const image = await loadImage('fixtures/images/twemoji-rocket.png');
 * const { pixel_values } = processor(image, { return_tensors: true });
 * console.log(pixel_values.shape, pixel_values.dtype); // [ 1, 3, 64, 64 ] float32
 * ```
 */
export class SiglipImageProcessor extends Slow {
  constructor(...args: ConstructorParameters<typeof Slow>) {
    super(...args);
    return callable<SiglipImageProcessor>(this, 'call', (images, o = {}) => [
      images,
      expectKnown('SiglipImageProcessor', o as object, PIXELS),
    ]);
  }
  /** From preprocessor_config.json, of either processor, or processor_config.json. Throws if there is neither. */
  static async fromPretrained(
    source: ModelSource,
    given: ImageProcessorOptions<SiglipImageProcessorConfig> = {},
  ): Promise<SiglipImageProcessor> {
    const { image_processor, ...options } = optionsOf('SiglipImageProcessor', given);
    const { dict } = await readProcessor(source, options, image_processor);
    const behaviour = { kernels: pixelKernels() };
    return SiglipImageProcessor.from_dict(dict, image_processor, behaviour) as SiglipImageProcessor;
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipImageProcessor.fromPretrained>
  ): Promise<SiglipImageProcessor> {
    return SiglipImageProcessor.fromPretrained(...args);
  }
  /** What it is, in one line. */
  override toString(): string {
    return `SiglipImageProcessor ${JSON.stringify({ size: this.size })}`;
  }
  /** preprocessor_config.json by name. */
  files(): Map<string, Uint8Array> {
    return jsonFile('preprocessor_config.json', this);
  }
  /** Writes preprocessor_config.json into a folder. Node, Deno and Bun; elsewhere `files()` gives it. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

export interface SiglipImageProcessorFast {
  (images: Images, options: AsTensor): PixelValues<FloatTensor>;
  (images: Images, options?: PreprocessOptions): PixelValues<TypedImage[]>;
}
/**
 * Pictures to pixel_values with torchvision's resize. Source: SiglipImageProcessorFast.
 *
 * @example
 * ```ts
 * import { SiglipImageProcessorFast, defaultModel, loadImage } from 'siglip-ts';
 *
 * const processor = await SiglipImageProcessorFast.from_pretrained(await defaultModel());
 * const image = await loadImage('fixtures/images/twemoji-rocket.png');
 * const { pixel_values } = processor(image, { return_tensors: true });
 * console.log(pixel_values.shape, pixel_values.dtype); // [ 1, 3, 64, 64 ] float32
 * ```
 */
export class SiglipImageProcessorFast extends Fast {
  constructor(...args: ConstructorParameters<typeof Fast>) {
    super(...args);
    return callable<SiglipImageProcessorFast>(this, 'call', (images, o = {}) => [
      images,
      expectKnown('SiglipImageProcessorFast', o as object, PIXELS_FAST),
    ]);
  }
  /** From preprocessor_config.json, of either processor, or processor_config.json. Throws if there is neither. */
  static async fromPretrained(
    source: ModelSource,
    given: ImageProcessorOptions<SiglipImageProcessorFastConfig> = {},
  ): Promise<SiglipImageProcessorFast> {
    const { image_processor, ...options } = optionsOf('SiglipImageProcessorFast', given);
    const { dict } = await readProcessor(source, options, image_processor);
    const behaviour = { kernels: pixelKernels() };
    const processor = SiglipImageProcessorFast.from_dict(dict, image_processor, behaviour);
    return processor as SiglipImageProcessorFast;
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipImageProcessorFast.fromPretrained>
  ): Promise<SiglipImageProcessorFast> {
    return SiglipImageProcessorFast.fromPretrained(...args);
  }
  /** What it is, in one line. */
  override toString(): string {
    return `SiglipImageProcessorFast ${JSON.stringify({ size: this.size })}`;
  }
  /** preprocessor_config.json by name. */
  files(): Map<string, Uint8Array> {
    return jsonFile('preprocessor_config.json', this);
  }
  /** Writes preprocessor_config.json into a folder. Node, Deno and Bun; elsewhere `files()` gives it. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

export interface CLIPImageProcessor {
  (images: Images, options: AsTensor & CropOptions): PixelValues<FloatTensor>;
  (images: Images, options?: PreprocessOptions & CropOptions): PixelValues<TypedImage[]>;
}
/**
 * Pictures to pixel_values, the shorter edge resized as Pillow does and the middle cut out: what folders get that
 * name it. Source: CLIPImageProcessor.
 */
export class CLIPImageProcessor extends Clip {
  constructor(...args: ConstructorParameters<typeof Clip>) {
    super(...args);
    return callable<CLIPImageProcessor>(this, 'call', (images, o = {}) => [
      images,
      expectKnown('CLIPImageProcessor', o as object, PIXELS_CROP),
    ]);
  }
  /** From preprocessor_config.json. Throws if there is none. */
  static async fromPretrained(
    source: ModelSource,
    given: ImageProcessorOptions<CLIPImageProcessorConfig> = {},
  ): Promise<CLIPImageProcessor> {
    const { image_processor, ...options } = optionsOf('CLIPImageProcessor', given);
    const { dict } = await readProcessor(source, options, image_processor);
    const behaviour = { kernels: pixelKernels() };
    return CLIPImageProcessor.from_dict(dict, image_processor, behaviour) as CLIPImageProcessor;
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof CLIPImageProcessor.fromPretrained>
  ): Promise<CLIPImageProcessor> {
    return CLIPImageProcessor.fromPretrained(...args);
  }
  /** What it is, in one line. */
  override toString(): string {
    return `CLIPImageProcessor ${JSON.stringify({ size: this.size })}`;
  }
  /** preprocessor_config.json by name. */
  files(): Map<string, Uint8Array> {
    return jsonFile('preprocessor_config.json', this);
  }
  /** Writes preprocessor_config.json into a folder. Node, Deno and Bun; elsewhere `files()` gives it. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

/** One of the three. */
export type AnyImageProcessor =
  SiglipImageProcessor | SiglipImageProcessorFast | CLIPImageProcessor;

/** By the class that a file names, less its "Fast": what does the same, and defaults that are not its own. */
const KINDS: Readonly<Record<string, { slow: typeof Slow | typeof Clip; defaults?: object }>> = {
  SiglipImageProcessor: { slow: SiglipImageProcessor },
  ViTImageProcessor: { slow: SiglipImageProcessor, defaults: { resample: 2 } },
  CLIPImageProcessor: { slow: CLIPImageProcessor, defaults: CLIP_DEFAULTS },
};

/**
 * The processor that the file names, or its fast or slow twin if `use_fast` asks for it; transformers 5 takes torchvision's
 * whatever the file names.
 */
export async function autoImageProcessor(
  source: ModelSource,
  given: ImageProcessorOptions<SiglipImageProcessorConfig> & { use_fast?: boolean | null } = {},
): Promise<AnyImageProcessor> {
  const { use_fast, image_processor, ...options } = optionsOf('AutoImageProcessor', given);
  const { dict, file, reference } = await readProcessor(source, options, image_processor);
  const type = dict.image_processor_type ?? dict.feature_extractor_type ?? 'SiglipImageProcessor';
  const named = (typeof type === 'string' ? type : fields.shown(type)).replace(
    'FeatureExtractor',
    'ImageProcessor',
  );
  const name = named.replace(/(Fast|Pil)$/, '');
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!kind) {
    throw new RangeError(
      `${file} names the image processor "${named}", which is not known here, expected one of ` +
        `${Object.keys(KINDS).join(', ')}; SiglipImageProcessor.from_pretrained takes the file's numbers as SigLIP's`,
    );
  }
  const fast = use_fast ?? (named.endsWith('Fast') || reference === '5');
  const made = fast ? SiglipImageProcessorFast : kind.slow;
  const behaviour = { kernels: pixelKernels() };
  return made.from_dict(
    { ...kind.defaults, ...dict },
    image_processor,
    behaviour,
  ) as AnyImageProcessor;
}

const optionsOf = <O extends object>(name: string, options: O): O => {
  const fast = name.startsWith('Auto') && { use_fast: 0 as const };
  return loaderOptions(`${name}.from_pretrained`, options, {
    ...HUB_OPTIONS,
    image_processor: 0,
    reference: 0,
    ...fast,
  });
};

/** The dictionary of the image processor: a file of its own, or in that of the processor, which goes first in 5. */
async function readProcessor(
  source: ModelSource,
  { reference: asked, ...options }: HubOptions & ReferenceOption,
  changes?: object,
) {
  // prettier-ignore
  return orWhatItIs(withReference(await filesOf(source, options), asked), async (files) => {
    const own = await readJson(files, OWN);
    const processor = (await readJson(files, NESTED)) ?? {};
    expectNested(processor, `${NESTED} of ${files.name}`);
    const nested = processor.image_processor as JsonObject | null | undefined;
    const reference = await referenceOf(files);
    const file = nested && (reference === '5' || !own) ? NESTED : OWN;
    const found = file === OWN ? own : nested;
    if (!found) throw missingFile(files, OWN);
    expectProcessor({ ...found, ...changes }, `${file} of ${files.name}`);
    // In 5 the classes convert by default; a null in the file is a null.
    const dict = reference === '5' ? { do_convert_rgb: true, ...found } : found;
    return { dict: dict as SiglipImageProcessorConfig, file, files, reference };
  });
}

export type { BatchFeature };
