// What a run trains: a model's parameters on a backend, and how it makes inputs, a loss and files of them. The two kinds
// are contrastive-trainee.ts and classifier-trainee.ts; this is what they share.
import type { NamedTensors } from '@siglip-ts/autograd';
import { type Backend, scoped, type SiglipConfig, type Tensor } from '@siglip-ts/core';
import { serialize, type TensorData } from '@siglip-ts/safetensors';
import type { Dropout } from '@siglip-ts/train';
import { AutoImageProcessor, loadImage, type ModelFiles } from 'siglip-ts';
import type { Shard } from '../data/pair.ts';
import type { Prepared, Sample, Skipped } from '../data/sample.ts';

/** A model in training: how pairs are prepared, and what a batch's gradients are. */
export interface Trainee {
  /** By HF key, float32 constants, which the optimiser overwrites. */
  readonly parameters: NamedTensors;
  /** Decodes the picture. Throws with the pair's name where it is broken. */
  prepare(sample: Sample): Promise<Prepared>;
  /** The loss of a batch and its gradients, on the backend's stack. `dropout` decides the masks of attention_dropout. */
  gradients(
    batch: readonly Prepared[],
    frozen: RegExp | null,
    dropout: Dropout,
  ): Promise<{
    /** [] */
    loss: Tensor;
    /** Of every parameter that is not frozen. */
    gradients: NamedTensors;
  }>;
  /** Numbers of the model itself in metrics.jsonl. */
  numbers(): Promise<Readonly<Record<string, number>>>;
  /** How well it does on held-out pairs. Broken ones are skipped and reported. */
  evaluate(shards: readonly Shard[], skipped: Skipped): Promise<Readonly<Record<string, number>>>;
  /** The model in HF layout. */
  files(): Promise<Map<string, Uint8Array>>;
}

/** Where a trainee comes from: the files it starts with, or those of its own checkpoint. */
export type LoadTrainee = (files: ModelFiles, b: Backend) => Promise<Trainee>;

/** From a pair's bytes to pixels, with the model's own processor; names what is broken. */
export async function preparation(
  files: ModelFiles,
  targetOf: (caption: string) => Int32Array,
): Promise<(sample: Sample) => Promise<Prepared>> {
  const processor = await AutoImageProcessor.fromPretrained(files);
  return async ({ name, image, caption }) => {
    try {
      const { pixel_values } = processor([await loadImage(image)], { return_tensors: true });
      return { pixels: pixel_values.data, target: targetOf(caption) };
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`);
    }
  };
}

/** [B, C, H, W] */
export function pixelsOf(batch: readonly Prepared[], { vision_config }: SiglipConfig) {
  const { num_channels, image_size } = vision_config;
  const shape = [batch.length, num_channels, image_size, image_size];
  return { data: joined(batch.map(({ pixels }) => pixels)), shape };
}

/** [B, T] */
export const idsOf = (batch: readonly Prepared[]) => ({
  data: Int32Array.from(batch.flatMap(({ target }) => [...target])),
  shape: [batch.length, batch[0]?.target.length ?? 0],
});

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Every usable pair of some shards, with its first caption. */
export async function allOf(
  shards: readonly Shard[],
  prepare: Trainee['prepare'],
  skipped: Skipped,
): Promise<(Prepared & { caption: string })[]> {
  const found: (Prepared & { caption: string })[] = [];
  for (const shard of shards)
    for (let i = 0; i < shard.size; i++)
      try {
        const { name, image, captions } = await shard.read(i);
        const caption = captions[0]!;
        found.push({ ...(await prepare({ name, image, caption })), caption });
      } catch (error) {
        skipped((error as Error).message);
      }
  return found;
}

/** Pairs that are evaluated at a time. */
const BATCH = 32;

/** The rows of what `compute` gives for each batch, on the host. */
export async function rowsOf(
  b: Backend,
  items: readonly Prepared[],
  compute: (batch: readonly Prepared[]) => Promise<Tensor>,
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let at = 0; at < items.length; at += BATCH) {
    await scoped(b, async () => {
      const y = await compute(items.slice(at, at + BATCH));
      const [n, D] = y.shape as [number, number];
      const values = Float32Array.from(await y.data());
      for (let i = 0; i < n; i++) rows.push(values.subarray(i * D, (i + 1) * D));
    });
  }
  return rows;
}

/** Of the version that the folder had: it says which ids and pixels the model was trained on, and is to be used with. */
function configOf(config: SiglipConfig): string {
  const written = config.to_json_string();
  const { transformers_version } = config as { transformers_version?: string | null };
  if (!transformers_version) return written;
  const dict = JSON.parse(written) as Record<string, unknown>;
  return `${JSON.stringify({ ...dict, transformers_version }, null, 2)}\n`;
}

/** config.json and model.safetensors, with the companions. */
export async function modelFilesOf(
  companions: ReadonlyMap<string, Uint8Array>,
  config: SiglipConfig,
  architecture: string,
  parameters: NamedTensors,
): Promise<Map<string, Uint8Array>> {
  config.architectures = [architecture];
  config.torch_dtype = 'float32';
  return new Map([
    ...companions,
    ['config.json', new TextEncoder().encode(configOf(config))],
    ['model.safetensors', await tensorBytes(parameters, { format: 'pt' })],
  ]);
}

/** Tensors as a safetensors file, in float32. */
export async function tensorBytes(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const stored = new Map<string, { dtype: 'F32'; shape: number[]; data: TensorData }>();
  for (const [key, x] of tensors) {
    const data = Float32Array.from(await x.data());
    stored.set(key, { dtype: 'F32', shape: [...x.shape], data });
  }
  return serialize(stored, new Map(Object.entries(metadata)));
}
