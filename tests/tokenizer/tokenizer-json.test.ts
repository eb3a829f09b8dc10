// TokenizersBackend against transformers 5.24 and 4.49, by the class a folder names, and its components against HF's tokenizers
// (fixtures/make/transformers5.py); what it refuses.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readModel, TokenizersBackend, type TokenizersBackendOptions } from '@siglip-ts/tokenizer';

const fixtures = new URL('../../fixtures/', import.meta.url);
const read = (name: string): Uint8Array => readFileSync(new URL(name, fixtures));
const json = <T>(name: string): T => JSON.parse(Buffer.from(read(name)).toString()) as T;

type Dict = Record<string, unknown>;
type File = Dict & { model: Dict };
type Answer =
  | { error: string }
  | {
      class: string;
      ids: number;
      decoded: number;
      skipped: number;
      padding_side: string;
      model_max_length: number;
      model_input_names: string[];
      bos_token: string | null;
      eos_token: string | null;
      unk_token: string | null;
      pad_token: string | null;
    };
interface Answers {
  answers: [saved: string, named: string | null, model_type: string | null, Answer][];
  lists: (number[][] | string[])[];
}
const bytes = (content: unknown): Uint8Array => Buffer.from(JSON.stringify(content));

describe("Gemma's vocabulary", () => {
  const golden = json<
    Answers & { saved: Record<string, Record<string, File & Dict>>; texts: string[] }
  >('transformers5/gemma.json');
  const { vocab, merges } = json<File>('tokenizer/gemma/tokenizer.json').model;
  /** The class, as a folder with such a model type gets it: tests/siglip/folders/transformers5.test.ts. */
  const files = (saved: string): Map<string, Uint8Array> => {
    const { 'tokenizer.json': file, 'tokenizer_config.json': config } = golden.saved[saved]!;
    const model = { ...file!.model, vocab, merges };
    return new Map([
      ['tokenizer.json', bytes({ ...file, model })],
      ['tokenizer_config.json', bytes(config)],
    ]);
  };
  const check = ({ lists }: Answers, tokenizer: TokenizersBackend, answer: Answer): void => {
    if ('error' in answer) throw new Error(answer.error);
    const ids = golden.texts.map((text) => tokenizer.call(text).input_ids);
    expect(ids).toEqual(lists[answer.ids]);
    expect(tokenizer.batch_decode(ids)).toEqual(lists[answer.decoded]);
    expect(tokenizer.batch_decode(ids, { skip_special_tokens: true })).toEqual(lists[answer.skipped]); // prettier-ignore
    for (const name of [
      'padding_side',
      'model_max_length',
      'model_input_names',
      'bos_token',
      'eos_token',
      'unk_token',
      'pad_token',
    ] as const)
      // prettier-ignore
      expect(tokenizer[name], name).toEqual(answer[name]);
  };
  const loadable = ({ answers }: Answers) =>
    answers.filter(([, , type, answer]) => type !== 'siglip2' && !('error' in answer));

  test.each(loadable(golden))('5.24: %s, class %s, %s', (saved, named, _, answer) => {
    const options: TokenizersBackendOptions = { warn: () => {}, reference: '5' };
    if (named === null) options.tokenizer_class = 'TokenizersBackend';
    else if (named !== 'as saved') options.tokenizer_class = named;
    check(golden, TokenizersBackend.fromFiles(files(saved), options), answer);
  });

  const old = json<Answers>('transformers5/old.json');
  test.each(loadable(old))('4.49: %s, class %s, %s', (saved, named, _, answer) => {
    const options: TokenizersBackendOptions = { warn: () => {}, reference: '4.49' };
    if (named !== 'as saved') options.tokenizer_class = named!;
    check(old, TokenizersBackend.fromFiles(files(saved), options), answer);
  });

  test('the file says whose ids it gets', () => {
    const of = (saved: string) =>
      TokenizersBackend.fromFiles(files(saved), { warn: () => {} }).reference;
    expect(of('transformers 4.49')).toBe('4.49');
    expect(Object.keys(golden.saved).map(of).filter((r) => r === '5').length).toBe(3); // prettier-ignore
  });

  test('flags that are passed go before the file', () => {
    const encode = (options: TokenizersBackendOptions) =>
      TokenizersBackend.fromFiles(files('GemmaTokenizer'), { warn: () => {}, ...options }).encode('a'); // prettier-ignore
    const [a, eos] = encode({});
    expect(encode({ add_bos_token: true })).toEqual([2, a]);
    expect(encode({ add_bos_token: true, add_eos_token: true })).toEqual([2, a, eos]);
    expect(encode({ add_eos_token: false })).toEqual([a]);
  });
});

describe('components', () => {
  const golden = json<{
    files: [
      name: string,
      vocabulary: string,
      File,
      ids: number,
      decoded: number,
      skipped: number,
    ][];
    lists: (number[][] | string[])[];
    texts: string[];
  }>('transformers5/unigram.json');
  const charsmap = readModel(read('tokenizer/plain.model')).normalizer_spec.precompiled_charsmap;

  test.each(golden.files)('%s', (_, vocabulary, file, ids, decoded, skipped) => {
    const { pieces } = readModel(read(`tokenizer/${vocabulary}.model`));
    const vocab = pieces.map(({ piece, score }) => [piece, score]);
    const whole = JSON.stringify({ ...file, model: { ...file.model, vocab } });
    const content = whole.replace('"CHARSMAP"', `"${Buffer.from(charsmap).toString('base64')}"`);
    const files = new Map([['tokenizer.json', Buffer.from(content)]]);
    const options = { tokenizer_class: 'TokenizersBackend', warn: () => {} };
    const tokenizer = TokenizersBackend.fromFiles(files, options);
    const found = golden.texts.map((text) => tokenizer.encode(text));
    expect(found).toEqual(golden.lists[ids]);
    expect(tokenizer.batch_decode(found)).toEqual(golden.lists[decoded]);
    expect(tokenizer.batch_decode(found, { skip_special_tokens: true })).toEqual(golden.lists[skipped]); // prettier-ignore
  });
});
