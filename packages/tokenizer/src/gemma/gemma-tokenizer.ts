// Gemma's tokenizer, which SigLIP 2 brings, as transformers 4.49.0 has it in GemmaTokenizerFast: the vocabulary and merges
// of tokenizer.json, every character kept. For single texts and batches; no pairs, no offsets, no overflowing tokens.
import type { AsTensors } from '../encoding/encode-texts.ts';
import { type EncodeOptions, type Encoding, type Int32Tensor, type Nested, type Side,toEncoding } from '../encoding/encoding.ts'; // prettier-ignore
import { pad } from '../encoding/padding.ts';
import { strategies } from '../encoding/strategies.ts';
import { lowerCase } from '../text/canonicalize.ts';
import { isUtf8, utf8Decode } from '../text/utf8.ts';
import { cleanUpTokenization, type DecodeOptions } from '../tokens/decoding.ts';
import { readJson } from '../tokens/files.ts';
import { checkedSide, consoleWarn } from '../tokens/init.ts';
import { type Roles, textOf, type Token } from '../tokens/special-tokens.ts';
import { Bpe, byteToken } from './bpe.ts';
import { readTokenizerJson, type TokenizerJson } from './tokenizer-json.ts';

const TOKENIZER_FILE = 'tokenizer.json';
const CONFIG_FILE = 'tokenizer_config.json';
const SPACE = '▁';
/** HF's "no maximum". */
const NO_MAXIMUM = 1e30;
const ROLES = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;
type Role = (typeof ROLES)[number];

/** What `call` takes; the rest of HF's options belongs to pairs and offsets. */
export type GemmaCallOptions = Pick<
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
export interface GemmaTokenizerOptions extends Partial<Pick<Roles<Token>, Role>> {
  /** Begins each text with bos. Default true, as HF; SigLIP 2's files say false. */
  add_bos_token?: boolean | undefined;
  /** Ends each text with eos. Default false, as HF; SigLIP 2's files say true. */
  add_eos_token?: boolean | undefined;
  /** SigLIP 2: pass 64, since its files name none. */
  model_max_length?: number | undefined;
  /** Default input_ids and attention_mask. */
  model_input_names?: readonly string[] | undefined;
  /** Default 'left', as HF; SigLIP 2's files say 'right'. */
  padding_side?: Side | undefined;
  /** Which end of a text is cut. Default 'right'. */
  truncation_side?: Side | undefined;
  /** Whether `decode` takes spaces before punctuation out. Default false. */
  clean_up_tokenization_spaces?: boolean | undefined;
  /** More tokens of the vocabulary that are special. */
  additional_special_tokens?: readonly Token[] | null | undefined;
  /**
   * Default false, whatever tokenizer_config.json says: transformers 4.49 does not heed it. SigLIP 2 was trained on
   * lower-cased text, so pass true unless you compare with 4.49. Where the file says true and nothing is passed, a text
   * with capitals gets a warning.
   */
  do_lower_case?: boolean | undefined;
  /** Gets HF's warnings; default `console.warn`, where there is one. */
  warn?: ((message: string) => void) | undefined;
}

/** transformers.GemmaTokenizerFast */
export class GemmaTokenizerFast {
  /** true: this is the one that HF reads from tokenizer.json. */
  readonly is_fast = true;
  /** Whether each text begins with bos. */
  readonly add_bos_token: boolean;
  /** Whether each text ends with eos. */
  readonly add_eos_token: boolean;
  /** Whether texts are lower-cased first. */
  readonly do_lower_case: boolean;
  /** Most tokens in a text; HF's very large number where the files name none. */
  model_max_length: number;
  /** The fields that calling gives by default. */
  model_input_names: readonly string[];
  /** Where padding goes. */
  padding_side: Side;
  /** Which end of a text is cut. */
  truncation_side: Side;
  /** Whether `decode` takes spaces before punctuation out. */
  clean_up_tokenization_spaces: boolean;

  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #bpe: Bpe;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #tokens = new Map<number, string>();
  readonly #roles: Readonly<Record<Role, string>>;
  readonly #specials: ReadonlySet<string>;
  /** Cuts a text at the added tokens, the longest of those that begin first. */
  readonly #added: RegExp;
  /** The file asks for lower case, and does not get it. */
  readonly #unheeded: boolean;
  readonly #warn: (message: string) => void;
  readonly #warned = new Set<string>();

  /** Reads tokenizer.json and, if there, tokenizer_config.json. Throws an Error for files that are not Gemma's kind. */
  static fromFiles(
    files: ReadonlyMap<string, Uint8Array>,
    overrides: GemmaTokenizerOptions = {},
  ): GemmaTokenizerFast {
    return new this(files, overrides);
  }

  constructor(files: ReadonlyMap<string, Uint8Array>, overrides: GemmaTokenizerOptions = {}) {
    const bytes = files.get(TOKENIZER_FILE);
    if (!bytes) throw new Error(`${TOKENIZER_FILE}: missing, found ${[...files.keys()].join(', ') || 'no files'}`); // prettier-ignore
    const { do_lower_case: asked, ...config } = readJson(files, CONFIG_FILE) ?? {};
    const o: GemmaTokenizerOptions = { ...config, ...overrides };
    this.#files = files;
    this.#warn = o.warn ?? consoleWarn;
    this.add_bos_token = o.add_bos_token ?? true;
    this.add_eos_token = o.add_eos_token ?? false;
    this.do_lower_case = o.do_lower_case ?? false;
    this.#unheeded = asked === true && o.do_lower_case === undefined;
    this.model_max_length = o.model_max_length ?? NO_MAXIMUM;
    this.model_input_names = o.model_input_names ?? ['input_ids', 'attention_mask'];
    this.padding_side = checkedSide('Padding', o.padding_side ?? 'left');
    this.truncation_side = checkedSide('Truncation', o.truncation_side);
    this.clean_up_tokenization_spaces = o.clean_up_tokenization_spaces ?? false;

    const json = readTokenizerJson(utf8Decode(bytes));
    this.#bpe = new Bpe(json);
    this.#ids = withAdded(json);
    this.vocab_size = json.ids.size;
    for (const [token, id] of this.#ids) this.#tokens.set(id, token);
    const role = (name: Role): string =>
      this.#known(textOf(o[name] ?? `<${name.slice(0, 3)}>`), name);
    this.#roles = { bos_token: role('bos_token'), eos_token: role('eos_token'), unk_token: role('unk_token'), pad_token: role('pad_token') }; // prettier-ignore
    const additional = (o.additional_special_tokens ?? []).map((token) =>
      this.#known(textOf(token), 'additional_special_tokens'),
    );
    const special = json.added.filter((token) => token.special).map((token) => token.content);
    this.#specials = new Set([...Object.values(this.#roles), ...additional, ...special]);
    const cuts = new Set([...this.#specials, ...json.added.map((token) => token.content)]);
    this.#added = anyOf([...cuts]);
  }

  #known(token: string, name: string): string {
    if (this.#ids.has(token)) return token;
    throw new Error(`${name} ${JSON.stringify(token)}: expected a token of ${TOKENIZER_FILE}`);
  }

  // ---- vocabulary ----

  /** The number of tokens without added ones that the model lacks. */
  readonly vocab_size: number;
  /** The number of different tokens, added ones included. */
  get length(): number {
    return this.#ids.size;
  }
  /** Ids by token, added ones included. */
  get_vocab(): Map<string, number> {
    return new Map(this.#ids);
  }
  /** The token that may begin a text. */
  get bos_token(): string {
    return this.#roles.bos_token;
  }
  /** The token that may end a text. */
  get eos_token(): string {
    return this.#roles.eos_token;
  }
  /** The token for what is not in the vocabulary. */
  get unk_token(): string {
    return this.#roles.unk_token;
  }
  /** The token that fills texts up to one length. */
  get pad_token(): string {
    return this.#roles.pad_token;
  }
  /** The id of `bos_token`. */
  get bos_token_id(): number {
    return this.#ids.get(this.bos_token)!;
  }
  /** The id of `eos_token`. */
  get eos_token_id(): number {
    return this.#ids.get(this.eos_token)!;
  }
  /** The id of `unk_token`. */
  get unk_token_id(): number {
    return this.#ids.get(this.unk_token)!;
  }
  /** The id of `pad_token`. */
  get pad_token_id(): number {
    return this.#ids.get(this.pad_token)!;
  }

  /** Ids of tokens; the id of `<unk>` for what is not in the vocabulary. */
  convert_tokens_to_ids(token: string): number;
  convert_tokens_to_ids(tokens: readonly string[]): number[];
  convert_tokens_to_ids(tokens: string | readonly string[]): number | number[] {
    const idOf = (token: string): number => this.#ids.get(token) ?? this.unk_token_id;
    return typeof tokens === 'string' ? idOf(tokens) : tokens.map(idOf);
  }

  /** Tokens of ids. Throws a RangeError for an id outside the vocabulary. */
  convert_ids_to_tokens(id: number, skip_special_tokens?: boolean): string;
  convert_ids_to_tokens(ids: ArrayLike<number>, skip_special_tokens?: boolean): string[];
  convert_ids_to_tokens(ids: number | ArrayLike<number>, skip = false): string | string[] {
    const tokenOf = (id: number): string => {
      const token = this.#tokens.get(id);
      if (token === undefined) throw new RangeError(`id ${id}: expected one below ${this.length}`);
      return token;
    };
    if (typeof ids === 'number') return tokenOf(ids);
    const tokens = Array.from(ids, tokenOf);
    return skip ? tokens.filter((token) => !this.#specials.has(token)) : tokens;
  }

  // ---- text to tokens, tokens to text ----

  /** The tokens of a text, without bos and eos. */
  tokenize(text: string): string[] {
    return this.convert_ids_to_tokens(this.text_to_ids(text));
  }

  /** The ids of `tokenize`. */
  text_to_ids(text: string): number[] {
    // Odd parts are the added tokens.
    return text.split(this.#added).flatMap((part, i) => {
      if (i % 2 === 1) return this.#ids.get(part)!;
      const lowered = this.do_lower_case || this.#unheeded ? lowerCase(part, null) : part;
      if (this.#unheeded && lowered !== part)
        this.warnOnce(
          'do_lower_case',
          `${CONFIG_FILE} says do_lower_case, which transformers 4.49 ignores: capitals are kept, though the model was ` +
            'probably trained without. Pass do_lower_case: true for lower case, false for silence.',
        );
      return this.#bpe.encode((this.#unheeded ? part : lowered).replaceAll(' ', SPACE));
    });
  }

  /** Joins tokens to text: `▁` is a space, and a run of bytes what they are in UTF-8, or U+FFFD for each. */
  convert_tokens_to_string(tokens: readonly string[]): string {
    let text = '';
    let run: number[] = [];
    const flush = (): void => {
      const bytes = Uint8Array.from(run);
      text += isUtf8(bytes) ? utf8Decode(bytes) : '\ufffd'.repeat(run.length);
      run = [];
    };
    for (const token of tokens) {
      const byte = BYTES.get(token);
      if (byte !== undefined) run.push(byte);
      else {
        flush();
        text += token.replaceAll(SPACE, ' ');
      }
    }
    flush();
    return text;
  }

  /** The text of ids, one or several. */
  decode(ids: number | ArrayLike<number>, options: DecodeOptions = {}): string {
    const list = typeof ids === 'number' ? [ids] : ids;
    const tokens = this.convert_ids_to_tokens(list, options.skip_special_tokens);
    const text = this.convert_tokens_to_string(tokens);
    const cleans = options.clean_up_tokenization_spaces ?? this.clean_up_tokenization_spaces;
    return cleans ? cleanUpTokenization(text) : text;
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
    options: GemmaCallOptions & AsTensors,
  ): Encoding<Int32Tensor>;
  call(text: string, pair?: null, options?: GemmaCallOptions): Encoding<number[]>;
  call(text: readonly string[], pair?: null, options?: GemmaCallOptions): Encoding<number[][]>;
  call(
    text: string | readonly string[],
    pair: null = null,
    options: GemmaCallOptions = {},
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
  encode(text: string, pair: null, options: GemmaCallOptions & AsTensors): Int32Tensor;
  encode(text: string, pair?: null, options?: GemmaCallOptions): number[];
  encode(text: string, pair: null = null, options: GemmaCallOptions = {}): unknown {
    return this.call(text, pair, options).input_ids;
  }

  #prepared(text: string, special: boolean, limit: number): number[] {
    const ids = this.text_to_ids(text);
    const before = special && this.add_bos_token ? [this.bos_token_id] : [];
    const after = special && this.add_eos_token ? [this.eos_token_id] : [];
    const fits = Math.max(0, limit - before.length - after.length);
    const begin = this.truncation_side === 'left' ? Math.max(0, ids.length - fits) : 0;
    return [...before, ...ids.slice(begin, begin + fits), ...after];
  }

  // ---- files, warnings ----

  /** The files that it was read from. */
  files(): Map<string, Uint8Array> {
    const names = [TOKENIZER_FILE, CONFIG_FILE];
    return new Map([...this.#files].filter(([name]) => names.includes(name)));
  }

  /** Passes a message to the `warn` option, once for each key. */
  warnOnce(key: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#warn(message);
  }
}

const BYTES = new Map(Array.from({ length: 256 }, (_, byte) => [byteToken(byte), byte]));

function withAdded({ ids, added }: TokenizerJson): ReadonlyMap<string, number> {
  return new Map([...ids, ...added.map(({ content, id }) => [content, id] as const)]);
}

/** Matches the longest of the words first; `split` keeps what it matches. */
function anyOf(words: readonly string[]): RegExp {
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`(${escaped.join('|')})`);
}
