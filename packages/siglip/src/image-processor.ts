// The two image processors as users load and call them; what they do is in packages/image.
import {
  SiglipImageProcessor as Slow,
  SiglipImageProcessorFast as Fast,
  type BatchFeature,
  type CallOptions,
  type SiglipImageProcessorConfig,
  type SiglipImageProcessorFastConfig,
  type TypedImage,
} from '@siglip-ts/image';
import { callable } from './callable.ts';
import { missingFile, type HubOptions } from './files/index.ts';
import { filesOf, readJson, type ModelSource } from './files/source.ts';
import { pixelKernels } from './pixel-kernels.ts';
import { writeFiles } from './saving.ts';

type Images = Parameters<Slow['call']>[0];

/** float32 numbers [B, C, H, W]. */
export interface FloatTensor {
  data: Float32Array;
  shape: number[];
  dtype: 'float32';
}
type AsTensor = CallOptions & { return_tensors: true | 'np' | 'pt' };

/** HF's options go before those of the file. */
export interface ImageProcessorOptions<C> extends HubOptions {
  image_processor?: C;
}

export interface SiglipImageProcessor {
  (images: Images, options: AsTensor): { pixel_values: FloatTensor };
  (images: Images, options?: CallOptions): { pixel_values: TypedImage[] };
}
/** Pillow's resize. */
export class SiglipImageProcessor extends Slow {
  constructor(...args: ConstructorParameters<typeof Slow>) {
    super(...args);
    return callable<SiglipImageProcessor>(this, 'call');
  }
  static async fromPretrained(
    source: ModelSource,
    { image_processor, ...options }: ImageProcessorOptions<SiglipImageProcessorConfig> = {},
  ): Promise<SiglipImageProcessor> {
    const dict = await readProcessor(source, options);
    const behaviour = { kernels: pixelKernels() };
    return SiglipImageProcessor.from_dict(dict, image_processor, behaviour) as SiglipImageProcessor;
  }
  static from_pretrained(
    ...args: Parameters<typeof SiglipImageProcessor.fromPretrained>
  ): Promise<SiglipImageProcessor> {
    return SiglipImageProcessor.fromPretrained(...args);
  }
  /** Writes preprocessor_config.json into a folder. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, processorFile(this));
  }
}

export interface SiglipImageProcessorFast {
  (images: Images, options: AsTensor): { pixel_values: FloatTensor };
  (images: Images, options?: CallOptions): { pixel_values: TypedImage[] };
}
/** torchvision's resize. */
export class SiglipImageProcessorFast extends Fast {
  constructor(...args: ConstructorParameters<typeof Fast>) {
    super(...args);
    return callable<SiglipImageProcessorFast>(this, 'call');
  }
  static async fromPretrained(
    source: ModelSource,
    { image_processor, ...options }: ImageProcessorOptions<SiglipImageProcessorFastConfig> = {},
  ): Promise<SiglipImageProcessorFast> {
    const dict = await readProcessor(source, options);
    const behaviour = { kernels: pixelKernels() };
    const processor = SiglipImageProcessorFast.from_dict(dict, image_processor, behaviour);
    return processor as SiglipImageProcessorFast;
  }
  static from_pretrained(
    ...args: Parameters<typeof SiglipImageProcessorFast.fromPretrained>
  ): Promise<SiglipImageProcessorFast> {
    return SiglipImageProcessorFast.fromPretrained(...args);
  }
  /** Writes preprocessor_config.json into a folder. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, processorFile(this));
  }
}

/** The processor that `use_fast` asks for, or else the file. */
export async function eitherImageProcessor(
  source: ModelSource,
  { use_fast, ...options }: HubOptions & { use_fast?: boolean } = {},
): Promise<SiglipImageProcessor | SiglipImageProcessorFast> {
  const files = await filesOf(source, options);
  const named = (await readJson(files, 'preprocessor_config.json'))?.image_processor_type;
  const fast = use_fast ?? named === 'SiglipImageProcessorFast';
  return (fast ? SiglipImageProcessorFast : SiglipImageProcessor).fromPretrained(files);
}

/** preprocessor_config.json of a processor, by name. */
export const processorFile = (processor: { to_json_string(): string }) =>
  new Map([['preprocessor_config.json', new TextEncoder().encode(processor.to_json_string())]]);

async function readProcessor(source: ModelSource, options: HubOptions) {
  const files = await filesOf(source, options);
  const dict = await readJson(files, 'preprocessor_config.json');
  if (!dict) throw missingFile(files, 'preprocessor_config.json');
  return dict as SiglipImageProcessorConfig;
}

export type { BatchFeature };
