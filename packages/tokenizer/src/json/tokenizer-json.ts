// tokenizer.json of HF's tokenizers: its parts, each by its own reader. Whatever such a file asks for that is not known here is
// refused by name, not left out. What transformers makes of it is in tokenizers-backend.ts.
import { utf8Decode } from '../text/utf8.ts';
import { addedToken, type AddedTokenInit } from '../tokens/added-tokens.ts';
import type { Added } from './added-tokens.ts';
import type { BpeModel } from './bpe.ts';
import { expectFields, fail, type Json, list, object, oneOf, short } from './checks.ts';
import { type Packed, readPacked } from './packed.ts';
import type { TokenIds } from './token-ids.ts';
import type { UnigramModel } from './unigram.ts';

/** The model by its type: what cuts a stretch of text into tokens. */
export type Model =
  | ({ readonly type: 'BPE' } & BpeModel)
  | ({ readonly type: 'Unigram'; readonly ids: TokenIds } & UnigramModel);

export interface TokenizerJson {
  readonly model: Model;
  readonly added: readonly Added[];
  /** What transformers takes of the file's truncation and padding: what tokenizer_config.json may say, too. */
  readonly settings: Json;
  /** As they are in the file, to be read by the reader of each. */
  readonly parts: Readonly<
    Record<'normalizer' | 'pre_tokenizer' | 'post_processor' | 'decoder', unknown>
  >;
}

/** Throws an Error for a file that is broken, or asks for what is not known. */
export function readTokenizerJson(file: Uint8Array): TokenizerJson {
  let json: Json;
  const packed = readPacked(file);
  try {
    json = packed?.json ?? object(JSON.parse(utf8Decode(file)), 'it');
  } catch (error) {
    throw new Error(`tokenizer.json: ${(error as Error).message}, expected a tokenizer in JSON`);
  }
  expectFields(json, 'tokenizer', 'version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model'); // prettier-ignore
  const { normalizer, pre_tokenizer, post_processor, decoder } = json;
  const model = modelOf(object(json['model'], 'model'), packed);
  const added = list(json['added_tokens'] ?? [], 'added_tokens').map((token) => {
    const { id, ...init } = object(token, 'an added token');
    return addedOf(init, id);
  });
  const settings = settingsOf(json['truncation'], json['padding']);
  return { model, added, settings, parts: { normalizer, pre_tokenizer, post_processor, decoder } };
}

/** transformers cuts and pads with each call anew; these are defaults that a file leaves it. */
function settingsOf(truncation: unknown, padding: unknown): Json {
  const [cuts, pads] = [object(truncation ?? {}, 'truncation'), object(padding ?? {}, 'padding')];
  const side = (direction: unknown) => direction && String(direction).toLowerCase();
  const { Fixed: fixed } = (pads['strategy'] ?? {}) as { Fixed?: unknown };
  const all = {
    max_length: cuts['max_length'] ?? fixed,
    truncation_side: side(cuts['direction']),
    padding_side: side(pads['direction']),
    pad_token: pads['pad_token'],
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Of tokenizer.json, or of tokenizer_config.json's added_tokens_decoder. */
export function addedOf(init: unknown, id: unknown): Added {
  const { content } = object(init, 'an added token');
  if (typeof content !== 'string' || content === '')
    return fail('the content of an added token', content, 'a text');
  return { ...addedToken(init as AddedTokenInit), id: idOf(Number(id), content) };
}

function modelOf(json: Json, packed: Packed | null): Model {
  // Files of tokenizers before 0.9 don't say the type; a Unigram model has a list for vocabulary.
  const own = Array.isArray(json['vocab']) ? 'Unigram' : 'BPE';
  const type = oneOf(json['type'] ?? own, 'the type of model', ['BPE', 'Unigram'] as const);
  if (type === 'Unigram') return unigramOf(json);
  expectFields(json, 'model BPE', 'type vocab merges unk_token dropout continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges'); // prettier-ignore
  for (const name of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix'])
    if (json[name] !== '') oneOf(json[name], name, [null]);
  if (json['byte_fallback'] !== true) fail('byte_fallback', json['byte_fallback'], 'true');
  oneOf(json['ignore_merges'], 'ignore_merges', [false]);
  if (packed) return { type, ...packed };
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(object(json['vocab'], 'vocab')))
    ids.set(token, idOf(id, token));
  const merges = list(json['merges'], 'merges').flatMap((merge, rank) => {
    // A list of two since tokenizers 0.20; a text before, with a space between.
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((p) => typeof p === 'string'))
      return fail('a merge', merge, 'two tokens');
    const three = [...pair, pair.join('')].map((token) => ids.get(token));
    if (three.includes(undefined))
      throw new Error(
        `tokenizer.json: merge ${rank} of ${JSON.stringify(pair)}: expected both and what they make in the vocabulary`,
      );
    return three as number[];
  });
  return { type, ids, merges: Int32Array.from(merges) };
}

function unigramOf(json: Json): Model {
  expectFields(json, 'model Unigram', 'type vocab unk_id byte_fallback');
  const byte_fallback = oneOf(json['byte_fallback'], 'byte_fallback', [false, true]);
  const pieces = list(json['vocab'], 'vocab').map((piece) => {
    const [token, score, ...more] = list(piece, 'a piece') as [string, number];
    return typeof token === 'string' && Number.isFinite(score) && more.length === 0
      ? ([token, score] as const)
      : fail('a piece', piece, 'a token and its score');
  });
  const unk = json['unk_id'];
  if (!Number.isSafeInteger(unk) || pieces[unk as number] === undefined)
    return fail('unk_id', unk, `the id of one of ${pieces.length} pieces`);
  const ids = new Map(pieces.map(([token], id) => [token, id]));
  return { type: 'Unigram', ids, pieces, unk: unk as number, byte_fallback };
}

function idOf(id: unknown, token: string): number {
  if (Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 26)
    return id as number;
  return fail(`the id of ${short(token)}`, id, 'a number');
}
