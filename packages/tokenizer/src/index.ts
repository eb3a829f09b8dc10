// SentencePiece unigram models and SigLIP's tokenizer, exact to the id.
/** @module @siglip-ts/tokenizer */

export {
  SentencePiece,
  type Pieces,
  type SentencePieceOptions,
} from './sentencepiece/sentencepiece.ts';
export {
  PieceType,
  emptyModel,
  readModel,
  writeModel,
  type NormalizerSpec,
  type Piece,
  type SentencePieceModel,
  type TrainerSpec,
} from './sentencepiece/model.ts';
export type { Scoring } from './sentencepiece/unigram.ts';
export { SiglipTokenizer } from './siglip/siglip-tokenizer.ts';
export {
  TokenizersBackend,
  TokenizersBackend as GemmaTokenizerFast,
  type BackendCallOptions,
  type TokenizersBackendOptions,
} from './json/tokenizers-backend.ts';
export { isOf5, type Kind, type Reference } from './json/kinds.ts';
export type { SiglipTokenizerInit, SiglipTokenizerOptions, TokenInit } from './tokens/init.ts';
export type { AddedToken, AddedTokenInit } from './tokens/added-tokens.ts';
export type { Role, Token } from './tokens/special-tokens.ts';
export type { DecodeOptions } from './tokens/decoding.ts';
export type {
  EncodeOptions,
  Encoding,
  Int32Tensor,
  PaddingStrategy,
  PadOptions,
  PrepareOptions,
  Side,
  TruncationStrategy,
} from './encoding/encoding.ts';
export type { BatchItem, CallOptions, TextInput, TextOrBatch } from './encoding/encode-texts.ts';
export type { TruncateOptions, Truncated } from './encoding/truncation.ts';
export { isUnlimited } from './encoding/strategies.ts';
