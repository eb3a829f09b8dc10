// Runs the code blocks of packages/image/README.md, and compares what they print with their comments.
import * as image from '@siglip-ts/image';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { FIXTURES } from './bundle.ts';

const ROOT = join(FIXTURES, '..');
const MODULES: Record<string, object> = {
  '@siglip-ts/image': image,
  'node:fs': { readFileSync: (path: string) => fs.readFileSync(join(ROOT, path)) },
};

const text = fs.readFileSync(join(ROOT, 'packages/image/README.md'), 'utf8');
const blocks = [...text.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!);

test.each(blocks.map((block, i) => [i, block] as const))('block %i', (_, block) => {
  const printed: string[] = [];
  const log = (...values: unknown[]) =>
    printed.push(values.map((v) => (typeof v === 'string' ? v : inspect(v))).join(' '));
  const code = block.replace(/^import (\{.*\}) from '(.*)';$/gm, "const $1 = modules['$2'];");
  new Function('modules', 'console', code)(MODULES, { log });
  const promised = [...block.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThan(0);
});
