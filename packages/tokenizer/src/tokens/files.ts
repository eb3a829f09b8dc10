// A tokenizer's folder as HF writes it: reading its JSON files into constructor arguments, and
// writing them. Works on bytes by file name; opening files is the caller's.
import { toPythonJson } from '../text/json.ts';
import { utf8Decode, utf8Encode } from '../text/utf8.ts';
import { type AddedToken, addedToken } from './added-tokens.ts';
import {
  type SiglipTokenizerInit,
  type SiglipTokenizerOptions,
  type TokenInit,
  toTokens,
} from './init.ts';
import { ROLES, textOf, type Token } from './special-tokens.ts';

export const VOCAB_FILE = 'spiece.model';
export const CONFIG_FILE = 'tokenizer_config.json';
export const SPECIAL_TOKENS_FILE = 'special_tokens_map.json';
const ADDED_TOKENS_FILE = 'added_tokens.json';
const ADDITIONAL = 'additional_special_tokens';
const ADDED_DECODER = 'added_tokens_decoder';

type Json = Record<string, unknown>;

/**
 * The constructor arguments that a folder's files and `overrides` make; transformers'
 * _from_pretrained.
 *
 * Without `added_tokens_decoder` in the config the older special_tokens_map.json and
 * added_tokens.json count.
 */
export function initFromFiles(
  files: ReadonlyMap<string, Uint8Array>,
  overrides: SiglipTokenizerOptions,
  warn: (message: string) => void,
): SiglipTokenizerInit {
  const vocab_file = files.get(VOCAB_FILE);
  if (!vocab_file)
    throw new Error(`${VOCAB_FILE}: missing, found ${[...files.keys()].join(', ') || 'no files'}`);
  const config = readJson(files, CONFIG_FILE) ?? {};
  checkClass(config['tokenizer_class'], warn);
  for (const name of ['tokenizer_class', 'tokenizer_file', 'init_inputs']) delete config[name];

  const init: SiglipTokenizerInit = { ...config, ...overrides, vocab_file };
  if (init.added_tokens_decoder) {
    const byText = new Map<string, AddedToken>();
    const where = overrides.added_tokens_decoder ? '' : `${CONFIG_FILE}: `;
    const decoder = readDecoder(init.added_tokens_decoder, where);
    for (const token of decoder.values()) byText.set(token.content, token);
    init.added_tokens_decoder = decoder;
    for (const role of ROLES) {
      const token = init[role];
      // The decoder knows the flags that the config's plain text lacks.
      if (token) init[role] = byText.get(textOf(token as Token)) ?? token;
    }
  } else {
    mergeSpecialTokens(init, overrides, readJson(files, SPECIAL_TOKENS_FILE) ?? {});
    init.added_tokens_decoder = legacyDecoder(init, readJson(files, ADDED_TOKENS_FILE) ?? {});
  }
  return init;
}

export function readJson(files: ReadonlyMap<string, Uint8Array>, name: string): Json | null {
  const bytes = files.get(name);
  if (!bytes) return null;
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch (error) {
    throw new Error(`${name}: not valid JSON, ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name}: holds ${JSON.stringify(value).slice(0, 40)}, expected an object`);
  return value as Json;
}

function checkClass(name: unknown, warn: (message: string) => void): void {
  if (typeof name !== 'string' || name.replace('Fast', '') === 'SiglipTokenizer') return;
  warn(
    'The tokenizer class you load from this checkpoint is not the same type as the class this' +
      ' function is called from. It may result in unexpected tokenization. \nThe tokenizer class you' +
      ` load from this checkpoint is '${name}'. \nThe class this function is called` +
      " from is 'SiglipTokenizer'.",
  );
}

/**
 * `added_tokens_decoder` as it comes from JSON or from a user, by id. Throws an Error for ids that
 * are none, which says `where` they come from.
 */
export function readDecoder(
  decoder: NonNullable<SiglipTokenizerOptions['added_tokens_decoder']>,
  where = '',
): Map<number, AddedToken> {
  const entries = decoder instanceof Map ? [...decoder] : Object.entries(decoder);
  const tokens = new Map<number, AddedToken>();
  for (const [key, token] of entries) {
    const id = Number(key);
    const content: unknown = token?.content;
    if (!Number.isInteger(id) || id < 0 || typeof content !== 'string')
      throw new Error(
        `${where}added_tokens_decoder: "${key}" with content ${JSON.stringify(content)}, expected an id and a string`,
      );
    tokens.set(id, addedToken(token));
  }
  return tokens;
}

/**
 * The legacy special_tokens_map.json goes before the config, but not before what the caller passed.
 */
function mergeSpecialTokens(init: SiglipTokenizerInit, overrides: Json, map: Json): void {
  const special = (token: TokenInit): TokenInit =>
    typeof token === 'string' ? token : addedToken({ ...token, special: true });
  for (const [role, value] of Object.entries(map)) {
    if (overrides[role]) continue;
    if (role === ADDITIONAL && Array.isArray(value)) {
      const list: TokenInit[] = toTokens(init[ADDITIONAL] ?? []);
      for (const token of (value as TokenInit[]).map(special))
        if (!list.some((other) => sameToken(other, token))) list.push(token);
      init[ADDITIONAL] = list;
    } else init[role] = special(value as TokenInit);
  }
}

const sameToken = (a: TokenInit, b: TokenInit): boolean => JSON.stringify(a) === JSON.stringify(b);

function legacyDecoder(init: SiglipTokenizerInit, added: Json): Map<number, AddedToken> {
  const roles = [...ROLES.map((role) => init[role]), ...toTokens(init[ADDITIONAL] ?? [])];
  const specials = new Set(roles.filter((t) => t).map((token) => textOf(token as Token)));
  const decoder = new Map<number, AddedToken>();
  for (const [content, id] of Object.entries(added)) {
    if (!Number.isInteger(id) || (id as number) < 0)
      throw new Error(`${ADDED_TOKENS_FILE}: the id of "${content}" is ${JSON.stringify(id)}`);
    decoder.set(id as number, addedToken({ content, special: specials.has(content) }));
  }
  return decoder;
}

/** What is saved of a tokenizer; SiglipTokenizer is one. */
export interface Savable extends Record<(typeof LIVE)[number], unknown> {
  readonly special_tokens_map: Json;
  readonly special_tokens_map_extended: Record<string, Token | Token[]>;
  readonly added_tokens_decoder: ReadonlyMap<number, AddedToken>;
  readonly vocab_size: number;
}

/**
 * Attributes that are saved with their present value: the first two always, others if the
 * constructor got them.
 */
const LIVE = [
  'model_max_length',
  'clean_up_tokenization_spaces',
  'do_lower_case',
  'model_input_names',
  'padding_side',
  'truncation_side',
  'split_special_tokens',
  'additional_special_tokens',
] as const;

/**
 * The files of transformers' save_pretrained, by name; `prefix-` in front of each where one is
 * given. `init` are the constructor's arguments.
 */
export function tokenizerFiles(
  tok: Savable,
  init: Json,
  vocab: Uint8Array,
  prefix?: string,
): Map<string, Uint8Array> {
  const config: Json = { extra_special_tokens: {}, ...init };
  for (const [i, name] of LIVE.entries()) if (i < 2 || name in init) config[name] = tok[name];
  Object.assign(config, tok.special_tokens_map);
  for (const name of ['name_or_path', 'special_tokens_map_file', 'tokenizer_file', 'device_map'])
    delete config[name];
  config[ADDED_DECODER] = tok.added_tokens_decoder;
  config['tokenizer_class'] = 'SiglipTokenizer';

  const added = [...tok.added_tokens_decoder].filter(([id]) => id >= tok.vocab_size);
  const files: [string, Uint8Array][] = [
    [CONFIG_FILE, jsonBytes(config)],
    [SPECIAL_TOKENS_FILE, jsonBytes(mapValues(tok.special_tokens_map_extended, withoutSpecial))],
    [VOCAB_FILE, vocab],
  ];
  if (added.length > 0) {
    const ids = Object.fromEntries(added.map(([id, token]) => [token.content, id]));
    files.push([ADDED_TOKENS_FILE, jsonBytes(ids)]);
  }
  return new Map(files.map(([name, bytes]) => [prefix ? `${prefix}-${name}` : name, bytes]));
}

const jsonBytes = (value: Json): Uint8Array => utf8Encode(toPythonJson(value) + '\n');

const mapValues = <T>(record: Record<string, T>, f: (value: T) => unknown): Json =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));

/** Older readers of special_tokens_map.json do not know `special`. */
function withoutSpecial(token: Token | Token[]): unknown {
  if (Array.isArray(token)) return token.map(withoutSpecial);
  if (typeof token === 'string') return token;
  const { special: _, ...rest } = token;
  return rest;
}
