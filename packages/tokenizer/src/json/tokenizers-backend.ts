// A tokenizer.json as transformers reads it: 4.49's PreTrainedTokenizerFast and GemmaTokenizerFast, 5's TokenizersBackend,
// GemmaTokenizer and Siglip2Tokenizer. For single texts and batches; no pairs, no offsets, no overflowing tokens.
import type { AsTensors } from '../encoding/encode-texts.ts';
import { type EncodeOptions, type Encoding, type Int32Tensor, type Nested, type Side,toEncoding } from '../encoding/encoding.ts'; // prettier-ignore
import { pad } from '../encoding/padding.ts';
import { strategies } from '../encoding/strategies.ts';
import { cleanUpTokenization, type DecodeOptions } from '../tokens/decoding.ts';
import { CONFIG_FILE, readJson, SPECIAL_TOKENS_FILE } from '../tokens/files.ts';
import { checkedSide, consoleWarn } from '../tokens/init.ts';
import { type Role, type Roles, type Token } from '../tokens/special-tokens.ts';
import { isOf5, type Kind, kindOf, type Reference, rulesOf } from './kinds.ts';
import { stepsOf } from './steps.ts';
import { TokenTable } from './token-table.ts';
import { readTokenizerJson } from './tokenizer-json.ts';

const TOKENIZER_FILE = 'tokenizer.json';

/** What `call` takes; the rest of HF's options belongs to pairs and offsets. */
export type BackendCallOptions = Pick<
  EncodeOptions,
  | 'add_special_tokens'
  | 'padding'
  | 'truncation'
  | 'max_length'
  | 'pad_to_multiple_of'
  | 'padding_side'
  | 'return_tensors'
  | 'return_attention_mask'
  | 'verbose'
>;

/** HF's names; they go before tokenizer_config.json. */
export interface TokenizersBackendOptions extends Partial<Roles<Token>> {
  /** Whose ids these are to be. Default: 5's if transformers 5 wrote tokenizer_config.json. */
  reference?: Reference | undefined;
  /** The class that reads the file. Default: what tokenizer_config.json names, else by the kind of model. */
  tokenizer_class?: string | undefined;
  /** Begins each text with bos. Default: the post_processor's; in 4.49 GemmaTokenizer has true. */
  add_bos_token?: boolean | undefined;
  /** Ends each text with eos. Default: the post_processor's; in 4.49 GemmaTokenizer has false. */
  add_eos_token?: boolean | undefined;
  /** SigLIP 2: pass 64, since its files name none. */
  model_max_length?: number | undefined;
  /** Default input_ids and attention_mask; input_ids alone for SigLIP's own. */
  model_input_names?: readonly string[] | undefined;
  /** Default 'right'; that of Gemma's classes 'left', though SigLIP 2's files say 'right'. */
  padding_side?: Side | undefined;
  /** Which end of a text is cut. Default 'right'. */
  truncation_side?: Side | undefined;
  /** Whether `decode` takes spaces before punctuation out. Default false. */
  clean_up_tokenization_spaces?: boolean | undefined;
  /** More tokens of the vocabulary that are special. */
  additional_special_tokens?: readonly Token[] | null | undefined;
  /**
   * true: lower-cases whatever the file does. Default: what its normalizer does, whatever tokenizer_config.json says, which
   * transformers does not heed here. SigLIP 2 was trained on lower-cased text, so pass true unless you compare with
   * transformers. Where the file says true and nothing is passed, a text with capitals gets a warning.
   */
  do_lower_case?: boolean | undefined;
  /** Gets HF's warnings; default `console.warn`, where there is one. */
  warn?: ((message: string) => void) | undefined;
}

/** transformers.TokenizersBackend, PreTrainedTokenizerFast in 4.49; GemmaTokenizerFast and Siglip2Tokenizer are it, too. */
export class TokenizersBackend {
  /** true: this is what HF reads from tokenizer.json. */
  readonly is_fast = true;
  /** As which class the file is read. */
  readonly kind: Kind;
  /** Whose ids these are. */
  readonly reference: Reference;
  /** Whether each text begins with bos. */
  readonly add_bos_token: boolean;
  /** Whether each text ends with eos. */
  readonly add_eos_token: boolean;
  /** Whether texts are lower-cased first, beside what the file does. */
  readonly do_lower_case: boolean;
  /** What a processor of transformers 5 takes where no max_length is given; null: there is no such number in the files. */
  readonly max_length: number | null;
  /** Most tokens in a text; HF's very large number where the files name none. */
  model_max_length: number;
  /** The fields that calling gives by default. */
  model_input_names: readonly string[];
  /** Where padding goes. */
  padding_side: Side;
  /** Which end of a text is cut. */
  truncation_side: Side;
  /** Whether `decode` takes spaces before punctuation out; transformers 5 never does where the model is BPE. */
  clean_up_tokenization_spaces: boolean;
  /** The number of tokens without added ones that the model lacks. */
  readonly vocab_size: number;

  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #table: TokenTable;
  readonly #encode: (text: string) => number[];
  readonly #decode: (tokens: readonly string[]) => string;
  /** Ids around each text. */
  readonly #before: readonly number[];
  readonly #after: readonly number[];
  readonly #mayClean: boolean;
  /** The file asks for lower case, and does not get it. */
  readonly #unheeded: boolean;
  readonly #warn: (message: string) => void;
  readonly #warned = new Set<string>();

  /** Reads tokenizer.json and, if there, tokenizer_config.json. Throws an Error for files that ask for what is not known. */
  static fromFiles(
    files: ReadonlyMap<string, Uint8Array>,
    overrides: TokenizersBackendOptions = {},
  ): TokenizersBackend {
    return new this(files, overrides);
  }

  constructor(files: ReadonlyMap<string, Uint8Array>, overrides: TokenizersBackendOptions = {}) {
    const bytes = files.get(TOKENIZER_FILE);
    if (!bytes) throw new Error(`${TOKENIZER_FILE}: missing, found ${[...files.keys()].join(', ') || 'no files'}`); // prettier-ignore
    const config = readJson(files, CONFIG_FILE) ?? {};
    const { do_lower_case: asked, added_tokens_decoder: decoder, ...named } = config;
    // The older file counts where the newer does not know the tokens.
    const old = decoder ? {} : (readJson(files, SPECIAL_TOKENS_FILE) ?? {});
    const json = readTokenizerJson(bytes);
    const o: TokenizersBackendOptions & { max_length?: number } = { ...json.settings, ...named, ...old, ...defined(overrides) }; // prettier-ignore
    this.reference = o.reference ?? (isOf5(config) ? '5' : '4.49');
    this.kind = kindOf(o.tokenizer_class, json.model.type, this.reference);
    const rules = rulesOf(this.kind, json.model.type, this.reference);
    this.#files = files;
    this.#warn = o.warn ?? consoleWarn;
    this.do_lower_case = overrides.do_lower_case ?? false;
    this.max_length = this.reference === '5' ? (o.max_length ?? null) : null;
    this.model_max_length = o.model_max_length ?? rules.model_max_length;
    this.model_input_names = o.model_input_names ?? rules.model_input_names;
    this.padding_side = checkedSide('Padding', o.padding_side ?? rules.padding_side);
    this.truncation_side = checkedSide('Truncation', o.truncation_side);
    this.clean_up_tokenization_spaces = o.clean_up_tokenization_spaces ?? false;
    this.#mayClean = this.reference !== '5' || json.model.type !== 'BPE';

    this.vocab_size = json.model.ids.size;
    this.#table = new TokenTable(json, rules, { ...rules.roles, ...o }, decoder);
    const steps = stepsOf(json, this.#table.added, this.kind, rules.rebuilt);
    this.#unheeded = asked === true && overrides.do_lower_case === undefined && !steps.lowers;
    this.#encode = steps.encode;
    this.#decode = steps.decode;
    const flags = { bos: overrides.add_bos_token, eos: overrides.add_eos_token };
    const byFlags = rules.flags || flags.bos !== undefined || flags.eos !== undefined;
    const around = byFlags
      ? {
          before: this.#one(
            'bos_token',
            flags.bos ?? (rules.flags && (o.add_bos_token ?? rules.flags.bos)),
          ),
          after: this.#one(
            'eos_token',
            flags.eos ?? (rules.flags && (o.add_eos_token ?? rules.flags.eos)),
          ),
        }
      : steps.template;
    this.#before = around.before;
    this.#after = around.after;
    this.convert_ids_to_tokens([...around.before, ...around.after]); // refuses those that are none
    this.add_bos_token = around.before.includes(this.bos_token_id ?? -1);
    this.add_eos_token = around.after.includes(this.eos_token_id ?? -1);
  }

  #one(role: Role, wanted: boolean | null): number[] {
    const id = this.#table.roleId(role);
    return wanted && id !== null ? [id] : [];
  }

  // ---- vocabulary ----

  /** The number of different tokens, added ones included. */
  get length(): number {
    return this.#table.size;
  }
  /** Ids by token, added ones included. */
  get_vocab(): Map<string, number> {
    return this.#table.all();
  }
  /** The token that may begin a text, if there is one. */
  get bos_token(): string | null {
    return this.#table.role('bos_token');
  }
  /** The token that may end a text, if there is one. */
  get eos_token(): string | null {
    return this.#table.role('eos_token');
  }
  /** The token for what is not in the vocabulary, if there is one. */
  get unk_token(): string | null {
    return this.#table.role('unk_token');
  }
  /** The token that fills texts up to one length, if there is one. */
  get pad_token(): string | null {
    return this.#table.role('pad_token');
  }
  /** The id of `bos_token`. */
  get bos_token_id(): number | null {
    return this.#table.roleId('bos_token');
  }
  /** The id of `eos_token`. */
  get eos_token_id(): number | null {
    return this.#table.roleId('eos_token');
  }
  /** The id of `unk_token`. */
  get unk_token_id(): number | null {
    return this.#table.roleId('unk_token');
  }
  /** The id of `pad_token`. */
  get pad_token_id(): number | null {
    return this.#table.roleId('pad_token');
  }

  /** Ids of tokens; that of the unknown token for what is not in the vocabulary. Throws a RangeError where there is none. */
  convert_tokens_to_ids(token: string): number;
  convert_tokens_to_ids(tokens: readonly string[]): number[];
  convert_tokens_to_ids(tokens: string | readonly string[]): number | number[] {
    const idOf = (token: string): number => {
      const id = this.#table.idOf(token) ?? this.unk_token_id;
      if (id === null) throw new RangeError(`token "${token}": expected one of the vocabulary`);
      return id;
    };
    return typeof tokens === 'string' ? idOf(tokens) : tokens.map(idOf);
  }

  /** Tokens of ids. Throws a RangeError for an id outside the vocabulary. */
  convert_ids_to_tokens(id: number, skip_special_tokens?: boolean): string;
  convert_ids_to_tokens(ids: ArrayLike<number>, skip_special_tokens?: boolean): string[];
  convert_ids_to_tokens(ids: number | ArrayLike<number>, skip = false): string | string[] {
    const tokenOf = (id: number): string => {
      const token = this.#table.tokenOf(id);
      if (token === undefined) throw new RangeError(`id ${id}: expected one below ${this.length}`);
      return token;
    };
    if (typeof ids === 'number') return tokenOf(ids);
    const tokens = Array.from(ids, tokenOf);
    return skip ? tokens.filter((token) => !this.#table.specials.has(token)) : tokens;
  }

  // ---- text to tokens, tokens to text ----

  /** The tokens of a text, without special ones around it. */
  tokenize(text: string): string[] {
    return this.convert_ids_to_tokens(this.text_to_ids(text));
  }

  /** The ids of `tokenize`. */
  text_to_ids(text: string): number[] {
    const lowered = this.do_lower_case || this.#unheeded ? this.#table.lowered(text) : text;
    if (this.#unheeded && lowered !== text)
      this.warnOnce(
        'do_lower_case',
        `${CONFIG_FILE} says do_lower_case, which transformers ${this.reference} ignores: capitals are kept, though the model was ` +
          'probably trained without. Pass do_lower_case: true for lower case, false for silence.',
      );
    return this.#encode(this.#unheeded ? text : lowered);
  }

  /** Joins tokens to text, as the file's decoder does. */
  convert_tokens_to_string(tokens: readonly string[]): string {
    return this.#decode(tokens);
  }

  /** The text of ids, one or several. */
  decode(ids: number | ArrayLike<number>, options: DecodeOptions = {}): string {
    const list = typeof ids === 'number' ? [ids] : ids;
    const tokens = this.convert_ids_to_tokens(list, options.skip_special_tokens);
    const text = this.convert_tokens_to_string(tokens);
    const cleans = options.clean_up_tokenization_spaces ?? this.clean_up_tokenization_spaces;
    return cleans && this.#mayClean ? cleanUpTokenization(text) : text;
  }

  /** `decode` of each. */
  batch_decode(
    batch: readonly (number | ArrayLike<number>)[],
    options: DecodeOptions = {},
  ): string[] {
    return batch.map((ids) => this.decode(ids, options));
  }

  // ---- model inputs ----

  /**
   * Encodes one text or a batch; HF's `__call__`.
   *
   * Gives lists, `number[]` for one text and `number[][]` for a batch, or tensors where `return_tensors` asks for them:
   * [1, T] or [B, T]. Throws an Error with HF's message for options that contradict each other, and for a pair.
   */
  call(
    text: string | readonly string[],
    pair: null,
    options: BackendCallOptions & AsTensors,
  ): Encoding<Int32Tensor>;
  call(text: string, pair?: null, options?: BackendCallOptions): Encoding<number[]>;
  call(text: readonly string[], pair?: null, options?: BackendCallOptions): Encoding<number[][]>;
  call(
    text: string | readonly string[],
    pair: null = null,
    options: BackendCallOptions = {},
  ): Encoding<unknown> {
    const one = typeof text === 'string';
    const texts: readonly unknown[] = one ? [text] : text;
    if (pair !== null || !Array.isArray(texts) || !texts.every((t) => typeof t === 'string'))
      throw new Error('text input must be a string or a list of strings, without a pair');
    for (const name of [
      'is_split_into_words',
      'return_overflowing_tokens',
      'return_offsets_mapping',
      'stride',
      'split_special_tokens',
      'text_target',
    ])
      // prettier-ignore
      if ((options as Record<string, unknown>)[name]) throw new Error(`${name} is not supported`);
    const { padding, truncation, max_length } = strategies(this, options);
    const { add_special_tokens: special = true, verbose = true } = options;
    const limit = truncation === 'do_not_truncate' || max_length === null ? Infinity : max_length;
    const rows = texts.map((t) => this.#prepared(t as string, special, limit));
    const longest = rows.reduce((most, row) => Math.max(most, row.length), 0);
    if (verbose && max_length === null && longest > this.model_max_length)
      this.warnOnce(
        'sequence-length-is-longer-than-the-specified-maximum',
        'Token indices sequence length is longer than the specified maximum sequence length ' +
          `for this model (${longest} > ${this.model_max_length}). Running this sequence through the model ` +
          'will result in indexing errors',
      );
    const input_ids: Nested = one && !options.return_tensors ? rows[0]! : rows;
    return toEncoding(pad(this, { input_ids }, { ...options, padding, max_length }), options);
  }

  /** The input_ids of `call`. */
  encode(text: string, pair: null, options: BackendCallOptions & AsTensors): Int32Tensor;
  encode(text: string, pair?: null, options?: BackendCallOptions): number[];
  encode(text: string, pair: null = null, options: BackendCallOptions = {}): unknown {
    return this.call(text, pair, options).input_ids;
  }

  #prepared(text: string, special: boolean, limit: number): number[] {
    const ids = this.text_to_ids(text);
    const [before, after] = special ? [this.#before, this.#after] : [[], []];
    const fits = Math.max(0, limit - before.length - after.length);
    const begin = this.truncation_side === 'left' ? Math.max(0, ids.length - fits) : 0;
    return [...before, ...ids.slice(begin, begin + fits), ...after];
  }

  // ---- files, warnings ----

  /** The files that it was read from. */
  files(): Map<string, Uint8Array> {
    const names = [TOKENIZER_FILE, CONFIG_FILE, SPECIAL_TOKENS_FILE];
    return new Map([...this.#files].filter(([name]) => names.includes(name)));
  }

  /** Passes a message to the `warn` option, once for each key. */
  warnOnce(key: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#warn(message);
  }
}

/** Without what is undefined, which is as if it were not there. */
const defined = (o: TokenizersBackendOptions): TokenizersBackendOptions =>
  Object.fromEntries(Object.entries(o).filter(([, value]) => value !== undefined));
