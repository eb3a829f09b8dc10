// Runs the example of packages/tokenizer/README.md and compares what it prints with its comments.
import { readFileSync } from 'node:fs';
import * as tokenizer from '@siglip-ts/tokenizer';
import { expect, test } from 'vitest';
import { tinyModel } from './goldens.ts';

const root = new URL('../../', import.meta.url);

test.skipIf(!tinyModel())('the example prints what it says', () => {
  const readme = readFileSync(new URL('packages/tokenizer/README.md', root), 'utf8');
  const code = /```ts\n([^]*?)```/.exec(readme)![1]!;
  const expected = [...code.matchAll(/^\/\/ (.*)$/gm)].map((match) => match[1]);
  const printed: string[] = [];
  const scope = {
    ...tokenizer,
    readFileSync: (path: string) => new Uint8Array(readFileSync(new URL(path, root))),
    console: { log: (...values: unknown[]) => void printed.push(values.join(' ')) },
  };
  const body = code.replace(/^import .*$/gm, '');
  new Function(...Object.keys(scope), body)(...Object.values(scope));
  expect(printed).toEqual(expected);
});
