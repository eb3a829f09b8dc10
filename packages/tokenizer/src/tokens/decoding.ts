// From tokens back to text. Lower-casing and dropped punctuation do not come back.
import type { SentencePiece } from '../sentencepiece/sentencepiece.ts';
import type { Vocabulary } from '../siglip/vocabulary.ts';
import { strip } from '../text/canonicalize.ts';
import { textOf } from './special-tokens.ts';

/** Options of `decode`. */
export interface DecodeOptions {
  /** Leaves eos, pad and the like out. Default false. */
  skip_special_tokens?: boolean | undefined;
  /** Default: the tokenizer's setting. */
  clean_up_tokenization_spaces?: boolean | null | undefined;
  /** false: added tokens are joined to their neighbours without a space. Default true. */
  spaces_between_special_tokens?: boolean | undefined;
}

/** SiglipTokenizer.convert_tokens_to_string */
export function tokensToString(
  sp: SentencePiece,
  specials: ReadonlySet<string>,
  tokens: readonly string[],
): string {
  let text = '';
  let pieces: string[] = [];
  let afterSpecial = false;
  for (const token of tokens) {
    if (!specials.has(token)) {
      pieces.push(token);
      afterSpecial = false;
      continue;
    }
    text += (afterSpecial ? '' : ' ') + sp.decodePieces(pieces) + token;
    pieces = [];
    afterSpecial = true;
  }
  return strip(text + sp.decodePieces(pieces));
}

/**
 * PreTrainedTokenizer._decode, from tokens: runs of pieces and roles are joined, while added tokens
 * without a role, and additional special ones beyond the pieces, stand alone.
 */
export function decodeTokens(
  sp: SentencePiece,
  vocabulary: Vocabulary,
  tokens: readonly string[],
  { skip_special_tokens = false, spaces_between_special_tokens = true }: DecodeOptions,
): string {
  const { specials } = vocabulary.derived;
  const additional = new Set(vocabulary.special.additional.map(textOf));
  const standsAlone = (token: string): boolean =>
    specials.has(token)
      ? additional.has(token) && vocabulary.idOf(token) >= sp.vocabSize
      : vocabulary.isAdded(token);
  const parts: string[] = [];
  let run: string[] = [];
  for (const token of tokens) {
    if (skip_special_tokens && specials.has(token)) continue;
    if (!standsAlone(token)) {
      run.push(token);
      continue;
    }
    const text = tokensToString(sp, specials, run);
    if (text !== '') parts.push(text);
    parts.push(token);
    run = [];
  }
  if (run.length > 0) parts.push(tokensToString(sp, specials, run)); // counts even when it is empty
  return parts.join(spaces_between_special_tokens ? ' ' : '');
}

/** Removes the spaces that English has not before punctuation and in contractions. */
export function cleanUpTokenization(text: string): string {
  for (const tight of ['.', '?', '!', ',']) text = text.replaceAll(` ${tight}`, tight);
  text = text.replaceAll(" ' ", "'");
  for (const tight of ["n't", "'m", "'s", "'ve", "'re"]) text = text.replaceAll(` ${tight}`, tight);
  return text;
}
