// Vocabulary and merges that are read straight from a tokenizer.json's bytes, against JSON.parse: the same, or nothing.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPacked } from '../../packages/tokenizer/src/json/packed.ts';
import { utf8Decode } from '../../packages/tokenizer/src/text/utf8.ts';

type Vocab = Record<string, number>;
type Merge = string | [string, string];
interface File {
  model: { vocab: Vocab; merges: Merge[] };
}

/** Whether it was read; what was read is what JSON.parse reads. */
function agrees(file: Uint8Array): boolean {
  const packed = readPacked(file);
  if (packed === null) return false;
  const { model, ...rest } = JSON.parse(utf8Decode(file)) as File;
  const { vocab, merges, ...others } = model;
  expect(packed.json).toEqual({ ...rest, model: { ...others, vocab: -1, merges: -2 } });
  expect(new Map(packed.ids)).toEqual(new Map(Object.entries(vocab)));
  const pairs = merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : merge));
  const three = pairs.map((pair) => [...pair, pair.join('')].map((token) => vocab[token]));
  expect([...packed.merges]).toEqual(three.flat());
  for (const [token, id] of Object.entries(vocab)) {
    expect(packed.ids.get(token)).toBe(id);
    expect(packed.ids.tokenOf(id)).toBe(token);
    expect(packed.ids.get(`${token}\u0002`)).toBe(undefined);
  }
  expect([packed.ids.tokenOf(-1), packed.ids.tokenOf(packed.ids.size)]).toEqual([undefined, undefined]); // prettier-ignore
  return true;
}

/** Letters of every kind, so few that tokens are often made of others. */
const letter = fc.constantFrom(...'ab"\\\n\x01é▁猫🙂 {}[],:', '\u2028', '__proto__');
const token = fc.array(letter, { maxLength: 3 }).map((letters) => letters.join(''));
const files = fc
  .record({
    tokens: fc.uniqueArray(token, { minLength: 1, maxLength: 30 }),
    spaced: fc.constantFrom(undefined, 1, '\t'),
    lists: fc.boolean(),
  })
  .map(({ tokens, spaced, lists }) => {
    const known = new Set(tokens);
    const pairs = tokens.flatMap((left) => tokens.map((right): [string, string] => [left, right]));
    const made = pairs.filter((pair) => known.has(pair.join('')));
    const fits = lists ? made : made.filter((pair) => !pair.join('').includes(' '));
    const merges = lists ? fits : fits.map((pair) => pair.join(' '));
    const vocab = `{${tokens.map((t, id) => `${JSON.stringify(t)}: ${id}`).join(',')}}`;
    const all = { added_tokens: [{ content: '"vocab": {' }], model: { type: 'BPE', vocab: 0, merges } }; // prettier-ignore
    return JSON.stringify(all, null, spaced).replace(/"vocab": ?0/, () => `"vocab" : ${vocab}`);
  });

test('a file as it is written', () => {
  fc.assert(
    fc.property(files, (text) => {
      const { merges } = (JSON.parse(text) as File).model;
      expect(agrees(new TextEncoder().encode(text))).toBe(merges.length > 0);
    }),
  );
});

test('a file with changed bytes', () => {
  const changes = fc.array(
    fc.tuple(fc.nat(), fc.constantFrom(...Buffer.from('"\\{}[]:,0 19a\n\x00\xff', 'latin1'))),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(files, changes, (text, list) => {
      const file = new TextEncoder().encode(text);
      for (const [at, byte] of list) file[at % file.length] = byte;
      agrees(file);
    }),
    { numRuns: 2000 },
  );
});

test('what only JSON.parse can read is left to it', () => {
  const file = (vocab: string, merges = '["a b"]') =>
    Buffer.from(`{"model": {"vocab": ${vocab}, "merges": ${merges}}}`);
  const plain = '{"a": 0, "b": 1, "ab": 2}';
  expect(agrees(file(plain))).toBe(true);
  for (const vocab of [
    '{"a": 0, "b": 2, "ab": 1}', // in another order
    '{"a": 0, "b": 1, "ab": 2, "a": 3}', // twice
    '{"a": 0, "b": 1, "ab": 2, "\\ud800": 3}', // not UTF-8
    '{"a": 0, "b": 1, "ab": 2.0}',
    '{"a": 00, "b": 1, "ab": 2}',
    '{}',
  ])
    expect(readPacked(file(vocab)), vocab).toBe(null);
  for (const merges of ['[]', '["a  b"]', '["ab"]', '["a c"]', '[["a", "b", "ab"]]', '["a b",]'])
    expect(readPacked(file(plain, merges)), merges).toBe(null);
  const elsewhere = `{"vocab": ${plain}, "merges": ["a b"], "model": {}}`;
  expect(readPacked(Buffer.from(elsewhere))).toBe(null);
  const twice = `{"model": {"vocab": ${plain}, "merges": ["a b"], "vocab": {"a": 0}}}`;
  expect(readPacked(Buffer.from(twice))).toBe(null);
});

test("the vocabulary of Gemma's kind", () => {
  const name = new URL('../../fixtures/tokenizer/gemma/tokenizer.json', import.meta.url);
  expect(agrees(readFileSync(name))).toBe(true);
});
