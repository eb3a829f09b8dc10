// Initial weights by HF's scheme (_init_weights): the distribution of every kind of tensor. Not torch's numbers.
import { expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { SiglipConfig, SiglipForImageClassification, SiglipModel } from 'siglip-ts';

const [D, M, V, P, SIDE] = [96, 200, 500, 64, 64];
const tower = {
  hidden_size: D,
  intermediate_size: M,
  num_hidden_layers: 1,
  num_attention_heads: 4,
};
const config = () =>
  new SiglipConfig({
    text_config: { ...tower, vocab_size: V, max_position_embeddings: P },
    vision_config: { ...tower, image_size: SIDE, patch_size: 8 },
    num_labels: 120,
  });
const model = await SiglipModel.fromConfig(config(), { backend: cpu(), seed: 3 });
const classifier = await SiglipForImageClassification.fromConfig(config(), {
  backend: cpu(),
  seed: 3,
});

async function values(key: string): Promise<Float64Array> {
  const { checkpoint } = (key.startsWith('classifier') ? classifier : model).runtime;
  const shape = checkpoint.shapes.get(key)!;
  return (await checkpoint.read(key, 0, shape[0]!, 'float64')) as Float64Array;
}
const mean = (x: Float64Array) => x.reduce((sum, v) => sum + v, 0) / x.length;
const moment = (x: Float64Array, p: number) => mean(x.map((v) => v ** p));
const largest = (x: Float64Array) => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

/** Within five standard errors (those of a normal at most) of the mean, the variance and the fourth moment. */
function follows(x: Float64Array, std: number, kurtosis: number): void {
  const error = 5 / Math.sqrt(x.length);
  expect(Math.abs(mean(x))).toBeLessThan(error * std);
  expect(Math.abs(moment(x, 2) / std ** 2 - 1)).toBeLessThan(error * Math.sqrt(kurtosis - 1));
  expect(Math.abs(moment(x, 4) / std ** 4 / kurtosis - 1)).toBeLessThan(3.3 * error);
}

const layer = 'vision_model.encoder.layers.0';
const head = 'vision_model.head';

test.each([
  ['text_model.embeddings.token_embedding.weight', D ** -0.5],
  ['text_model.embeddings.position_embedding.weight', D ** -0.5],
  ['vision_model.embeddings.position_embedding.weight', D ** -0.5],
  [`${layer}.mlp.fc1.bias`, 1e-6],
  [`${head}.mlp.fc2.bias`, 1e-6],
  ['classifier.weight', D ** -0.5],
])('%s is normal', async (key, std) => {
  const x = await values(key);
  follows(x, std, 3);
  if (x.length > 5000) expect(largest(x)).toBeGreaterThan(3 * std); // not cut off
});

test.each([
  [`${layer}.self_attn.q_proj.weight`, Math.sqrt(3 / D)],
  ['text_model.encoder.layers.0.self_attn.out_proj.weight', Math.sqrt(3 / D)],
  [`${layer}.mlp.fc1.weight`, Math.sqrt(6 / (D + M))],
  [`${head}.mlp.fc2.weight`, Math.sqrt(6 / (D + M))],
  [`${head}.probe`, Math.sqrt(3 / D)],
  [`${head}.attention.in_proj_weight`, Math.sqrt(6 / (4 * D))],
])('%s is uniform', async (key, bound) => {
  const x = await values(key);
  follows(x, bound / Math.sqrt(3), 1.8);
  expect(largest(x)).toBeLessThan(bound);
  expect(largest(x)).toBeGreaterThan(0.95 * bound);
});

/** Of a unit normal cut off at 2 and scaled back to variance 1: E x⁴. */
const TRUNCATED_KURTOSIS = 2.3655367;

test.each([
  ['vision_model.embeddings.patch_embedding.weight', 3 * 8 * 8],
  ['text_model.head.weight', D],
  [`${head}.attention.out_proj.weight`, D],
])('%s is a normal cut off at two deviations', async (key, fanIn) => {
  const x = await values(key);
  const std = fanIn ** -0.5;
  follows(x, std, TRUNCATED_KURTOSIS);
  const cut = (2 * std) / 0.8796256610342398;
  expect(largest(x)).toBeLessThan(cut);
  expect(largest(x)).toBeGreaterThan(0.95 * cut);
});

test.each([
  [`${layer}.layer_norm1.weight`, 1],
  [`${layer}.layer_norm1.bias`, 0],
  ['vision_model.post_layernorm.weight', 1],
  [`${head}.layernorm.weight`, 1],
  [`${layer}.self_attn.k_proj.bias`, 0],
  [`${head}.attention.in_proj_bias`, 0],
  [`${head}.attention.out_proj.bias`, 0],
  ['vision_model.embeddings.patch_embedding.bias', 0],
  ['text_model.head.bias', 0],
  ['classifier.bias', 0],
  ['logit_scale', 0],
  ['logit_bias', 0],
])('%s is %d', async (key, constant) => {
  expect((await values(key)).every((v) => v === constant)).toBe(true);
});

test('the seed decides, and nothing else', async () => {
  const key = 'text_model.head.weight';
  const again = await SiglipModel.fromConfig(config(), { backend: cpu(), seed: 3 });
  const other = await SiglipModel.fromConfig(config(), { backend: cpu(), seed: 4 });
  const of = (m: SiglipModel) => m.runtime.checkpoint.read(key, 0, D, 'float64');
  expect(await of(again)).toEqual(await values(key));
  expect(await of(other)).not.toEqual(await values(key));
});
