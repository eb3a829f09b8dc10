// npm run test:mutation -- PACKAGE_OR_FILE…: mutates those sources, and lets the tests of their packages judge. Settings are in
// stryker.config.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The packages that are judged, and the folders of tests that do it. */
const JUDGES = {
  safetensors: ['safetensors'],
  siglip: ['siglip'],
  trainer: ['trainer'],
  train: ['train'],
  autograd: ['autograd', 'train'],
  cli: ['cli'],
  'backend-wasm': ['backend-wasm', 'conformance'],
};
/** Not mutated. */
const LEFT_OUT = [
  // programs that make kernels: their bytes are compared
  'packages/backend-wasm/src/kernels/**',
  'packages/backend-wasm/src/assembler/**',
  'packages/backend-wasm/src/pixels/**',
  'packages/**/*-bytes.ts',
  'packages/backend-wasm/src/engine/threads.ts', // its source is sent to workers as a text, where Stryker is not
  'packages/siglip/src/worker/**', // runs in bundles
];

const root = join(import.meta.dirname, '../..');
const named = process.argv.slice(2);
const places = (named.length > 0 ? named : Object.keys(JUDGES)).map((name) =>
  existsSync(join(root, 'packages', name)) ? `packages/${name}/src` : name,
);
for (const place of places)
  if (!JUDGES[place.split('/')[1]] || !existsSync(join(root, place)))
    throw new Error(`${place}: expected a file, or a package of ${Object.keys(JUDGES).join(', ')}`);

const judges = new Set(places.flatMap((place) => JUDGES[place.split('/')[1]]));
const files = places.map((place) => statSync(join(root, place)).isDirectory() ? `${place}/**/*.ts` : place); // prettier-ignore
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js'),
    'run',
    join(import.meta.dirname, 'stryker.config.mjs'),
    '--mutate',
    [...files, ...LEFT_OUT.map((pattern) => `!${pattern}`)].join(','),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, MUTATION_TESTS: [...judges].join(' ') } },
);
process.exitCode = status ?? 1;
