// tokenizer.json of HF's tokenizers, as far as it describes Gemma's tokenizer: its vocabulary, merges and added tokens.
// Whatever else such a file may ask for is refused, not left out.
import { type AddedToken, addedToken, type AddedTokenInit } from '../tokens/added-tokens.ts';
import type { BpeModel } from './bpe.ts';

export interface TokenizerJson extends BpeModel {
  readonly added: readonly (AddedToken & { readonly id: number })[];
}

const SPACE = '▁';
/** What Gemma's files say; a pre-tokenizer that cuts at spaces has nothing to cut, since there are none any more. */
const NORMALIZER = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
const PRE_TOKENIZER = { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false }; // prettier-ignore
const DECODERS = [
  { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
  { type: 'ByteFallback' },
  { type: 'Fuse' },
];
const DECODER = { type: 'Sequence', decoders: DECODERS };
const MODEL: Readonly<Record<string, readonly unknown[]>> = {
  type: ['BPE', undefined],
  dropout: [null, undefined],
  continuing_subword_prefix: [null, undefined],
  end_of_word_suffix: [null, undefined],
  byte_fallback: [true],
  ignore_merges: [false, undefined],
};
const FLAGS = ['single_word', 'lstrip', 'rstrip', 'normalized'] as const;

type Json = Record<string, unknown>;

/** Throws an Error for a file that is broken, or not of a tokenizer such as Gemma's. */
export function readTokenizerJson(text: string): TokenizerJson {
  const file = 'tokenizer.json';
  const expect = (name: string, value: unknown, expected: readonly unknown[]): void => {
    if (expected.some((one) => same(one, value))) return;
    const words = expected.map((one) => JSON.stringify(one) ?? 'nothing').join(' or ');
    throw new Error(
      `${file}: ${name} is ${short(value)}, expected ${words}: only Gemma's tokenizer is known`,
    );
  };
  let json: Json;
  try {
    json = object(JSON.parse(text), file);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}, expected a tokenizer in JSON`);
  }
  expect('normalizer', json['normalizer'], [NORMALIZER]);
  expect('pre_tokenizer', json['pre_tokenizer'], [PRE_TOKENIZER, null]);
  expect('decoder', json['decoder'], [DECODER]);
  const model = object(json['model'], `${file}: model`);
  for (const [name, expected] of Object.entries(MODEL)) expect(name, model[name], expected);

  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(object(model['vocab'], `${file}: vocab`)))
    ids.set(token, idOf(id, token));
  const added = list(json['added_tokens'] ?? [], `${file}: added_tokens`).map((token) => {
    const { id, ...init } = object(token, `${file}: an added token`);
    if (typeof init['content'] !== 'string' || init['content'] === '')
      throw new Error(`${file}: an added token ${short(token)}, expected a content`);
    const made = addedToken(init as unknown as AddedTokenInit);
    for (const flag of FLAGS) expect(`${flag} of ${short(made.content)}`, made[flag], [false]);
    return { ...made, id: idOf(id, made.content) };
  });
  const merges = list(model['merges'], `${file}: merges`).map((merge) => {
    // A list of two since tokenizers 0.20; a text before, with a space between.
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(pair) && pair.length === 2 && pair.every((p) => typeof p === 'string'))
      return pair as unknown as readonly [string, string];
    throw new Error(`${file}: a merge is ${short(merge)}, expected two tokens`);
  });
  return { ids, merges, added };
}

function idOf(id: unknown, token: string): number {
  if (Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 26)
    return id as number;
  throw new Error(`tokenizer.json: the id of ${short(token)} is ${short(id)}, expected a number`);
}

function object(value: unknown, name: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new Error(`${name} is ${short(value)}, expected an object`);
}

function list(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${name} is ${short(value)}, expected a list`);
}

/** Whether two values are the same JSON, whatever the order of the keys. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  const [first, second] = [Object.entries(a), Object.entries(b)];
  return (
    first.length === second.length && first.every(([key, value]) => same(value, (b as Json)[key]))
  );
}

const short = (value: unknown): string => (JSON.stringify(value) ?? 'missing').slice(0, 60);
