// Embeds held-out pairs with a model in training, without recording, and evaluates them.
import {
  l2Normalize,
  resident,
  Scope,
  textTransformer,
  visionTransformer,
  type Backend,
  type Tensor,
} from '@siglip-ts/core';
import { evaluate, type Evaluation } from './evaluation.ts';
import type { Prepared, TrainedModel } from './model.ts';
import type { Shard } from './pairs.ts';
import type { Skipped } from './sampler.ts';

/** Pictures or captions that are embedded at a time. */
const BATCH = 32;

/** Every pair of the shards, with its first caption. Broken ones are skipped and told. */
export async function evaluateModel(
  model: TrainedModel,
  b: Backend,
  shards: readonly Shard[],
  skipped: Skipped,
): Promise<Evaluation> {
  const prepared: Prepared[] = [];
  const captions: string[] = [];
  for (const shard of shards)
    for (let i = 0; i < shard.size; i++)
      try {
        const { name, image, captions: all } = await shard.read(i);
        prepared.push(await model.prepare({ name, image, caption: all[0]! }));
        captions.push(all[0]!);
      } catch (error) {
        skipped((error as Error).message);
      }
  const first = new Map(captions.map((caption, i) => [caption, i] as const).reverse());
  const different = [...new Set(captions)].map((caption) => prepared[first.get(caption)!]!);
  const images = await embeddings(b, prepared, (batch) => vision(model, b, batch));
  const texts = await embeddings(b, different, (batch) => text(model, b, batch));
  return evaluate(images, captions, texts);
}

async function vision(model: TrainedModel, b: Backend, batch: readonly Prepared[]) {
  const scope = new Scope(resident(model.parameters)).at('vision_model');
  const { pixels } = model.batch(batch, b);
  return (await visionTransformer(scope, pixels, model.config.vision_config)).pooler_output!;
}

async function text(model: TrainedModel, b: Backend, batch: readonly Prepared[]) {
  const scope = new Scope(resident(model.parameters)).at('text_model');
  const { ids } = model.batch(batch, b);
  return (await textTransformer(scope, b, ids, model.config.text_config)).pooler_output!;
}

/** Normalised rows on the host, batch by batch. */
async function embeddings(
  b: Backend,
  items: readonly Prepared[],
  embed: (batch: readonly Prepared[]) => Promise<Tensor>,
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let at = 0; at < items.length; at += BATCH) {
    const since = b.mark?.();
    try {
      const y = l2Normalize(await embed(items.slice(at, at + BATCH)));
      const [n, D] = y.shape as [number, number];
      const values = Float32Array.from(await y.data());
      for (let i = 0; i < n; i++) rows.push(values.subarray(i * D, (i + 1) * D));
    } finally {
      if (since) b.release!(since, []);
    }
  }
  return rows;
}
