// siglip explain-score: every number agrees with the model's own, and bad input ends in one line.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Explanation } from '@siglip-ts/inspect';
import { variant } from '../siglip/folders/variant.ts';
import { image, json, model, scratch, siglip } from './harness.ts';

const files = scratch();

const rocket = image('twemoji-rocket.png');
const explain = (text: string, ...more: string[]): Promise<Explanation> =>
  json<Explanation>(['explain-score', rocket, text, ...more]);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const saysOf = (e: Explanation, about: string) => e.remarks.find((r) => r.about === about)?.says;

/** What `classify` says of the same words, which does not come through explainScore. */
async function classified(text: string): Promise<number> {
  const argv = ['classify', rocket, '--label', text, '--template', '{}'];
  const [result] = await json<{ scores: { score: number }[] }[]>(argv);
  return result!.scores[0]!.score;
}

describe('numbers', () => {
  test('are those of classify, for the label and the sentence', async () => {
    const e = await explain('rocket');
    expect(e.score).toBeCloseTo(await classified('rocket'), 6);
    expect(e.template.label.score).toBe(e.score);
    expect(e.template.sentence.text).toBe('This is a photo of rocket.');
    const sentence = await classified('This is a photo of rocket.');
    expect(e.template.sentence.score).toBeCloseTo(sentence, 6);
    expect(Math.abs(sentence - e.score)).toBeGreaterThan(0.01); // so a swap of the two would show
  });

  test('a sentence is taken apart again', async () => {
    const e = await explain('this is a photo of rocket.');
    expect(e.template.label.text).toBe('rocket');
    expect(e.template.sentence.score).toBe(e.score);
    const own = await explain('rocket', '--template', 'an emoji of {}');
    expect(own.template.sentence.text).toBe('an emoji of rocket');
  });

  test.each(['float32', 'float64'])(
    '%s: temperature, cosine and bias make the logit',
    async (d) => {
      const e = await explain('a cat', '--dtype', d);
      const { temperature, bias, ...range } = e.range;
      const digits = d === 'float64' ? 11 : 4;
      expect(temperature * e.cosine + bias).toBeCloseTo(e.logit, digits);
      expect(sigmoid(e.logit)).toBe(e.score);
      expect(temperature * range.cosine_at_half + bias).toBeCloseTo(0, 12);
      expect(range.score_at_cosine_0).toBe(sigmoid(bias));
      expect(range.score_at_cosine_1).toBe(sigmoid(temperature + bias));
      expect(bias).toBeLessThan(-5);
    },
  );

  test('padding: without it the score is another', async () => {
    const e = await explain('rocket');
    expect(e.tokens).toMatchObject({ length: 16, padding: 14, truncated: [], unknown: [] });
    expect(Math.abs(e.unpadded.score - e.score)).toBeGreaterThan(0.01);
    const full = 'one two three four five six seven eight nine ten one two three four five six';
    const { tokens, unpadded, score } = await explain(full);
    expect(tokens.padding).toBe(0);
    expect(tokens.truncated).toEqual(tokens.pieces.slice(15));
    expect(tokens.truncated.length).toBeGreaterThan(0);
    expect(unpadded.score).toBeCloseTo(score, 12);
  });
});

describe('the text', () => {
  test('case and punctuation are counted and change nothing', async () => {
    const [plain, loud] = [await explain('a rocket'), await explain('A ROCKET!?')];
    expect(loud.tokens).toMatchObject({ lower_cased: 7, punctuation_removed: 2 });
    expect(loud.score).toBe(plain.score);
    expect(saysOf(loud, 'case')).toMatch(/^7 letters/);
    expect(saysOf(loud, 'punctuation')).toMatch(/^2 characters/);
  });

  test('unknown pieces and words in many pieces are named', async () => {
    const e = await explain('a 火 xylophonically');
    expect(e.tokens.unknown).toEqual(['火']);
    const last = e.tokens.words.at(-1)!;
    expect(last.word).toBe('xylophonically');
    expect(last.pieces).toBeGreaterThan(2);
    expect(saysOf(e, 'vocabulary')).toContain(`"xylophonically" in ${last.pieces}`);
    expect(saysOf(e, 'vocabulary')).toContain('unknown: "火"');
    expect(saysOf(await explain('?!'), 'vocabulary')).toMatch(/^0 pieces: nothing/);
  });

  test('further labels change no score', async () => {
    const [alone, three] = [
      await explain('rocket'),
      await explain('rocket', '--label', 'pizza', '--label', 'a cat'),
    ];
    expect(three.score).toBe(alone.score);
    expect(three.labels.map(({ text }) => text)).toEqual(['rocket', 'pizza', 'a cat']);
    expect(three.labels[1]!.score).toBeCloseTo(await classified('pizza'), 6);
    expect(saysOf(three, 'labels')).toMatch(/^3 scored/);
  });
});

test.each([
  ['an empty text', [rocket, ' '], 'text: it is empty, expected some words'],
  ['a template without {}', [rocket, 'a', '--template', 'x'], '--template: "x" has no {}'],
  ['no picture', ['none.png', 'a'], 'none.png: no such file'],
  ['no text', [rocket], "missing required argument 'text'"],
  ['a model that is not there', [rocket, 'a', '--model', model('none')], 'none'],
])('%s is exit 2 and one line', async (_, argv, message) => {
  const { code, stdout, stderr } = await siglip(['explain-score', ...argv]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

test("SigLIP 2's tokenizer, which keeps capitals and punctuation", async () => {
  const folder = files.path('gemma');
  mkdirSync(folder);
  const from = (name: string) => readFileSync(`fixtures/tokenizer/gemma/${name}`);
  const names = ['tokenizer.json', 'tokenizer_config.json'];
  const gemma = Object.fromEntries(names.map((name) => [name, from(name)]));
  for (const [name, bytes] of await variant({ files: { 'spiece.model': null, ...gemma } }))
    writeFileSync(`${folder}/${name}`, bytes);
  const { tokens } = await json<{ tokens: Record<string, unknown> }>([
    ...['explain-score', 'fixtures/images/twemoji-rocket.png', 'A rocket!', '--model', folder],
  ]);
  expect(tokens).toMatchObject({ lower_cased: 0, punctuation_removed: 0, unknown: [] });
  expect((tokens.pieces as string[]).join('')).toBe('A▁rocket!');
});
