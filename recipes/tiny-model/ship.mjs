// Makes a checkpoint the package's model: its weights in float16, and beside this file what its run said, and the runs
// that it began from.
//   node recipes/tiny-model/ship.mjs [recipes/tiny-model/.run/step-... ...] recipes/tiny-model/.run-2/step-...
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { toBits } from '@siglip-ts/core';
import { openSafetensors, serialize } from '@siglip-ts/safetensors';
import { fileSource } from '@siglip-ts/safetensors/node';
import { reportSvg } from '@siglip-ts/trainer';

/** Steps of which a row of metrics.jsonl is the mean. */
const STEPS = 20;

const here = new URL('.', import.meta.url).pathname;
const folders = process.argv.slice(2);
if (folders.length === 0) throw new Error('which checkpoint? node ship.mjs [EARLIER...] FOLDER');

const weights = await openSafetensors(await fileSource(join(folders.at(-1), 'model.safetensors')));
const halves = new Map();
for (const name of weights.tensors.keys()) {
  const { shape, data } = await weights.read(name);
  halves.set(name, { dtype: 'F16', shape, data: toBits(data, 'float16') });
}
await weights.close();
writeFileSync(join(here, '../../packages/tiny-model/model/model.safetensors'), serialize(halves, new Map([['format', 'pt']]))); // prettier-ignore

const rows = [];
for (const folder of folders) {
  const [before, last] = [rows.length, Number(basename(folder).slice('step-'.length))];
  const text = readFileSync(join(folder, '../metrics.jsonl'), 'utf8').trim();
  const told = new Map(
    text
      .split('\n')
      .map((line) => JSON.parse(line))
      .map((r) => [r.step, r]),
  );
  for (let step = 1; step <= last; step++) rows.push({ ...told.get(step), step: before + step });
}
const means = [];
for (let at = 0; at < rows.length; at += STEPS) means.push(mean(rows.slice(at, at + STEPS)));
writeFileSync(join(here, 'metrics.jsonl'), means.map((row) => `${JSON.stringify(row)}\n`).join(''));
writeFileSync(join(here, 'curves.svg'), reportSvg(means));
console.log(`${rows.at(-1).step} steps, ${halves.size} tensors`);

function mean(part) {
  const of = (name) => part.reduce((sum, row) => sum + row[name], 0) / part.length;
  const names = Object.keys(part[0]).filter((name) => name !== 'step');
  const means = names.map((name) => [name, Number(of(name).toPrecision(6))]);
  return { step: part.at(-1).step, ...Object.fromEntries(means) };
}
