// The model and the inputs that a dump is judged by.
import {
  type Checkpoint,
  type Ids,
  SiglipConfig,
  SiglipTextConfig,
  SiglipVisionConfig,
} from '@siglip-ts/core';
import type { RawImage } from '@siglip-ts/image';
import {
  type AnyImageProcessor,
  AutoConfig,
  AutoImageProcessor,
  type ModelFiles,
  SiglipTokenizer,
} from 'siglip-ts';
import { checkpointOf, expectQuantization, openWeights, orWhatItIs } from 'siglip-ts/internals';
import type { Numbers, Pixels } from '../catalogue/mistake.ts';

/** A model as diagnose needs it: every part that the checkpoint has. */
export interface Subject {
  readonly vision: SiglipVisionConfig | null;
  readonly text: SiglipTextConfig | null;
  /** Of SiglipForImageClassification: how many labels. */
  readonly labels: number | null;
  readonly checkpoint: Checkpoint;
  readonly pixels: Pixels;
  /** The one that the folder names. */
  readonly processor: AnyImageProcessor | null;
  readonly tokenizer: SiglipTokenizer | null;
}

/** Each kind as raw or as tensor; what is given as neither is not run. */
export interface Inputs {
  readonly pictures?: readonly RawImage[];
  readonly texts?: readonly string[];
  readonly pixel_values?: Numbers;
  readonly input_ids?: Ids;
  readonly attention_mask?: Ids;
}

/** Throws for files that are no model. The weights file stays open until `close`. */
export const subjectOf = (files: ModelFiles): Promise<Subject & { close(): Promise<void> }> =>
  orWhatItIs(files, opened);

async function opened(files: ModelFiles): Promise<Subject & { close(): Promise<void> }> {
  const config = await AutoConfig.fromPretrained(files);
  expectQuantization(config.quantization_config, files.name);
  const file = await openWeights(files);
  const composite = config instanceof SiglipConfig ? config : null;
  const has = (tower: string) => [...file.tensors.keys()].some((key) => key.startsWith(tower));
  const vision = composite?.vision_config ?? (config instanceof SiglipVisionConfig ? config : null);
  const text = composite?.text_config ?? (config instanceof SiglipTextConfig ? config : null);
  const named = await files.bytes('preprocessor_config.json');
  const processor = named ? await AutoImageProcessor.fromPretrained(files) : null;
  return {
    vision: has('vision_model.') ? vision : null,
    text: has('text_model.') ? text : null,
    labels: has('classifier.') && composite ? composite.num_labels : null,
    checkpoint: checkpointOf(file),
    pixels: pixelsOf(processor, vision),
    processor,
    tokenizer: (await files.bytes('spiece.model'))
      ? await SiglipTokenizer.fromPretrained(files, { tokenizer: { warn: () => {} } })
      : null,
    close: () => file.close(),
  };
}

function pixelsOf(p: AnyImageProcessor | null, c: SiglipVisionConfig | null): Pixels {
  const side = c?.image_size ?? 224;
  const { size, do_center_crop, crop_size, image_mean, image_std } = p?.to_dict() ?? {};
  const last = ((do_center_crop ? crop_size : size) ?? {}) as { height?: number; width?: number };
  const channels = (x: unknown): number[] => (Array.isArray(x) ? (x as number[]) : [0.5, 0.5, 0.5]);
  return {
    height: last.height ?? side,
    width: last.width ?? side,
    mean: channels(image_mean),
    std: channels(image_std),
  };
}
