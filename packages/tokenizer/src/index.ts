// SentencePiece unigram models and SigLIP's tokenizer, exact to the id.
/** @module @siglip-ts/tokenizer */

export { SentencePiece, type Pieces, type SentencePieceOptions } from './sentencepiece.ts';
export {
  PieceType,
  emptyModel,
  readModel,
  writeModel,
  type NormalizerSpec,
  type Piece,
  type SentencePieceModel,
  type TrainerSpec,
} from './sentencepiece-model.ts';
export type { Scoring } from './unigram.ts';
export { SiglipTokenizer } from './siglip-tokenizer.ts';
export {
  GemmaTokenizerFast,
  type GemmaCallOptions,
  type GemmaTokenizerOptions,
} from './gemma-tokenizer.ts';
export type { SiglipTokenizerInit, SiglipTokenizerOptions, TokenInit } from './init.ts';
export type { AddedToken, AddedTokenInit } from './added-tokens.ts';
export type { Role, Token } from './special-tokens.ts';
export type { DecodeOptions } from './decoding.ts';
export type {
  EncodeOptions,
  Encoding,
  Int32Tensor,
  PaddingStrategy,
  PadOptions,
  PrepareOptions,
  Side,
  TruncationStrategy,
} from './encoding.ts';
export type { BatchItem, CallOptions, TextInput, TextOrBatch } from './encode-texts.ts';
export type { TruncateOptions, Truncated } from './truncation.ts';
export { isUnlimited } from './strategies.ts';
