// Trains the default model. README.md says what it needs and how long it takes.
//   node --experimental-wasm-relaxed-simd recipes/tiny-model/train.mjs [--photos DIR] [--threads N]
//     [--steps N] [--whole-from N] [--cooldown N] [--rate X] [--decay X] [--seed N] [--out FOLDER]
//     [--from CHECKPOINT]     another run, from where one ended; ../model is a checkpoint, too
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wasm } from '@siglip-ts/backend-wasm';
import { contrastive, reportSvg, train } from '@siglip-ts/trainer';
import { folderFiles, SiglipTokenizer } from 'siglip-ts';
import { concepts } from './concepts.mjs';
import { emojiArt, PHOTO, tiles } from './pictures.mjs';
import { openSource } from './source.mjs';
import { writeStart } from './start.mjs';

const here = new URL('.', import.meta.url).pathname;
const { values: o } = parseArgs({
  options: {
    photos: { type: 'string' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '10600' },
    'whole-from': { type: 'string', default: '9300' },
    cooldown: { type: 'string', default: '8200' },
    rate: { type: 'string', default: '1.5e-3' },
    decay: { type: 'string', default: '0.2' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string' },
    out: { type: 'string', default: join(here, '.run') },
  },
});
const BATCH = 128;

const seed = Number(o.seed);
const backend = await wasm({ threads: Number(o.threads), relaxed: true });
const tokenizer = await SiglipTokenizer.fromPretrained(
  folderFiles(join(here, '../../packages/tiny-model/model')),
);
const tokens = { padding: 'max_length', truncation: true, max_length: 16, return_tensors: true };
const idsOf = (caption) => Int32Array.from(tokenizer([caption], null, tokens).input_ids.data);
const art = await emojiArt(concepts, join(here, '.cache'));
const photos = o.photos ? await tiles(o.photos, PHOTO) : [];
const drawings = [...art.values()].reduce((sum, { length }) => sum + length, 0);
console.log(`${drawings} drawings of ${art.size} emoji, ${photos.length} photos`);
const whole_from = Number(o['whole-from']);
const shards = openSource({ concepts, art, photos, idsOf, whole_from });

const start = o.from ?? join(o.out, 'start');
if (!o.from && !existsSync(join(start, 'model.safetensors'))) {
  const batch = await shards(seed + 1).take(256);
  await writeStart(start, { backend, seed, batch, batch_size: BATCH });
}
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
let [loss, told] = [0, 0];
const result = await train({
  load: contrastive(),
  model: folderFiles(start),
  shards,
  out: o.out,
  backend,
  resume: true,
  signal: stop.signal,
  save_every: 100,
  keep: 2,
  recipe: {
    steps: Number(o.steps),
    batch_size: BATCH,
    learning_rate: Number(o.rate),
    weight_decay: Number(o.decay),
    warmup: 200,
    schedule: 'constant',
    cooldown: Number(o.cooldown),
    optimizer: 'adamw',
    clip: 1,
    freeze: '',
    seed,
  },
  on_step(row) {
    loss += (row.loss - loss) / Math.min(++told, 50);
    if (row.step % 20 === 0)
      console.log(
        `step ${row.step}, loss ${loss.toFixed(3)}, t ${row.logit_scale.toFixed(1)}, b ${row.logit_bias.toFixed(2)}, ${row.seconds.toFixed(2)} s`,
      );
  },
});
writeFileSync(join(o.out, 'report.svg'), reportSvg(result.rows));
console.log(`step ${result.step}, checkpoint ${result.folder}`);
backend.dispose();
