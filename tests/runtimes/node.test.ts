// The engine's bits in Node: with one thread and two, and where code may not be generated from strings.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, test } from 'vitest';
import { bundle, root } from './bundle.ts';
import { expectAnswer } from './golden.ts';

const folder = mkdtempSync(join(tmpdir(), 'siglip-runtimes-'));
const program = join(folder, 'files.js');
beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const files = await bundle('files.ts', { platform: 'node' });
  for (const [name, code] of files) writeFileSync(join(folder, name), code);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['one thread', [program, '1']],
  ['two threads', [program, '2']],
  ['no eval', ['--disallow-code-generation-from-strings', program, '1']],
])('%s', async (_, args) => {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expectAnswer(JSON.parse(stdout));
});
