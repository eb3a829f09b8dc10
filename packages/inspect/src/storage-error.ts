// What narrower weights cost: how far each linear layer's weights move, and how far the embeddings of one picture and
// one text do. Both are measured by storing them so, not estimated; all weights are read.
import { linear, type Shape, Tensor } from '@siglip-ts/core';
import { type LoadOptions, type ModelFiles, SiglipModel } from 'siglip-ts';
import { wasm } from 'siglip-ts/wasm';
import { linearWeights } from './linear-weights.ts';

export type Narrow = 'float16' | 'int8' | 'w8a8';

export interface StorageError {
  readonly storage: Narrow;
  /** Relative RMS error of every stored matrix, the worst first. */
  readonly tensors: readonly { readonly name: string; readonly error: number }[];
  /** The embeddings with these weights beside those with float32's: relative RMS error, and cosine. */
  readonly image_embeds: Moved;
  readonly text_embeds: Moved;
}
interface Moved {
  readonly error: number;
  readonly cosine: number;
}

export async function storageError(
  files: ModelFiles,
  storage: Narrow,
  o: LoadOptions,
): Promise<StorageError> {
  await using exact = await SiglipModel.fromPretrained(files, { ...o, weights: 'float32' });
  await using narrow = await SiglipModel.fromPretrained(files, { ...o, weights: storage });
  const { checkpoint, shapes } = exact.runtime;
  const linear = await linearWeights(exact.config);
  const tensors: { name: string; error: number }[] = [];
  for (const [name, shape] of shapes) {
    if (!linear.has(name)) continue;
    o.signal?.throwIfAborted();
    const values = (await checkpoint.read(name, 0, shape[0]!, 'float32')) as Float32Array;
    tensors.push({ name, error: distance(await stored(values, shape, storage), values).error });
  }
  tensors.sort((a, b) => b.error - a.error);
  const [before, after] = [await embeddings(exact, o), await embeddings(narrow, o)];
  return {
    storage,
    tensors,
    image_embeds: distance(after.image, before.image),
    text_embeds: distance(after.text, before.text),
  };
}

/** A matrix as a backend with that storage multiplies with it. */
async function stored(values: Float32Array, shape: Shape, weights: Narrow): Promise<Float32Array> {
  const [n, k] = [shape[0]!, values.length / shape[0]!];
  const b = await wasm({ weights });
  const weight = Tensor.constant(b, values.slice(), [n, k]);
  linear(Tensor.from(b, new Float32Array(k), [1, k]), weight, null); // a product is what packs it
  const found = (await weight.data()) as Float32Array;
  b.dispose();
  return found;
}

/** Of a made-up picture and text: the same every time, and nothing that a model was made for. */
async function embeddings(model: SiglipModel, { signal }: LoadOptions) {
  const { vision_config: v, text_config: t } = model.config;
  const shape = [1, v.num_channels, v.image_size, v.image_size];
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));
  const ids = Array.from({ length: t.max_position_embeddings }, (_, i) => (7 * i) % t.vocab_size);
  const y = await model({
    pixel_values: { data, shape },
    input_ids: [ids],
    ...(signal && { signal }),
  });
  return { image: await y.image_embeds.data(), text: await y.text_embeds.data() };
}

function distance(found: ArrayLike<number>, exact: ArrayLike<number>): Moved {
  let [error, power, dot, other] = [0, 0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    const [x, y] = [found[i]!, exact[i]!];
    error += (x - y) ** 2;
    power += y * y;
    other += x * x;
    dot += x * y;
  }
  return {
    error: Math.sqrt(error / (power || 1)),
    cosine: dot / Math.sqrt(power * other || 1),
  };
}
