// Damaged copies of the PNG and JPEG files of a folder, the same ones for the same seed: for a comparison with others by hand.
// Started by tools/fuzz/mutate.mjs.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutateJpeg } from './mutate/jpeg.ts';
import { mutatePng } from './mutate/png.ts';
import { randomOf } from './random.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
});
const [originals = '', out = ''] = positionals;
const files = readdirSync(originals).sort();
mkdirSync(out, { recursive: true });
for (let i = 0; i < Number(values.count); i++) {
  const r = randomOf(`${values.seed}/damaged/${i}`);
  const name = r.pick(files);
  const bytes = new Uint8Array(readFileSync(join(originals, name)));
  const mutate = bytes[0] === 0x89 ? mutatePng : mutateJpeg;
  writeFileSync(join(out, `${String(i).padStart(6, '0')}-${name}`), mutate(r, bytes));
}
