// GemmaTokenizerFast against transformers' (fixtures/make/gemma_tokenizer.py), and what it refuses.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GemmaTokenizerFast, type TokenizersBackendOptions } from '@siglip-ts/tokenizer';

const folder = new URL('../../fixtures/tokenizer/', import.meta.url);
const read = (name: string): Uint8Array => readFileSync(new URL(name, folder));
const json = <T>(name: string): T => JSON.parse(Buffer.from(read(name)).toString()) as T;
const files = new Map(
  ['tokenizer.json', 'tokenizer_config.json'].map((name) => [name, read(`gemma/${name}`)]),
);
const load = (options: TokenizersBackendOptions = {}): GemmaTokenizerFast =>
  GemmaTokenizerFast.fromFiles(files, { warn: () => {}, ...options });

interface Golden {
  ids: number[][];
  tokens: string[][];
  decoded: string[];
  decoded_without_special: string[];
  cleaned: string[];
  decoded_ids: [number[], string][];
  calls: [TokenizersBackendOptions, string | string[], object, Record<string, unknown>][];
}
const golden = json<Golden>('gemma/golden.json');
const { texts } = json<{ texts: string[] }>('texts.json');
const tokenizer = load();

test('ids of all texts', () => {
  expect(golden.ids.length).toBe(texts.length);
  expect(texts.map((text) => tokenizer.call(text).input_ids)).toEqual(golden.ids);
});

test('tokens', () => {
  expect(golden.tokens.map((_, i) => tokenizer.tokenize(texts[i]!))).toEqual(golden.tokens);
});

test('decoded ids', () => {
  const decoded = (options: object) =>
    golden.decoded.map((_, i) => tokenizer.decode(golden.ids[i]!, options));
  expect(decoded({})).toEqual(golden.decoded);
  expect(decoded({ skip_special_tokens: true })).toEqual(golden.decoded_without_special);
  expect(decoded({ clean_up_tokenization_spaces: true })).toEqual(golden.cleaned);
  for (const [ids, text] of golden.decoded_ids) expect(tokenizer.decode(ids)).toBe(text);
});

test.each(golden.calls)('%j %j %j', (options, text, call, expected) => {
  const answer = () => load(options).call(text as string, null, call);
  if ('error' in expected) expect(answer).toThrow(String(expected.error));
  else expect(answer()).toEqual(expected);
});

test('tensors, tokens and ids', () => {
  const { input_ids } = tokenizer.call(['a cat', ''], null, {
    padding: true,
    return_tensors: true,
  });
  expect(input_ids).toEqual({
    data: Int32Array.from(tokenizer.call(['a cat', ''], null, { padding: true }).input_ids.flat()),
    shape: [2, input_ids.shape[1]],
    dtype: 'int32',
  });
  expect(tokenizer.call('a', null, { return_tensors: true }).input_ids.shape).toEqual([1, 2]);
  expect(tokenizer.convert_tokens_to_ids(['<pad>', '<eos>', '<bos>', 'no such token'])).toEqual([
    0, 1, 2, 3,
  ]);
  expect(tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 9], true)).toEqual(['<h1>']);
  expect(() => tokenizer.decode([1_000_000])).toThrow('id 1000000: expected one below');
  expect(tokenizer.get_vocab().size).toBe(tokenizer.length);
});

test('do_lower_case counts only where it is asked for', () => {
  const ids = (text: string, options = {}) => load(options).call(text).input_ids;
  expect(ids('A Cat<H1>')).not.toEqual(ids('a cat<h1>'));
  expect(ids('A Cat <h1> ÉTÉ', { do_lower_case: true })).toEqual(ids('a cat <h1> été'));

  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  for (const options of [{}, { do_lower_case: true }, { do_lower_case: false }]) {
    const one = load({ warn, ...options });
    for (const text of ['a cat', 'A cat', 'A cat']) one.call(text);
  }
  expect(warnings).toEqual([
    expect.stringContaining('says do_lower_case, which transformers 4.49'),
  ]);
});

test('saving gives the files that were read', () => {
  expect(tokenizer.files()).toEqual(files);
});

test('what is decoded is the text, whatever it is', () => {
  const marked = fc.string({ unit: 'binary' }).filter((text) => !text.includes('▁'));
  fc.assert(
    fc.property(marked, (text) => {
      expect(tokenizer.decode(tokenizer.text_to_ids(text))).toBe(text);
    }),
  );
});

test('a long text takes its time and no more', () => {
  const text = 'a cat sleeps on the sofa ';
  const one = tokenizer.text_to_ids(text.repeat(100));
  const many = tokenizer.text_to_ids(text.repeat(4000));
  expect(many.slice(0, one.length - 10)).toEqual(one.slice(0, -10));
});

describe('refused', () => {
  const call = (text: unknown, pair: unknown, options: object) => () =>
    tokenizer.call(text as string, pair as null, options);
  test.each([
    [7, null, {}, 'text input must be a string or a list of strings, without a pair'],
    [['a', 7], null, {}, 'text input must be'],
    ['a', 'b', {}, 'without a pair'],
    ['a', null, { return_offsets_mapping: true }, 'return_offsets_mapping is not supported'],
    ['a', null, { is_split_into_words: true }, 'is_split_into_words is not supported'],
  ])('%j %j %j', (text, pair, options, message) => {
    expect(call(text, pair, options)).toThrow(message);
  });

  interface Json {
    [key: string]: unknown;
    model: Record<string, unknown>;
    added_tokens: Record<string, unknown>[];
  }
  const changed = (change: (file: Json) => void) => {
    const file = json<Json>('gemma/tokenizer.json');
    change(file);
    return new Map([['tokenizer.json', Buffer.from(JSON.stringify(file))]]);
  };
  test.each<[string, (file: Json) => void, string]>([
    ['normalizer', (f) => (f['normalizer'] = { type: 'BertNormalizer' }), 'the type of normalizer is "BertNormalizer", expected Sequence, Lowercase, NFC'], // prettier-ignore
    [
      'pre-tokenizer',
      (f) => (f['pre_tokenizer'] = { type: 'ByteLevel' }),
      'the type of pre_tokenizer is "ByteLevel", expected',
    ],
    ['decoder', (f) => (f['decoder'] = { type: 'CTC' }), 'the type of decoder is "CTC"'],
    ['post-processor', (f) => (f['post_processor'] = { type: 'BertProcessing' }), 'the type of post_processor is "BertProcessing", expected Sequence, TemplateProcessing'], // prettier-ignore
    ['a part of a sequence', (f) => (f['normalizer'] = { type: 'Sequence', normalizers: [{ type: 'Nmt' }] }), 'the type of normalizer Sequence is "Nmt"'], // prettier-ignore
    ['accents', (f) => (f['normalizer'] = { type: 'StripAccents' }), 'the type of normalizer is "StripAccents"'], // prettier-ignore
    ['a field of a component', (f) => (f['normalizer'] = { type: 'NFC', strict: 1 }), 'normalizer NFC.strict is 1, expected only type'], // prettier-ignore
    ['a field', (f) => (f['vocab_hash'] = 1), 'tokenizer.vocab_hash is 1, expected only version'],
    ['sequences without end', (f) => { let all: unknown = { type: 'NFC' }; for (let i = 0; i < 99; i++) all = { type: 'Sequence', normalizers: [all] }; f['normalizer'] = all; }, 'expected fewer in one another'], // prettier-ignore
    ['an expression', (f) => (f['normalizer'] = { type: 'Replace', pattern: { Regex: '\\h+' }, content: '' }), 'Replace.pattern.Regex is "\\\\h+", expected literals'], // prettier-ignore
    ['a count of a group', (f) => (f['normalizer'] = { type: 'Replace', pattern: { Regex: '(a+)+b' }, content: '' }), 'two counts of one character'], // prettier-ignore
    ['many counts', (f) => (f['normalizer'] = { type: 'Replace', pattern: { Regex: 'a*a*a*b' }, content: '' }), 'two counts of one character'], // prettier-ignore
    ['a long replacement', (f) => (f['normalizer'] = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(257) }), 'expected at most 256 characters'], // prettier-ignore
    ['a charsmap', (f) => (f['normalizer'] = { type: 'Precompiled', precompiled_charsmap: '?' }), 'precompiled_charsmap holds "?", expected base64'], // prettier-ignore
    ['a special token', (f) => (f['post_processor'] = { type: 'TemplateProcessing', single: [{ SpecialToken: { id: 'x' } }, { Sequence: { id: 'A' } }], special_tokens: {} }), 'TemplateProcessing x is missing, expected an object'], // prettier-ignore
    ['two texts', (f) => (f['post_processor'] = { type: 'TemplateProcessing', single: [], special_tokens: {} }), 'TemplateProcessing.single is [], expected one sequence'], // prettier-ignore
    ['model', (f) => (f.model['type'] = 'WordPiece'), 'the type of model is "WordPiece", expected "BPE" or "Unigram"'], // prettier-ignore
    ['a piece', (f) => (f.model = { type: 'Unigram', unk_id: 0, vocab: [['a', 'b']] }), 'a piece is ["a","b"], expected a token and its score'], // prettier-ignore
    ['no unknown token', (f) => (f.model = { type: 'Unigram', unk_id: null, vocab: [['a', 0]] }), 'unk_id is null, expected the id of one of 1 pieces'], // prettier-ignore
    ['dropout', (f) => (f.model['dropout'] = 0.1), 'dropout is 0.1, expected null'],
    ['bytes', (f) => (f.model['byte_fallback'] = false), 'byte_fallback is false, expected true'],
    ['an id', (f) => ((f.model['vocab'] as Record<string, unknown>)['a'] = -1), 'the id of "a" is -1'], // prettier-ignore
    ['a byte', (f) => delete (f.model['vocab'] as Record<string, unknown>)['<0xC3>'], 'tokenizer.json: vocabulary: no <0xC3>, expected a token for every byte'], // prettier-ignore
    ['a merge', (f) => (f.model['merges'] = ['a']), 'a merge is "a", expected two tokens'],
    ['merged', (f) => (f.model['merges'] = [['a', '🙂']]), 'merge 0 of ["a","🙂"]: expected both'],
    ['a role', (f) => { f.added_tokens = []; delete (f.model['vocab'] as Record<string, unknown>)['<eos>']; }, 'eos_token "<eos>": expected a token of tokenizer.json'], // prettier-ignore
  ])('%s', (_, change, message) => {
    expect(() => GemmaTokenizerFast.fromFiles(changed(change))).toThrow(message);
  });

  test('a normalizer that doubles and doubles', () => {
    const doubles = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
    const files = changed((f) => {
      f['normalizer'] = {
        type: 'Sequence',
        normalizers: Array.from({ length: 40 }, () => doubles),
      };
    });
    const endless = GemmaTokenizerFast.fromFiles(files);
    expect(() => endless.encode('a')).toThrow('more than 64 times longer');
  });

  test('files that are broken or not there', () => {
    const broken = new Map([['tokenizer.json', Buffer.from('{"a": 1')]]);
    expect(() => GemmaTokenizerFast.fromFiles(broken)).toThrow(/^tokenizer\.json: .*expected a tokenizer in JSON$/); // prettier-ignore
    expect(() => GemmaTokenizerFast.fromFiles(new Map())).toThrow('tokenizer.json: missing, found no files'); // prettier-ignore
  });

  test('a merge that is nested without end', () => {
    const deep = changed((f) => (f.model['merges'] = ['deep'])).get('tokenizer.json')!;
    const text = String(deep).replace('"deep"', '['.repeat(20_000) + ']'.repeat(20_000));
    expect(() =>
      GemmaTokenizerFast.fromFiles(new Map([['tokenizer.json', Buffer.from(text)]])),
    ).toThrow('a merge is nested deeper than 64 levels, expected two tokens');
  });

  test('merges written as texts are read', () => {
    const old = changed((f) => {
      f.model['merges'] = (f.model['merges'] as string[][]).map((pair) => pair.join(' '));
    });
    const again = GemmaTokenizerFast.fromFiles(old, { add_bos_token: false, add_eos_token: true });
    expect(again.call('a cat').input_ids).toEqual(tokenizer.call('a cat').input_ids);
  });
});
