// Runs the tests of the packages that promise to work where code generation is forbidden (a strict CSP, edge workers)
// under `node --disallow-code-generation-from-strings`. Tests that need backend-cpu are left out: ndarray generates code.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';

const here = import.meta.dirname;
const tests = join(here, '..');
const FOLDERS = ['core', 'tokenizer', 'image', 'safetensors'];

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(tests, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(tests, folder, name)),
);
const needsCpu = (file) => /backend-cpu|child_process/.test(readFileSync(file, 'utf8'));
const chosen = files.filter((file) => !needsCpu(file));
for (const file of files.filter(needsCpu))
  console.log(`left out: ${relative(tests, file)} (needs backend-cpu or a child process)`);

const folder = mkdtempSync(join(tests, '.no-eval-'));
let failed = false;
try {
  for (const file of chosen) {
    const entry = join(folder, 'entry.mjs');
    writeFileSync(
      entry,
      `import ${JSON.stringify(file)};\nimport { finish } from ${JSON.stringify(join(here, 'vitest-shim.ts'))};\nawait finish();\n`,
    );
    const bundle = await rolldown({
      input: entry,
      platform: 'node',
      resolve: {
        conditionNames: ['siglip:source', 'import', 'node', 'default'],
        alias: { vitest: join(here, 'vitest-shim.ts') },
        modules: [join(tests, '../node_modules')],
      },
      onwarn() {},
    });
    const out = join(folder, 'bundle.mjs'); // as deep below the root as the tests: they reach for ../../fixtures
    await bundle.write({ file: out, format: 'esm' });
    const run = spawnSync(process.execPath, ['--disallow-code-generation-from-strings', out], {
      encoding: 'utf8',
      cwd: join(tests, '..'),
    });
    failed ||= run.status !== 0;
    const summary = run.stdout.trim().split('\n').at(-1);
    console.log(`${relative(tests, file)}: ${summary}`);
    if (run.status !== 0) console.error(run.stderr.slice(0, 5000));
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(failed ? 1 : 0);
