// What a run rarely meets: numbers that are none, data that is mostly broken, captions of many epochs, and what is left in
// memory. Runs as they should go are in training.slow.ts.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { meter } from '@siglip-ts/core';
import { contrastive, openShards, type Recipe, type Sample, Sampler, type Shard, train, type TrainOptions } from '@siglip-ts/trainer'; // prettier-ignore
import { defaultModel, mapFiles } from 'siglip-ts';

const root = mkdtempSync(join(tmpdir(), 'siglip-cold-'));
afterAll(() => rmSync(root, { recursive: true }));

const RECIPE: Recipe = { steps: 3, batch_size: 2, learning_rate: 1e-3, weight_decay: 0, warmup: 0, schedule: 'constant', cooldown: 0, optimizer: 'adamw', clip: 0, freeze: '', seed: 7 }; // prettier-ignore

/** Pictures by the names of their files; what has none is broken. */
function folder(name: string, files: Readonly<Record<string, string | null>>): string {
  const path = join(root, name);
  mkdirSync(path);
  for (const [file, picture] of Object.entries(files))
    if (picture) cpSync(join('fixtures/images', picture), join(path, file));
    else writeFileSync(join(path, file), 'no picture');
  const rows = Object.keys(files).map((file_name) =>
    JSON.stringify({ file_name, text: file_name }),
  );
  writeFileSync(join(path, 'captions.jsonl'), rows.join('\n'));
  return path;
}
const data = folder('data', {
  'rocket.png': 'twemoji-rocket.png',
  'pizza.png': 'twemoji-pizza.png',
  'guitar.png': 'twemoji-guitar.png',
  'broken.png': null,
});

async function run(out: string, o: Partial<TrainOptions> = {}) {
  const backend = meter(await wasm());
  try {
    const result = await train({
      load: contrastive(),
      model: mapFiles(await defaultModel()),
      shards: await openShards([data]),
      out: join(root, out),
      backend,
      recipe: RECIPE,
      save_every: 1,
      keep: 9,
      ...o,
    });
    return { ...result, left: [backend.readings.live, backend.readings.weights] };
  } finally {
    backend.dispose();
  }
}

test('a loss that is no number ends the run, and what was saved before stays', async () => {
  let taken = 0;
  const shards: TrainOptions['shards'] = () => ({
    cursor: { epoch: 0, position: 0 },
    async take(n) {
      const x = ++taken === 2 ? NaN : 0.5;
      return Array.from({ length: n }, (_, i) => ({
        pixels: new Float32Array(3 * 64 * 64).fill(x * i),
        target: new Int32Array(16).fill(i + 5),
      }));
    },
  });
  await expect(run('nan', { shards })).rejects.toThrow('training: the loss is NaN');
  expect(readdirSync(join(root, 'nan')).sort()).toEqual(['metrics.jsonl', 'step-000001']);
});

test('a limit on the gradients changes what is learnt', async () => {
  const losses = async (clip: number) =>
    (await run(`clip ${clip}`, { recipe: { ...RECIPE, clip } })).rows.map((row) => row.loss);
  const [without, with_] = [await losses(0), await losses(1e-3)];
  expect(with_[0]).toBe(without[0]);
  expect(with_[2]).not.toBe(without[2]);
});

test('what is skipped is counted on, also of held-out pairs; nothing stays in memory', async () => {
  const lost = folder('held', { 'pizza.png': 'twemoji-pizza.png', 'lost.png': null });
  const held_out = await openShards([lost]);
  const told: string[] = [];
  const on_skip = (reason: string) => void told.push(reason);
  const stop = new AbortController();
  const on_step = ({ step }: { step: number }) => step === 2 && stop.abort();
  const o = { held_out, evaluate_every: 2, on_skip };
  const first = await run('skip', { ...o, on_step, signal: stop.signal });
  expect(first.skipped).toBe(told.length);
  expect(told.some((reason) => reason.includes('lost.png'))).toBe(true);
  const second = await run('skip', { ...o, resume: true });
  expect(second.skipped).toBe(told.length);
  expect(told.length).toBeGreaterThan(first.skipped);
  expect(first.left).toEqual([0, 0]);
  expect(second.left).toEqual([0, 0]);
});

/** Pairs in memory, each with three captions. */
const shard = (size: number): Shard => ({
  name: 'memory',
  size,
  read: async (i) => ({ name: `${i}`, image: new Uint8Array(), captions: ['a', 'b', 'c'] }),
});

test('every caption has its turn, another one in another epoch; the seed decides', async () => {
  const epochs = async (seed: number) => {
    const sampler = new Sampler([shard(4)], seed);
    const taken: string[] = [];
    const note = async ({ name, caption }: Sample) => void taken.push(`${name}${caption}`);
    await sampler.take(4 * 20, note, expect.fail);
    return taken;
  };
  const taken = await epochs(1);
  expect(new Set(taken).size).toBe(12); // each of 4 with each of 3
  expect(await epochs(1)).toEqual(taken);
  expect(await epochs(2)).not.toEqual(taken);
  // Not one and the same for all pairs of an epoch, either.
  expect(new Set(taken.slice(0, 40).map((x) => x[1])).size).toBe(3);
});

test('data that is mostly broken does not end a run: failures count from the last pair that was good', async () => {
  const good = async ({ name }: Sample) => {
    if (name !== '3') throw new Error(`bad ${name}`);
    return name;
  };
  let skipped = 0;
  const found = await new Sampler([shard(8)], 1).take(20, good, () => skipped++);
  expect(found).toEqual(Array(20).fill('3'));
  expect(skipped).toBeGreaterThan(100);
});
