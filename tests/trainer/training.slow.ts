// Whole runs on a handful of pictures: they learn, resume to the bit, survive being killed, and say what they skip.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { convert } from '@siglip-ts/core';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import {
  checkpoints,
  contrastive,
  openShards,
  type Recipe,
  type Source,
  train,
  type TrainOptions,
} from '@siglip-ts/trainer';
import { folderFiles, SiglipModel } from 'siglip-ts';

const root = mkdtempSync(join(tmpdir(), 'siglip-training-'));
afterAll(() => rmSync(root, { recursive: true }));

const PAIRS = {
  'twemoji-bicycle.png': 'a bicycle',
  'twemoji-guitar.png': 'a guitar',
  'twemoji-pizza.png': 'a pizza',
  'twemoji-rocket.png': 'a rocket',
  'cat.jpg': 'a cat',
  'astronaut-444.jpg': 'an astronaut',
};
const data = join(root, 'data');
mkdirSync(data);
for (const name of Object.keys(PAIRS)) cpSync(join('fixtures/images', name), join(data, name));
writeFileSync(join(data, 'broken.jpg'), 'no picture');
const rows = Object.entries({ ...PAIRS, 'broken.jpg': 'broken' });
writeFileSync(
  join(data, 'captions.jsonl'),
  rows.map(([file_name, text]) => JSON.stringify({ file_name, text })).join('\n'),
);

const RECIPE: Recipe = {
  steps: 6,
  batch_size: 4,
  learning_rate: 1e-3,
  weight_decay: 1e-4,
  warmup: 1,
  schedule: 'cosine',
  cooldown: 0,
  optimizer: 'adamw',
  clip: 1,
  freeze: '',
  seed: 7,
};

async function run(out: string, o: Partial<TrainOptions> = {}) {
  const backend = await wasm();
  const shards = await openShards([data]);
  try {
    return await train({
      load: contrastive(),
      model: folderFiles('packages/tiny-model/model'),
      shards,
      out: join(root, out),
      backend,
      recipe: RECIPE,
      save_every: 2,
      keep: 2,
      ...o,
    });
  } finally {
    backend.dispose();
  }
}
const numbers = (rows: readonly Readonly<Record<string, number>>[]) =>
  rows.map(({ seconds: _, ...rest }) => rest);

const skipped: string[] = [];
const whole = await run('whole', {
  held_out: await openShards([data]),
  evaluate_every: 3,
  on_skip: (reason) => skipped.push(reason),
});

test('it learns', () => {
  const losses = whole.rows.map((row) => row.loss!);
  expect(losses.length).toBe(6);
  expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
  expect(whole.evaluation!.zero_shot_accuracy).toBeGreaterThan(0.8);
});

test('a broken pair is skipped, counted and named', () => {
  expect(skipped.every((reason) => reason.includes(`${data}/broken.jpg: `))).toBe(true);
  expect(whole.skipped).toBe(skipped.length);
});

test('a checkpoint is a model that loads', async () => {
  await using model = await SiglipModel.fromPretrained(whole.folder);
  const output = await model({
    pixel_values: { data: new Float32Array(3 * 64 * 64), shape: [1, 3, 64, 64] },
    input_ids: { data: new Int32Array(16), shape: [1, 16] },
  });
  expect(output.logits_per_image.shape).toEqual([1, 1]);
  expect((await checkpoints(join(root, 'whole'))).map((c) => c.step)).toEqual([6, 4]);
});

test.each([2, 3, 5])(
  'stopped after %i steps and resumed: the same numbers and weights',
  async (n) => {
    const stop = new AbortController();
    const out = `stopped-${n}`;
    const first = await run(out, {
      signal: stop.signal,
      on_step: ({ step }) => step === n && stop.abort(),
    });
    expect(first.step).toBe(n);
    const second = await run(out, { resume: true });
    const { rows } = whole;
    expect(numbers(second.rows)).toEqual(
      numbers(rows).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([key]) => key in numbers(second.rows)[0]!)),
      ),
    );
    const weights = (folder: string) => readFileSync(join(folder, 'model.safetensors'));
    expect(Buffer.compare(weights(second.folder), weights(whole.folder))).toBe(0);
  },
);

test('a run at a constant rate may be prolonged, where no step taken would have been another', async () => {
  const constant = { ...RECIPE, schedule: 'constant', cooldown: 2 } as const;
  const short = await run('prolonged', { recipe: { ...constant, steps: 3, cooldown: 0 } });
  const long = await run('prolonged', { recipe: { ...constant, steps: 5 }, resume: true });
  expect(long.rows.map((row) => row.learning_rate)).toEqual([0, 1e-3, 1e-3, 1e-3, 5e-4]);
  expect(numbers(long.rows.slice(0, 3))).toEqual(numbers(short.rows));
  await expect(
    run('prolonged', { recipe: { ...constant, steps: 9 }, resume: true }),
  ).rejects.toThrow('steps was 5, is 9; a run is resumed with its own recipe');
});

test('a source of its own: what is also true is no negative, and dropped patches are not seen', async () => {
  const asked: number[] = [];
  const source =
    (also_true: boolean, patches?: Int32Array) =>
    (_: number, from = { epoch: 0, position: 0 }): Source => {
      let cursor = from;
      return {
        get cursor() {
          return cursor;
        },
        async take(n) {
          asked.push(cursor.position);
          cursor = { epoch: 0, position: cursor.position + 1 };
          return Array.from({ length: n }, (_, i) => ({
            pixels: new Float32Array(3 * 64 * 64).fill(i / n),
            target: new Int32Array(16).fill(i + 5),
            also_true: () => also_true,
            ...(patches && { patches }),
          }));
        },
      };
    };
  const first = async (name: string, shards: TrainOptions['shards']) => {
    const { rows } = await run(name, { shards, recipe: { ...RECIPE, steps: 1 } });
    return rows[0]!.loss!;
  };
  const all = Int32Array.from({ length: 64 }, (_, i) => i);
  const loss = await first('source', source(false));
  expect(await first('also-true', source(true))).toBeLessThan(loss);
  expect(await first('all-patches', source(false, all))).toBeCloseTo(loss, 5);
  expect(await first('half', source(false, all.slice(20, 52)))).not.toBeCloseTo(loss, 3);
  expect(asked).toEqual([0, 0, 0, 0]);
});

test('what is frozen does not move', async () => {
  const { folder } = await run('frozen', {
    recipe: { ...RECIPE, steps: 2, freeze: '^vision_model\\.' },
  });
  const [before, after] = await Promise.all(
    ['packages/tiny-model/model', folder].map((f) => SiglipModel.fromPretrained(f)),
  );
  for (const [key, moved] of [
    ['vision_model.head.probe', false],
    ['vision_model.encoder.layers.0.mlp.fc1.weight', false],
    ['text_model.encoder.layers.0.mlp.fc1.weight', true],
    ['logit_bias', true],
  ] as const) {
    const shape = before!.runtime.shapes.get(key)!;
    const [a, b] = await Promise.all(
      [before!, after!].map((m) => m.runtime.checkpoint.read(key, 0, shape[0]!, 'float32')),
    );
    expect(Buffer.compare(Buffer.from(a!.buffer), Buffer.from(b!.buffer)) !== 0, key).toBe(moved);
  }
});

test('what was resumed from may be removed: the checkpoints after it are whole', async () => {
  const stop = new AbortController();
  await run('long', { signal: stop.signal, on_step: ({ step }) => step === 1 && stop.abort() });
  const { folder } = await run('long', { resume: true, save_every: 1, keep: 1 });
  expect(readdirSync(folder).sort()).toEqual(readdirSync(whole.folder).sort());
  expect(readdirSync(folder)).toContain('spiece.model');
});

test.each([
  ['keep', { keep: 0 }],
  ['save_every', { save_every: 0 }],
  ['batch_size', { recipe: { ...RECIPE, batch_size: 0 } }],
  ['steps', { recipe: { ...RECIPE, steps: 0 } }],
] as const)('%s 0 is refused', async (name, o) => {
  await expect(run('zero', o)).rejects.toThrow(`${name}: 0, expected a whole number above 0`);
});

test('nothing is overwritten or mixed', async () => {
  await expect(run('whole')).rejects.toThrow(
    'it has a run up to step 6; resume it, or name another folder',
  );
  await expect(run('whole', { resume: true, recipe: { ...RECIPE, seed: 8 } })).rejects.toThrow(
    'seed was 7, is 8; a run is resumed with its own recipe',
  );
});

test.each<[string, string, (path: string) => void, RegExp]>([
  [
    'weights cut off',
    'model.safetensors',
    (p) => truncateSync(p, 200_000),
    /step-000004: .*model\.safetensors/,
  ],
  ['no weights', 'model.safetensors', (p) => rmSync(p), /step-000004: /],
  [
    'state cut off',
    'optimizer.safetensors',
    (p) => truncateSync(p, 100_000),
    /step-000004: .*safetensors/,
  ],
  ['no JSON', 'training.json', (p) => writeFileSync(p, '{"step": 4,'), /training\.json: .*JSON/],
  [
    'step 11.5',
    'training.json',
    (p) => edit(p, { step: 11.5 }),
    /training\.json: step is 11\.5, expected 4, as its folder says/,
  ],
  [
    'a link to a device',
    'training.json',
    (p) => (rmSync(p), symlinkSync('/dev/zero', p)),
    /training\.json: a device, expected a regular file/,
  ],
  [
    'too large',
    'training.json',
    (p) => truncateSync(p, 2 ** 40),
    /training\.json: 1099511627776 bytes, expected at most 1048576/,
  ],
  [
    'state that is a device',
    'optimizer.safetensors',
    (p) => (rmSync(p), symlinkSync('/dev/zero', p)),
    /optimizer\.safetensors: a device, expected a regular file/,
  ],
  [
    'no cursor',
    'training.json',
    (p) => edit(p, { cursor: 3 }),
    /training\.json: cursor is 3, expected an object/,
  ],
  [
    'half a position',
    'training.json',
    (p) => edit(p, { cursor: { epoch: 0, position: 0.5 } }),
    /training\.json: cursor\.position is 0\.5, expected a whole number/,
  ],
])(
  'a newest checkpoint that is damaged (%s): the one before it is taken, with a warning',
  async (name, file, damage, warning) => {
    const out = `damaged ${name}`;
    cpSync(await fourSteps(), join(root, out), { recursive: true });
    damage(join(root, out, 'step-000004', file));
    const warnings: string[] = [];
    const { rows } = await run(out, { resume: true, warn: (message) => warnings.push(message) });
    expect(warnings).toEqual([expect.stringMatching(warning)]);
    expect(warnings[0]).toContain('; going on from the checkpoint before it');
    expect(numbers(rows)).toEqual(numbers((await run(`whole ${name}`)).rows));
  },
);

test('no checkpoint that is whole: the newest one’s fault is told', async () => {
  cpSync(await fourSteps(), join(root, 'all damaged'), { recursive: true });
  for (const step of ['step-000002', 'step-000004'])
    edit(join(root, 'all damaged', step, 'training.json'), { step: -1 });
  await expect(run('all damaged', { resume: true, warn() {} })).rejects.toThrow(
    /step-000004.training\.json: step is -1, expected 4/,
  );
});

test('decay is multiplied by the rate, and is of matrices alone', async () => {
  const weight = async (weight_decay: number, key: string) => {
    const recipe = { ...RECIPE, steps: 1, warmup: 0, weight_decay };
    const { folder } = await run(`decay ${weight_decay}`, { recipe, resume: true });
    const bytes = readFileSync(join(folder, 'model.safetensors'));
    const file = await openSafetensors(bytesSource(new Uint8Array(bytes)));
    return (await file.read(key)).data as Float32Array;
  };
  const start = readFileSync('packages/tiny-model/model/model.safetensors');
  const before = await openSafetensors(bytesSource(new Uint8Array(start)));
  const [key, bias] = ['vision_model.encoder.layers.0.mlp.fc1.weight', 'vision_model.encoder.layers.0.mlp.fc1.bias']; // prettier-ignore
  const [with_, without] = [await weight(0.1, key), await weight(0, key)];
  const { data } = await before.read(key);
  // Rate 1e-3 times decay 0.1 of the weight, whatever the gradient was; rounded to float32 as the weight is.
  const wide = convert(data as Uint16Array, 'float16', 'float64') as Float64Array;
  const lost = wide.map((_, i) => without[i]! - with_[i]!);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  expect(dot(lost, wide) / dot(wide, wide)).toBeCloseTo(1e-4, 6);
  expect(await weight(0.1, bias)).toEqual(await weight(0, bias));
});

/** A run that was stopped after four of its six steps, with its two newest checkpoints. */
let stopped: Promise<string> | undefined;
function fourSteps(): Promise<string> {
  stopped ??= (async () => {
    const stop = new AbortController();
    const on_step = ({ step }: { step?: number }) => step === 4 && stop.abort();
    await run('four', { signal: stop.signal, on_step });
    return join(root, 'four');
  })();
  return stopped;
}

function edit(path: string, changes: object): void {
  const whole = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...whole, ...changes }));
}
