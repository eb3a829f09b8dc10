// The fuzz itself: it notices each kind of mistake that planted.ts has, saves the input, and replays it. Not what it finds.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const fuzz = (...args: string[]) => {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, 'run.mjs'), ...args], {
    encoding: 'utf8',
  });
  return { status: run.status, printed: run.stdout + run.stderr };
};

const KINDS: Readonly<Record<string, RegExp>> = {
  hang: /hang: more than 5 s/,
  growth: /growth: more than 500 MB/,
  'slow-growth': /growth: \d+ MB/,
  crash: /crash: exit SIGABRT/,
  engine: /engine's words: Cannot read properties of undefined/,
  thrown: /thrown: a string/,
  wrong: /result: a wrong result/,
  unnamed: /no name: file x: 7/,
};

test.each(Object.entries(KINDS))('%s is noticed, saved and replayed', (kind, words) => {
  const minutes = kind === 'slow-growth' ? '0.2' : '0.01'; // which takes many inputs
  const found = fuzz('--only', `planted-${kind}`, '--minutes', minutes);
  expect(found.printed).toMatch(words);
  expect(found.printed).toMatch(/^0 passed, 1 failed$/m);
  expect(found.status).toBe(1);
  const file = / {4}(\S+\.bin)$/m.exec(found.printed)![1]!;
  expect([...readFileSync(file)]).toEqual([7]);
  const again = fuzz('--replay', file);
  expect(again.status).toBe(kind === 'slow-growth' ? 0 : 1); // which one input alone does not show
  if (kind !== 'slow-growth') expect(again.printed).toMatch(words);
});

test('a parser that refuses nothing does not pass, one that is not known is named', () => {
  const found = fuzz('--only', 'planted-nothing', '--minutes', '0.01');
  expect(found.printed).toMatch(/nothing was read, or nothing refused\n0 passed, 1 failed/);
  expect(fuzz('--only', 'gif').printed).toContain('parser "gif", expected one of png, jpeg-');
});
