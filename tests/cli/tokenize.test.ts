// siglip tokenize: ids and tokens for programs and for people.
import { expect, test } from 'vitest';
import { json, model, siglip } from './harness.ts';

interface Document {
  input_ids: number[][];
  tokens: string[][];
}

test('pads to the full length unless told otherwise', async () => {
  const { input_ids, tokens } = await json<Document>(['tokenize', 'A photo of a cat!', 'two']);
  expect(input_ids.map((ids) => ids.length)).toEqual([16, 16]);
  expect(input_ids[0]!.slice(0, 7)).toEqual([4, 6, 3, 4, 60, 1, 1]);
  expect(tokens[0]!.slice(0, 7)).toEqual(['▁a', '▁photo', '▁of', '▁a', '▁cat', '</s>', '</s>']);
});

test.each([
  [
    ['--padding', 'none'],
    [6, 2],
  ],
  [
    ['--padding', 'longest'],
    [6, 6],
  ],
  [
    ['--padding', 'max_length', '--max-length', '4'],
    [4, 4],
  ],
  [
    ['--padding', 'none', '--max-length', '4'],
    [4, 2],
  ],
])('%j', async (more, lengths) => {
  const { input_ids } = await json<Document>(['tokenize', 'A photo of a cat!', 'two', ...more]);
  expect(input_ids.map((ids) => ids.length)).toEqual(lengths);
});

test('"-" reads JSON strings from stdin, one a line, in its place', async () => {
  const argv = ['tokenize', 'two', '-', 'two', '--padding', 'none'];
  const { tokens } = await json<Document>(argv, { stdin: '"a cat"\r\n"a"\n' });
  expect(tokens.map((list) => list.join(''))).toEqual([
    '▁two</s>',
    '▁a▁cat</s>',
    '▁a</s>',
    '▁two</s>',
  ]);
});

test('long texts are cut, or kept with a note', async () => {
  const long = 'cat '.repeat(20);
  const { input_ids } = await json<Document>(['tokenize', long]);
  expect(input_ids[0]!.length).toBe(16);
  const { code, stdout, stderr } = await siglip([
    'tokenize',
    'a',
    long,
    '--no-truncation',
    '--json',
  ]);
  expect((JSON.parse(stdout) as Document).input_ids[1]!.length).toBe(21);
  expect([code, stderr]).toEqual([
    0,
    'siglip: note: text 2 has 21 tokens, more than the full length of 16\n',
  ]);
});

test('for people: tokens over ids, padding as a count, 80 columns', async () => {
  const { stdout } = await siglip(['tokenize', 'A photo of a cat!']);
  expect(stdout).toBe(
    [
      '"A photo of a cat!" 16 tokens, of which 10 are padding',
      '  ▁a  ▁photo  ▁of  ▁a  ▁cat  </s>',
      '   4       6    3   4    60     1',
      '',
    ].join('\n'),
  );
  const long = await siglip(['tokenize', 'cat '.repeat(40), '--no-truncation']);
  const lines = long.stdout.split('\n').slice(1);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test.each([
  ['tokenize', '-'],
  ['classify', '-', '--labels', 'a'],
])('a stdin without end is left at 128 MiB: %s %s', async (...argv) => {
  const { code, stderr } = await siglip(argv, { endless: true });
  expect(stderr).toBe('siglip: stdin: more than 134217728 bytes, expected at most 134217728\n');
  expect(code).toBe(2);
});

test('an empty stdin is no text', async () => {
  const line = 'siglip: stdin: it is empty, expected one JSON string per line\n';
  expect(await siglip(['tokenize', '-'])).toEqual({ code: 2, stdout: '', stderr: line });
  expect(await siglip(['embed', '--text', '-'])).toEqual({ code: 2, stdout: '', stderr: line });
});

test.each([
  [
    ['tokenize', 'x', '--max-length', '0'],
    "option '--max-length <n>' argument '0' is invalid. Expected a whole number from 1.",
  ],
  [
    ['tokenize', 'x', '--padding', 'wide'],
    "option '--padding <kind>' argument 'wide' is invalid. Allowed choices are max_length, longest, none.",
  ],
  [['tokenize'], "missing required argument 'texts'; see siglip tokenize --help"],
  [
    ['tokenize', 'x', '--model', model('plain')],
    `${model('plain')} does not appear to have a file named spiece.model`,
  ],
  [
    ['tokenize', 'x', '--model', 'no where'],
    "Incorrect path_or_model_id: 'no where'. Please provide either the path to a local folder or the repo_id of a model on the Hub.",
  ],
  [['tokenize', '-'], 'stdin, line 1: 7 is no JSON string, expected one such as "a cat"'],
])('%j', async (argv, line) => {
  expect(await siglip(argv, { stdin: '7\n' })).toEqual({
    code: 2,
    stdout: '',
    stderr: `siglip: ${line}\n`,
  });
});

test('200,000 lines are as many rows', async () => {
  const stdin = Array.from({ length: 200_000 }, (_, i) => `"t${i % 10}"`).join('\n');
  const { input_ids } = await json<{ input_ids: number[][] }>(['tokenize', '-'], { stdin });
  expect(input_ids.length).toBe(200_000);
});
