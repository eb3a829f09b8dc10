// The model and the inputs that a dump is judged by.
import {
  type Checkpoint,
  type Ids,
  SiglipConfig,
  SiglipTextConfig,
  SiglipVisionConfig,
} from '@siglip-ts/core';
import { type RawImage, SiglipImageProcessor } from '@siglip-ts/image';
import { AutoConfig, type ModelFiles, SiglipTokenizer } from 'siglip-ts';
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
  readonly processor: SiglipImageProcessor | null;
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
  const own = await jsonOf(files, 'preprocessor_config.json');
  const has = (tower: string) => [...file.tensors.keys()].some((key) => key.startsWith(tower));
  const vision = composite?.vision_config ?? (config instanceof SiglipVisionConfig ? config : null);
  const text = composite?.text_config ?? (config instanceof SiglipTextConfig ? config : null);
  const processor = own ? SiglipImageProcessor.from_dict(own) : null;
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

function pixelsOf(p: SiglipImageProcessor | null, c: SiglipVisionConfig | null): Pixels {
  const side = c?.image_size ?? 224;
  const size = (p?.size ?? {}) as { height?: number; width?: number };
  const channels = (x: unknown): number[] => (Array.isArray(x) ? (x as number[]) : [0.5, 0.5, 0.5]);
  return {
    height: size.height ?? side,
    width: size.width ?? side,
    mean: channels(p?.image_mean),
    std: channels(p?.image_std),
  };
}

async function jsonOf(files: ModelFiles, name: string) {
  const bytes = await files.bytes(name);
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>);
}
