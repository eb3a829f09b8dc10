// The README's examples: every `$ siglip ...` is run, and must print what stands below it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { siglip } from './harness.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'packages/cli/README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block!);
const examples = blocks.flatMap((block) =>
  block
    .split(/^\$ siglip /m)
    .slice(1)
    .map((example) => {
      const end = example.indexOf('\n');
      return [example.slice(0, end), example.slice(end + 1)] as const;
    }),
);

/** Words of a shell command; paths are from the root, wherever the tests run. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(4);
});

test.each(examples)('siglip %s', async (command, expected) => {
  const before = process.cwd();
  process.chdir(root);
  try {
    const result = await siglip(wordsOf(command));
    expect(result).toEqual({ code: 0, stdout: expected, stderr: '' });
  } finally {
    process.chdir(before);
  }
});
