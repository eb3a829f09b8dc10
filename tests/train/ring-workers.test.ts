// A global batch over real threads: each has a backend and its own pairs, only texts travel, and the sums of what they
// find are the loss and the gradients of the whole batch in one process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { SiglipConfig } from '@siglip-ts/core';
import { contrastiveGradients, loadParameters, type Pairs } from '@siglip-ts/train';
import { loadGolden } from '../autograd/golden.ts';
import { numbers } from '../autograd/random.ts';
import { bundle } from '../runtimes/bundle.ts';
import { difference } from '../siglip/modeling/golden.ts';
import type { Answer, Device } from './ring-worker.ts';

const B = 6;
const { model } = await loadGolden('plain', 'float64');
const config = SiglipConfig.from_dict(model.config);
const { vision_config: v, text_config: t } = config;
const shapes = {
  pixels: [v.num_channels, v.image_size, v.image_size],
  ids: [t.max_position_embeddings],
};
const [P, T] = [v.num_channels * v.image_size ** 2, t.max_position_embeddings];
const pixels = numbers(B * P, 5);
const ids = Int32Array.from({ length: B * T }, (_, i) => (i * 7 + ((i / T) | 0)) % t.vocab_size);

/** Pairs from one to before another. */
const pairsOf = (from: number, to: number): Pairs => ({
  pixel_values: { data: pixels.slice(from * P, to * P), shape: [to - from, ...shapes.pixels] },
  input_ids: { data: ids.slice(from * T, to * T), shape: [to - from, ...shapes.ids] },
});

const parameters = await loadParameters(cpu(), model.checkpoint, { dtype: 'float64' });
const host: Device['parameters'] = new Map(
  await Promise.all(
    [...parameters].map(async ([key, x]) => {
      const data = (await x.data()) as Float64Array;
      return [key, { data, shape: x.shape }] as const;
    }),
  ),
);
const whole = await contrastiveGradients(config, parameters, pairsOf(0, B));

const root = mkdtempSync(join(tmpdir(), 'siglip-ring-'));
afterAll(() => rmSync(root, { recursive: true }));
writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
for (const [name, code] of await bundle('../train/ring-worker.ts', { platform: 'node' }))
  writeFileSync(join(root, name), code);

/** What W threads answer, each with its share of the batch. */
async function ring(W: number, backend: Device['backend']): Promise<Answer[]> {
  const channels = Array.from({ length: W }, () => new MessageChannel()); // i: from device i to i + 1
  const workers = channels.map(({ port1: next }, i) => {
    const before = channels[(i + W - 1) % W]!.port2;
    const pairs = pairsOf((i * B) / W, ((i + 1) * B) / W);
    const common = { backend, config: model.config, parameters: host, devices: W };
    const workerData: Device = { ...common, pairs, next, before };
    // The DOM's MessagePort and Node's are one class with two types.
    return new Worker(join(root, 'ring-worker.js'), {
      workerData,
      transferList: [next, before] as never[],
    });
  });
  try {
    const answers = workers.map(
      (worker) =>
        new Promise<Answer>((resolve, reject) => worker.on('message', resolve).on('error', reject)),
    );
    return await Promise.all(answers);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

test.each([
  [2, 'cpu', 1e-11],
  [3, 'cpu', 1e-11],
  [2, 'wasm', 1e-5],
  [3, 'wasm', 1e-5],
] as const)('%d threads, each on %s', async (W, backend, tolerance) => {
  const answers = await ring(W, backend);
  const loss = answers.reduce((sum, a) => sum + a.loss, 0);
  expect(difference([loss], await whole.loss.data()).relative).toBeLessThan(tolerance);
  for (const answer of answers)
    expect([...answer.gradients.keys()].sort()).toEqual([...whole.gradients.keys()].sort());
  for (const [key, g] of whole.gradients) {
    const shares = answers.map(({ gradients }) => gradients.get(key)!);
    const expected = await g.data();
    const sum = Float64Array.from(expected, (_, i) => shares.reduce((s, x) => s + x[i]!, 0));
    const { absolute, relative } = difference(sum, expected);
    // A gradient of zero (the key's bias, whose effect the softmax cancels) has only absolute size.
    expect(Math.min(absolute, relative), key).toBeLessThan(tolerance);
  }
});
