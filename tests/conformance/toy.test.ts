// The backend of the chapter "your own backend", in the words of the page: its files, and the test that it shows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileIn, root } from '../docs/blocks.ts';

const PAGE = 'docs/your-own-backend.md';
const toy = fileIn(PAGE, 'toy.ts');

/** Beside the tests, so that imports resolve as theirs do. */
const folder = mkdtempSync(join(root, 'tests/.docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(join(folder, 'toy.ts'), toy);
writeFileSync(join(folder, 'toy.test.ts'), fileIn(PAGE, 'toy.test.ts'));
await import(/* @vite-ignore */ join(folder, 'toy.test.ts'));

test('150 lines of code, as the page says', () => {
  const code = toy
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*(\/\/|\/\*\*)/.test(line));
  expect(code.length).toBeLessThanOrEqual(150);
});
