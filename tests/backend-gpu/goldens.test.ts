// The model on backend-gpu in mode webasm: every module's output of the tiny test models beside torch's float64, the
// embedded model's scores beside backend-cpu's, and memory over two hundred forwards.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GPU } from 'gpu.js';
import { expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { gpu } from '@siglip-ts/backend-gpu';
import { fromCheckpoint } from '@siglip-ts/core';
import { defaultModel, pipeline, SiglipModel } from 'siglip-ts';
import { difference, forward, loadCase, loadGolden } from '../siglip/modeling/golden.ts';
import { Counted, counts } from './counted.ts';

test.each([
  ['plain', 'float32', 'float64'],
  ['odd', 'float32', 'float64'],
  ['no-head', 'float32', 'float64'],
  ['classifier-3', 'float32', 'float64'],
] as const)('%s %s', async (name, variant, exact) => {
  const b = await gpu(GPU, { mode: 'webasm' });
  const c = await loadCase(name);
  const [inputs, truth] = [await loadGolden(name, variant), await loadGolden(name, exact)];
  const found = await forward(b, c, inputs);
  for (const key of inputs.tensors.keys()) {
    const { relative } = difference(await found.get(key)!.data(), truth.tensors.get(key)!.values);
    expect(relative, key).toBeLessThanOrEqual(1e-5);
  }
  b.dispose();
});

const images = join(import.meta.dirname, '../../fixtures/images');
const photos = readdirSync(images).filter((name) => name.endsWith('g'));
const labels = ['rocket', 'pizza', 'guitar', 'cat', 'bicycle', 'a cup of coffee'];

test('the embedded model scores photos as on backend-cpu', async () => {
  const [ours, theirs] = await Promise.all(
    [await gpu(GPU, { mode: 'webasm' }), cpu()].map(async (backend) => {
      const classify = await pipeline('zero-shot-image-classification', undefined, { backend });
      return classify(
        photos.map((name) => join(images, name)),
        labels,
      );
    }),
  );
  ours!.forEach((scores, i) => {
    const expected = new Map(theirs![i]!.map((s) => [s.label, s.score]));
    for (const { label, score } of scores)
      expect(Math.abs(score - expected.get(label)!), `${photos[i]} ${label}`).toBeLessThan(1e-4);
  });
});

test('a forward leaves nothing on the device but weights, and those go too', async () => {
  const before = counts.alive;
  const b = await gpu(Counted, { mode: 'webasm' });
  expect(counts.alive).toBe(before); // the canary's are gone
  const c = await loadCase('plain');
  const store = fromCheckpoint(b, c.checkpoint, 'float32');
  await forward(b, c, await loadGolden('plain', 'float32'), { store });
  store.dispose();
  await b.read({
    shape: [0],
    dtype: 'float32',
    handle: b.upload(new Float32Array(0), [0], 'float32'),
  });
  expect(counts.alive).toBe(before);
});

test('two hundred forwards of the embedded model leave the memory of ten', async () => {
  const backend = await gpu(Counted, { mode: 'webasm' });
  const model = await SiglipModel.fromPretrained(await defaultModel(), { backend });
  const { image_size: n } = model.config.vision_config;
  const pixel_values = { shape: [1, 3, n, n], data: new Float32Array(3 * n * n).fill(0.25) };
  const input_ids = { shape: [1, 4], data: Int32Array.of(5, 6, 7, 1) };
  const memory = [];
  for (let i = 1; i <= 200; i++) {
    await model.get_text_features({ input_ids });
    if (i % 10 === 0) await model.get_image_features({ pixel_values }); // takes ten times as long
    if (i === 10 || i === 200) memory.push({ ...counts });
  }
  expect(memory[1]).toEqual(memory[0]);
});
