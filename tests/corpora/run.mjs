// Pictures of other projects, decoded by Pillow 13 and here: `npm run test:corpora`. Needs Python 3.10 or newer, npm and pip's
// registry. All that is fetched lies in node_modules/.cache/corpora.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleInto } from '../from-sources.mjs';
import { fetched } from './sources.mjs';

const here = import.meta.dirname;
const cache = join(here, '../../node_modules/.cache/corpora');
mkdirSync(cache, { recursive: true });

/** A Python with Pillow 13.0.0. */
function venv() {
  const folder = join(cache, 'venv');
  const python = join(folder, 'bin/python');
  if (existsSync(join(folder, 'ready'))) return python;
  rmSync(folder, { recursive: true, force: true });
  execFileSync('python3', ['-m', 'venv', folder]);
  const packages = ['pillow==13.0.0', 'numpy'];
  execFileSync(python, ['-m', 'pip', 'install', '-q', ...packages], { stdio: 'inherit' });
  writeFileSync(join(folder, 'ready'), '');
  return python;
}

const python = venv();
const sources = fetched(cache, python).map((source) => {
  const judged = spawnSync(python, [join(here, 'judge.py')], {
    input: source.files.map((file) => `${file}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = judged.stdout.trim().split('\n');
  if (judged.status !== 0 || lines.length !== source.files.length)
    throw new Error(
      `${source.name}: Pillow judged ${lines.length} of ${source.files.length} files`,
    );
  return { ...source, judged: lines.map((line) => JSON.parse(line)) };
});
const list = join(cache, 'judged.json');
writeFileSync(list, JSON.stringify({ cache, sources }));
const program = join(cache, 'program');
await bundleInto(program, { compare: join(here, 'compare.ts') });
const { status } = spawnSync(process.execPath, [join(program, 'compare.js'), list], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
