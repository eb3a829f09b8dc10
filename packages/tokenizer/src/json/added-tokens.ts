// Added tokens as HF's tokenizers finds them in a text: before it is normalised, or after, the longest first, with the flags of
// each. transformers' own rules for SiglipTokenizer are others, in tokens/added-tokens.ts.
import type { AddedToken } from '../tokens/added-tokens.ts';
import { type Normalize, SPACE } from './normalizers.ts';
import { escaped } from './patterns.ts';

export type Added = AddedToken & { readonly id: number };

/** An added token, or text in between; `first`: the whole text begins with it. */
export type Part = Added | { readonly text: string; readonly first: boolean };

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]';
const WORD_AT_END = new RegExp(`${WORD}$`, 'u');
const WORD_AT_START = new RegExp(`^${WORD}`, 'u');

/** Cuts a text at the added tokens; what is in between is normalised. */
export function splitter(
  added: readonly Added[],
  normalize: Normalize,
): (text: string) => readonly Part[] {
  const asIs = finder(
    added.filter((token) => !token.normalized),
    (text) => text,
  );
  const normalized = finder(
    added.filter((token) => token.normalized),
    normalize,
  );
  return (text) =>
    asIs(text, true).flatMap((part) =>
      'text' in part ? normalized(normalize(part.text), part.first) : [part],
    );
}

function finder(added: readonly Added[], normalize: Normalize) {
  const byText = new Map<string, Added>();
  for (const token of added) {
    const text = normalize(token.content);
    if (text !== '' && !byText.has(text)) byText.set(text, token);
  }
  const longestFirst = [...byText.keys()].sort((a, b) => b.length - a.length);
  const regex = new RegExp(longestFirst.map(escaped).join('|'), 'gu');
  return (text: string, first: boolean): readonly Part[] => {
    if (byText.size === 0) return text === '' ? [] : [{ text, first }];
    const parts: Part[] = [];
    let at = 0;
    const upTo = (end: number): void => {
      if (end > at) parts.push({ text: text.slice(at, end), first: first && at === 0 });
    };
    for (const match of text.matchAll(regex)) {
      let [begin, end] = [match.index, match.index + match[0].length];
      const token = byText.get(match[0])!;
      if (token.single_word && (WORD_AT_END.test(text.slice(0, begin)) || WORD_AT_START.test(text.slice(end)))) continue; // prettier-ignore
      if (token.lstrip) while (begin > at && SPACE.test(text[begin - 1]!)) begin--;
      if (token.rstrip) while (end < text.length && SPACE.test(text[end]!)) end++;
      upTo(begin);
      parts.push(token);
      at = end;
    }
    upTo(text.length);
    return parts;
  };
}
