// How SiglipTokenizer.tokenize cuts a text. Pieces come as ids, so that whoever wants ids needs no
// strings between; turning them into tokens or ids of the vocabulary is the tokenizer's.
import type { Reference } from '../json/kinds.ts';
import type { Part } from '../sentencepiece/sentencepiece.ts';
import { canonicalize, lowerCase, pythonLower } from '../text/canonicalize.ts';
import type { Vocabulary } from './vocabulary.ts';

const SPACE = '▁';

/**
 * Lower-cases, cuts at special and added tokens, then in each chunk drops ASCII punctuation, tidies
 * whitespace and segments. `whole`: special and added tokens are text like any other.
 *
 * transformers 5 lower-cases each chunk after the cut, as Python does a text, not each character before it.
 */
export function cutText(
  vocabulary: Vocabulary,
  text: string,
  { lowerCases, whole, reference }: { lowerCases: boolean; whole: boolean; reference: Reference },
): Part[] {
  const { keep, specials } = vocabulary.derived;
  // The marker in front survives all tidying and gives the first word its "▁".
  let marked = SPACE + text.replaceAll(SPACE, ' ');
  const late = lowerCases && reference === '5';
  if (lowerCases && !late) marked = lowerCase(marked, keep);

  const parts: Part[] = [];
  const chunks = whole ? null : vocabulary.split(marked);
  for (const chunk of chunks ?? [marked])
    if (chunks !== null && vocabulary.isAdded(chunk)) parts.push(chunk);
    else if (chunk !== '') segment(vocabulary, late ? pythonLower(chunk) : chunk, parts);

  const isText = (at: number, is: (token: string) => boolean): boolean =>
    is(vocabulary.textOf(parts[at]!));
  const bareMarker =
    parts.length > 1 && isText(0, (t) => t === SPACE) && isText(1, (t) => specials.has(t));
  return bareMarker ? parts.slice(1) : parts;
}

/** SentencePiece strips a leading "▁", but not behind `<unk>`, whose pieces are then dropped. */
function segment(vocabulary: Vocabulary, chunk: string, parts: Part[]): void {
  const { shield } = vocabulary.derived;
  const found = vocabulary.pieces.segment(shield.text + canonicalize(chunk));
  // What is shorter than the shield is kept whole, as HF does.
  for (let i = found.length >= shield.parts ? shield.parts : 0; i < found.length; i++)
    parts.push(found[i]!);
}
