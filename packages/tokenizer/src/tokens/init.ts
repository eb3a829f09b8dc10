// What a SiglipTokenizer is made of: the constructor's arguments.
import type { Side } from '../encoding/encoding.ts';
import type { Reference } from '../json/kinds.ts';
import type { Scoring } from '../sentencepiece/unigram.ts';
import { addedToken, type AddedTokenInit } from './added-tokens.ts';
import { ROLES, type Roles, type Token } from './special-tokens.ts';

/** A token by its text, or with its flags. */
export type TokenInit = string | AddedTokenInit;

/** What a SiglipTokenizer remembers of its options. They may be set, and hold from the next call on. */
export interface Settings {
  /** Most tokens in a text, eos included. */
  model_max_length: number;
  /** Whether texts are lower-cased first. */
  do_lower_case: boolean;
  /** The fields that calling gives by default. */
  model_input_names: readonly string[];
  /** Where padding goes. */
  padding_side: Side;
  /** Which end of a text is cut. */
  truncation_side: Side;
  /** Whether `decode` takes spaces before punctuation out. */
  clean_up_tokenization_spaces: boolean;
  /** Whether special tokens in a text are cut like any other text. */
  split_special_tokens: boolean;
}

/** HF's names. Keys that are not listed are kept and saved again. */
export interface SiglipTokenizerOptions extends Partial<Roles<TokenInit | null | undefined>> {
  /** Special tokens without a role. */
  additional_special_tokens?: readonly TokenInit[] | null | undefined;
  /** Added tokens by id. */
  added_tokens_decoder?:
    ReadonlyMap<number, AddedTokenInit> | Record<string, AddedTokenInit> | undefined;
  /** More roles, by name; a list, as transformers 5 writes it, is of special tokens without a role. */
  extra_special_tokens?: Record<string, TokenInit> | readonly TokenInit[] | undefined;
  /** Whose ids these are to be. Default: 5's if transformers 5 wrote tokenizer_config.json. */
  reference?: Reference | undefined;
  /** Default 64. */
  model_max_length?: number | undefined;
  /** Default true. */
  do_lower_case?: boolean | undefined;
  /** Kept, but none of the sampling options is supported. */
  sp_model_kwargs?: Record<string, unknown> | null | undefined;
  /** Default input_ids and attention_mask; published checkpoints have input_ids alone. */
  model_input_names?: readonly string[] | undefined;
  /** Default 'right'. */
  padding_side?: Side | undefined;
  /** Which end of a text is cut. Default 'right'. */
  truncation_side?: Side | undefined;
  /** Whether `decode` takes spaces before punctuation out. Default false. */
  clean_up_tokenization_spaces?: boolean | undefined;
  /** Cuts special tokens in a text like any other text. Default false. */
  split_special_tokens?: boolean | undefined;
  /** Gets HF's warnings; default `console.warn`, where there is one. */
  warn?: ((message: string) => void) | undefined;
  /** Which sentencepiece's arithmetic decides exact ties. Not HF's. */
  scoring?: Scoring | undefined;
  [key: string]: unknown;
}

/** The constructor's argument. */
export interface SiglipTokenizerInit extends SiglipTokenizerOptions {
  /** The bytes of spiece.model. */
  vocab_file: Uint8Array;
}

/**
 * The arguments as HF remembers them for saving: defaults filled in, the three tokens with their
 * flags.
 */
export function withDefaults(kwargs: SiglipTokenizerOptions): Record<string, unknown> {
  // A plain text becomes a token that eats the whitespace on both sides; null means no such token.
  const stripping = (token: TokenInit | null | undefined, text: string): TokenInit | null =>
    token === undefined || typeof token === 'string'
      ? addedToken({ content: token ?? text, lstrip: true, rstrip: true, special: true })
      : token;
  return {
    ...kwargs,
    eos_token: stripping(kwargs.eos_token, '</s>'),
    unk_token: stripping(kwargs.unk_token, '<unk>'),
    pad_token: stripping(kwargs.pad_token, '</s>'),
    additional_special_tokens: kwargs.additional_special_tokens ?? null,
    sp_model_kwargs: kwargs.sp_model_kwargs ?? {},
    model_max_length: kwargs.model_max_length ?? 64,
    do_lower_case: kwargs.do_lower_case ?? true,
  };
}

/** Throws an Error for the sampling options of SentencePieceProcessor. */
export function expectNoSampling(kwargs: Record<string, unknown> | null | undefined): void {
  for (const name of ['enable_sampling', 'add_bos', 'add_eos', 'reverse', 'emit_unk_piece'])
    if (kwargs?.[name]) throw new Error(`sp_model_kwargs: ${name} is not supported`);
}

/** 'right' by default. Throws HF's Error for what is no side. */
export function checkedSide(what: 'Padding' | 'Truncation', side: string = 'right'): Side {
  if (side === 'left' || side === 'right') return side;
  throw new Error(
    `${what} side should be selected between 'right' and 'left', current value: ${side}`,
  );
}

/** Throws HF's Error for what is neither a role nor a token. */
export function checkRole(role: string, token: unknown): void {
  if (!(ROLES as readonly string[]).includes(role))
    throw new Error(`Key ${role} is not a special token`);
  if (typeof token === 'string' || typeof (token as AddedTokenInit | null)?.content === 'string')
    return;
  throw new Error(
    `Token ${String(token)} for key ${role} should be a str or an AddedToken instance`,
  );
}

/** A token that is ours to change: HF keeps texts as texts. Throws HF's Error for what is none. */
export function toToken(token: TokenInit): Token {
  if (typeof token === 'string') return token;
  if (typeof (token as AddedTokenInit | null)?.content === 'string') return addedToken(token);
  throw new Error('One of the tokens is not a string or an AddedToken');
}

/** The same for a list; configs may hold anything in its place. */
export function toTokens(list: readonly TokenInit[]): Token[] {
  if (!Array.isArray(list)) throw new Error(`Value ${String(list)} is not a list or tuple`);
  return list.map(toToken);
}

/** The default of the `warn` option; silent where there is no console. */
export function consoleWarn(message: string): void {
  (globalThis as { console?: { warn(message: string): void } }).console?.warn(message);
}
