// Runs of models with attention_dropout: seed and step decide the masks, so that a run that was stopped goes on with them.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { classifier, contrastive, type LoadTrainee, openShards, train } from '@siglip-ts/trainer';
import { folderFiles } from 'siglip-ts';

const root = mkdtempSync(join(tmpdir(), 'siglip-dropout-'));
afterAll(() => rmSync(root, { recursive: true }));

const model = join(root, 'model');
cpSync('packages/tiny-model/model', model, { recursive: true });
const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
for (const tower of ['text_config', 'vision_config']) config[tower].attention_dropout = 0.2;
writeFileSync(join(model, 'config.json'), JSON.stringify(config));

const data = join(root, 'data');
mkdirSync(data);
const rows = ['rocket', 'pizza', 'guitar', 'bicycle'].map((text) => {
  const file_name = `twemoji-${text}.png`;
  cpSync(join('fixtures/images', file_name), join(data, file_name));
  return { file_name, text };
});
writeFileSync(join(data, 'captions.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));

const LOADS: Record<string, LoadTrainee> = {
  contrastive: contrastive(),
  'contrastive, in chunks': contrastive({ chunk: 2 }),
  classifier: classifier(['rocket', 'pizza', 'guitar', 'bicycle'], 5),
};

describe.each(Object.entries(LOADS))('%s', (name, load) => {
  async function run(folder: string, steps: number) {
    const backend = await wasm();
    const result = await train({
      load,
      model: folderFiles(model),
      shards: await openShards([data]),
      out: join(root, name, folder),
      backend,
      save_every: 1,
      keep: 1,
      resume: true,
      recipe: {
        steps,
        batch_size: 4,
        learning_rate: 1e-3,
        weight_decay: 0,
        warmup: 0,
        schedule: 'constant',
        cooldown: 0,
        optimizer: 'adamw',
        clip: 1,
        freeze: '',
        seed: 7,
      },
    });
    backend.dispose();
    return result.rows.map(({ seconds: _, ...row }) => row);
  }

  test('a stopped run goes on to the same numbers', async () => {
    const whole = await run('whole', 3);
    await run('stopped', 2);
    expect(await run('stopped', 3)).toEqual(whole);
  });

  test('another step has other masks, the same one the same', async () => {
    const backend = await wasm();
    const trainee = await load(folderFiles(model), backend);
    const shards = await openShards([data]);
    const batch = await Promise.all(
      rows.map(async (_, i) => {
        const { name, image, captions } = await shards[0]!.read(i);
        return trainee.prepare({ name, image, caption: captions[0]! });
      }),
    );
    const lossAt = async (step: number) => {
      const { loss } = await trainee.gradients(batch, null, { seed: 7, step });
      return (await loss.data())[0]!;
    };
    const first = await lossAt(0);
    expect(await lossAt(1)).not.toBe(first);
    expect(await lossAt(0)).toBe(first);
    backend.dispose();
  });
});
