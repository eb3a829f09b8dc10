// SigLIP's tokenizer as transformers 4.49.0 has it, in names and quirks, or with 5's ids: lower case, no punctuation,
// SentencePiece, eos at the end. No chat templates, no pickling, no offsets.
import {
  type AsTensors,
  batchEncodePlus,
  type BatchItem,
  type CallOptions,
  encodePlus,
  encodeTexts,
  type TextInput,
  type TextOrBatch,
} from '../encoding/encode-texts.ts';
import { type EncodeOptions, type Encoding, type Int32Tensor, type PadOptions, type PrepareOptions, toEncoding } from '../encoding/encoding.ts'; // prettier-ignore
import { pad, type Paddable } from '../encoding/padding.ts';
import { prepareForModel } from '../encoding/prepare.ts';
import { type Truncated, type TruncateOptions, truncateSequences } from '../encoding/truncation.ts';
import { isOf5, type Reference } from '../json/kinds.ts';
import { type Part, SentencePiece } from '../sentencepiece/sentencepiece.ts';
import type { AddedToken } from '../tokens/added-tokens.ts';
import { cleanUpTokenization, type DecodeOptions, decodeTokens, tokensToString } from '../tokens/decoding.ts'; // prettier-ignore
import { initFromFiles, readDecoder, tokenizerFiles, VOCAB_FILE } from '../tokens/files.ts';
import {
  checkedSide,
  consoleWarn,
  expectNoSampling,
  type Settings,
  type SiglipTokenizerInit,
  type SiglipTokenizerOptions,
  type TokenInit,
  toTokens,
  withDefaults,
} from '../tokens/init.ts';
import { type Role, ROLES, textOf, type Token } from '../tokens/special-tokens.ts';
import { cutText } from './cut-text.ts';
import { eosMask, joinedLength, joinSequences, specialMask } from './sequences.ts';
import { defineRoles, ifSet, type RoleAccessors, Vocabulary } from './vocabulary.ts';

type Ids = readonly number[];
type Batch = Exclude<TextOrBatch, string>;

interface CutOptions {
  split_special_tokens?: boolean | undefined;
}

/** `eos_token`, `eos_token_id` and so on are accessors that `defineRoles` defines; the settings are fields. */
export interface SiglipTokenizer extends RoleAccessors, Settings {}

/** transformers.SiglipTokenizer */
export class SiglipTokenizer {
  /** The vocabulary without added tokens, and how it cuts. */
  readonly sp_model: SentencePiece;
  /** false: this is the one that HF has in Python. */
  readonly is_fast = false;
  /** Whose ids these are. */
  readonly reference: Reference;
  /** What token_type_ids are padded with. */
  readonly pad_token_type_id = 0;

  readonly #init: Record<string, unknown>;
  readonly #vocabFile: Uint8Array;
  readonly #vocabulary: Vocabulary;
  readonly #warn: (message: string) => void;
  readonly #warned = new Set<string>();

  /**
   * Reads the files of a tokenizer's folder, by name: spiece.model and, if there, the three JSON files
   * that HF writes beside it. `overrides` go before the files.
   */
  static fromFiles(
    files: ReadonlyMap<string, Uint8Array>,
    overrides: SiglipTokenizerOptions = {},
  ): SiglipTokenizer {
    // `this`, so that a subclass makes its own kind.
    return new this(initFromFiles(files, overrides, overrides.warn ?? consoleWarn));
  }

  /** Throws an Error for a spiece.model that is malformed or not a unigram model. */
  constructor({ vocab_file, ...options }: SiglipTokenizerInit) {
    const { warn, scoring, reference, added_tokens_decoder, ...kwargs }: SiglipTokenizerOptions =
      options;
    this.reference = reference ?? (isOf5(kwargs) ? '5' : '4.49');
    const is5 = this.reference === '5';
    this.#init = withDefaults(kwargs);
    this.#vocabFile = vocab_file;
    this.#warn = warn ?? consoleWarn;
    expectNoSampling(kwargs.sp_model_kwargs);
    const add_dummy_prefix = is5 && kwargs['legacy'] !== false ? undefined : false;
    this.sp_model = SentencePiece.fromBytes(vocab_file, { add_dummy_prefix, scoring });
    this.model_max_length = kwargs.model_max_length ?? 64;
    this.do_lower_case = kwargs.do_lower_case ?? true;
    this.model_input_names = kwargs.model_input_names ?? ['input_ids', 'attention_mask'];
    this.padding_side = checkedSide('Padding', kwargs.padding_side);
    this.truncation_side = checkedSide('Truncation', kwargs.truncation_side);
    this.clean_up_tokenization_spaces = kwargs.clean_up_tokenization_spaces ?? false;
    this.split_special_tokens = kwargs.split_special_tokens ?? false;
    const vocabulary = (this.#vocabulary = new Vocabulary(this.sp_model));
    for (const [id, token] of readDecoder(added_tokens_decoder ?? {}))
      vocabulary.register(id, token);
    defineRoles(this, vocabulary);
    for (const role of ROLES) (this as Record<Role, unknown>)[role] = this.#init[role] ?? null;
    const extra = kwargs.extra_special_tokens ?? {};
    const more = Array.isArray(extra) ? (extra as TokenInit[]) : []; // in 5's files
    this.additional_special_tokens = [...(kwargs.additional_special_tokens ?? []), ...more];
    // HF looks for AddedTokens among texts here, never finds them, and so adds them (again).
    const isNew = (token: Token) => typeof token !== 'string' || !vocabulary.isAdded(token);
    // In 5 they are texts, and so without flags.
    const all = is5 ? this.all_special_tokens : vocabulary.special.all();
    vocabulary.add(all.filter(isNew), true, this.do_lower_case);
    vocabulary.addRoles(more.length > 0 ? {} : (extra as Record<string, TokenInit>));
  }

  // ---- vocabulary ----

  /** The number of pieces, added tokens not counted. */
  get vocab_size(): number {
    return this.sp_model.vocabSize;
  }
  /** len(tokenizer): the number of different tokens, added ones included. */
  get length(): number {
    return this.#vocabulary.size;
  }
  /** Ids by token, in their order: a Map, because an object would move keys like "7" to the front. */
  get_vocab(): Map<string, number> {
    return this.#vocabulary.all();
  }

  /** Ids by added token, special ones included, in the order they were added. */
  get_added_vocab(): Map<string, number> {
    return this.#vocabulary.addedIds();
  }
  /** Added tokens by id, special ones included. */
  get added_tokens_decoder(): Map<number, AddedToken> {
    return this.#vocabulary.added();
  }
  /** Ids by the text of an added token. */
  get added_tokens_encoder(): Map<string, number> {
    return new Map([...this.added_tokens_decoder].map(([id, token]) => [token.content, id]));
  }
  /** Special tokens without a role. */
  get additional_special_tokens(): string[] {
    return this.#vocabulary.special.additional.map(textOf);
  }
  /** Does not add them to the vocabulary. */
  set additional_special_tokens(tokens: readonly TokenInit[]) {
    this.#vocabulary.special.additional = toTokens(tokens);
    this.#vocabulary.changed();
  }
  /** Their ids. */
  get additional_special_tokens_ids(): number[] {
    return this.convert_tokens_to_ids(this.additional_special_tokens);
  }
  /** Takes the tokens with these ids. */
  set additional_special_tokens_ids(ids: Ids) {
    this.additional_special_tokens = this.convert_ids_to_tokens(ids);
  }

  /** The texts of the roles that are filled, in HF's order. */
  get special_tokens_map(): Record<string, string | string[]> {
    return this.#vocabulary.special.texts();
  }
  /** The same as they were given: texts, or tokens with flags. */
  get special_tokens_map_extended(): Record<string, Token | Token[]> {
    return this.#vocabulary.special.extended();
  }
  /** Each special token once: pad is eos, so it is not listed again. */
  get all_special_tokens(): string[] {
    return this.#vocabulary.special.all().map(textOf);
  }
  /** The ids of `all_special_tokens`. */
  get all_special_ids(): number[] {
    return this.convert_tokens_to_ids(this.all_special_tokens);
  }

  /** Adds tokens that are never cut; returns how many were not in the vocabulary. */
  add_tokens(tokens: TokenInit | readonly TokenInit[], special_tokens = false): number {
    const list = [tokens].flat() as TokenInit[];
    return this.#vocabulary.add(toTokens(list), special_tokens, this.do_lower_case);
  }

  /**
   * Gives roles to tokens and adds them; returns how many were not in the vocabulary.
   * Additional special tokens that are replaced stay in the vocabulary.
   */
  add_special_tokens(
    tokens: Partial<Record<Role, TokenInit>> & { additional_special_tokens?: readonly TokenInit[] },
    replace_additional_special_tokens = true,
  ): number {
    return this.#vocabulary.assign(tokens, replace_additional_special_tokens, this.do_lower_case);
  }

  // ---- text to tokens, tokens to text ----

  /** The tokens of a text, without eos. An unknown stretch of text is a token of its own. */
  tokenize(text: string, options: CutOptions = {}): string[] {
    return this.#cut(text, options).map((part) => this.#vocabulary.textOf(part));
  }

  /** The ids of `tokenize`, without making the tokens unless a subclass has its own way to. */
  text_to_ids(text: string, options: CutOptions = {}): number[] {
    const { tokenize, convert_tokens_to_ids } = SiglipTokenizer.prototype;
    if (this.tokenize !== tokenize || this.convert_tokens_to_ids !== convert_tokens_to_ids)
      return this.convert_tokens_to_ids(this.tokenize(text, options));
    const { pieceIds } = this.#vocabulary;
    const idOf = (part: Part) =>
      typeof part === 'number' ? pieceIds[part]! : this.#vocabulary.idOf(part);
    return this.#cut(text, options).map(idOf);
  }

  #cut(text: string, { split_special_tokens = this.split_special_tokens }: CutOptions): Part[] {
    const { do_lower_case: lowerCases, reference } = this;
    return cutText(this.#vocabulary, text, { lowerCases, whole: split_special_tokens, reference });
  }

  /** Ids of tokens; the id of `<unk>` for what is not in the vocabulary, null for null. */
  convert_tokens_to_ids(token: string): number;
  convert_tokens_to_ids(tokens: readonly string[]): number[];
  convert_tokens_to_ids(tokens: string | readonly string[] | null): number | number[] | null {
    if (typeof tokens === 'string') return this.#vocabulary.idOf(tokens);
    return ifSet(tokens, (list) => list.map((token) => this.#vocabulary.idOf(token)));
  }

  /** Tokens of ids. Throws a RangeError for an id outside the vocabulary. */
  convert_ids_to_tokens(id: number, skip_special_tokens?: boolean): string;
  convert_ids_to_tokens(ids: ArrayLike<number>, skip_special_tokens?: boolean): string[];
  convert_ids_to_tokens(ids: number | ArrayLike<number>, skip = false): string | string[] {
    if (typeof ids === 'number') return this.#vocabulary.tokenOf(ids);
    const { special_ids } = this.#vocabulary.derived;
    const kept = Array.from(ids).filter((id) => !(skip && special_ids.has(id)));
    return kept.map((id) => this.#vocabulary.tokenOf(id));
  }

  /** Joins tokens to text; special tokens as they are, with a space before the first of a run. */
  convert_tokens_to_string(tokens: readonly string[]): string {
    return tokensToString(this.sp_model, this.#vocabulary.derived.specials, tokens);
  }

  /** The text of ids, one or several. Lower-casing and dropped punctuation do not come back. */
  decode(ids: number | ArrayLike<number>, options: DecodeOptions = {}): string {
    const list = typeof ids === 'number' ? [ids] : ids;
    const tokens = this.convert_ids_to_tokens(list, options.skip_special_tokens);
    const text =
      this.reference === '5'
        ? this.convert_tokens_to_string(tokens)
        : decodeTokens(this.sp_model, this.#vocabulary, tokens, options);
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

  /** Takes spaces before punctuation and in "do n't" out, as HF's method. */
  clean_up_tokenization(text: string): string {
    return cleanUpTokenization(text);
  }

  // ---- model inputs ----

  /**
   * Encodes one text or pair, or a batch of them; HF's `__call__`.
   *
   * Gives lists, `number[]` for one text and `number[][]` for a batch, or tensors where
   * `return_tensors` asks for them: [1, T] or [B, T]. Throws an Error with HF's message for
   * arguments that do not fit.
   */
  call(
    text: TextOrBatch | null,
    pair: TextOrBatch | null,
    options: CallOptions & AsTensors,
  ): Encoding<Int32Tensor>;
  call(text: string, pair?: string | null, options?: CallOptions): Encoding<number[]>;
  call(text: Batch | null, pair?: Batch | null, options?: CallOptions): Encoding<number[][]>;
  call(
    text: TextOrBatch | null,
    pair: TextOrBatch | null = null,
    { text_target = null, text_pair_target = null, ...options }: CallOptions = {},
  ): Encoding<unknown> {
    if (text === null && text_target === null)
      throw new Error('You need to specify either `text` or `text_target`.');
    const encoding = ifSet(text, (t) => encodeTexts(this, t, pair, options));
    if (text_target === null) return encoding!;
    const target = encodeTexts(this, text_target, text_pair_target, options);
    return encoding === null ? target : { ...encoding, labels: target.input_ids };
  }

  /** The input_ids of `encode_plus`. */
  encode(text: TextInput, pair: TextInput | null, options: EncodeOptions & AsTensors): Int32Tensor;
  encode(text: TextInput, pair?: TextInput | null, options?: EncodeOptions): number[];
  encode(text: TextInput, pair: TextInput | null = null, options: EncodeOptions = {}): unknown {
    return this.encode_plus(text, pair, options).input_ids;
  }

  /** Encodes one text or pair: strings, lists of tokens (or words), or ids. */
  encode_plus(
    text: TextInput,
    pair: TextInput | null = null,
    options: EncodeOptions = {},
  ): Encoding<unknown> {
    return encodePlus(this, text, pair, options);
  }

  /** Encodes a batch of texts and pairs, and pads them together. */
  batch_encode_plus(batch: readonly BatchItem[], options: EncodeOptions = {}): Encoding<unknown> {
    return batchEncodePlus(this, batch, options);
  }

  /** Makes model inputs of ids: truncation, eos, masks, padding. */
  prepare_for_model(
    ids: Ids,
    pair: Ids | null = null,
    options: PrepareOptions = {},
  ): Encoding<unknown> {
    return toEncoding(prepareForModel(this, ids, pair, options), options);
  }

  /** Pads one encoding or a batch: an encoding of lists, or a list of encodings. */
  pad(encoded: Paddable, options: PadOptions = {}): Encoding<unknown> {
    return toEncoding(pad(this, encoded, options), options);
  }

  /** Removes `num_tokens_to_remove` ids; returns `[ids, pair_ids, overflowing]`. */
  truncate_sequences(ids: Ids, pair: Ids | null = null, options: TruncateOptions = {}): Truncated {
    return truncateSequences(
      this,
      [...ids],
      ifSet(pair, (p) => [...p]),
      options,
    );
  }

  /** `a </s>` or `a </s> b </s>`; a sequence that ends in eos gets a warning, not a second one. */
  build_inputs_with_special_tokens(ids: Ids, pair: Ids | null = null): number[] {
    return joinSequences(ids, pair, this.eos_token_id, () =>
      this.warnOnce(
        'already has eos',
        `This sequence already has ${this.eos_token}. In future versions this behavior may lead to ` +
          'duplicated eos tokens being added.',
      ),
    );
  }

  /** 1 where eos will be appended or, if `already_has_special_tokens`, where such a token is. */
  get_special_tokens_mask(
    ids: Ids,
    pair: Ids | null = null,
    already_has_special_tokens = false,
  ): number[] {
    if (!already_has_special_tokens) return eosMask(ids, pair);
    return specialMask(ids, pair, this.#vocabulary.derived.special_ids);
  }

  /** Zeros: SigLIP does not tell a pair's sequences apart. */
  create_token_type_ids_from_sequences(ids: Ids, pair: Ids | null = null): number[] {
    return new Array<number>(joinedLength(ids, pair)).fill(0);
  }

  /** 2 for a pair, 1 for one text: an eos for each. */
  num_special_tokens_to_add(pair = false): number {
    return pair ? 2 : 1;
  }
  /** How many tokens of text fit into the model. */
  get max_len_single_sentence(): number {
    return this.model_max_length - this.num_special_tokens_to_add(false);
  }
  /** How many tokens of a pair fit into the model. */
  get max_len_sentences_pair(): number {
    return this.model_max_length - this.num_special_tokens_to_add(true);
  }

  // ---- files, warnings ----

  /** The vocabulary's file by its name, `[prefix-]spiece.model`. */
  save_vocabulary(filename_prefix?: string): Map<string, Uint8Array> {
    const name = filename_prefix ? `${filename_prefix}-${VOCAB_FILE}` : VOCAB_FILE;
    return new Map([[name, this.#vocabFile]]);
  }

  /** What HF's save_pretrained writes, by name and byte for byte; writing it is the caller's. */
  files(filename_prefix?: string): Map<string, Uint8Array> {
    return tokenizerFiles(this, this.#init, this.#vocabFile, filename_prefix);
  }

  /** Passes a message to the `warn` option. */
  warn(message: string): void {
    this.#warn(message);
  }

  /** The same, once for each key. */
  warnOnce(key: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#warn(message);
  }
}
