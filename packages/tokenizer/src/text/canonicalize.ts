// What SigLIP's tokenizer does to a text before SentencePiece sees it: lower case, no ASCII
// punctuation, single spaces. Python's rules, spelled out: JavaScript's \s and toLowerCase differ
// from Python's and between engines.
import { LOWERCASE_RUNS } from './lowercase-table.ts';

/**
 * Characters, other than the space, whose str.isspace() is true; unlike JavaScript's \s with
 * U+001C-001F and U+0085, without U+FEFF.
 */
const NOT_SPACE = '\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000';
const WHITESPACE = ` ${NOT_SPACE}`;
/** What is to become one space: not a single space, so that in most text there is nothing to do. */
const WHITESPACE_RUN = new RegExp(`[${WHITESPACE}]{2,}|[${NOT_SPACE}]`, 'g');
const ONE_WHITESPACE = new RegExp(`[${WHITESPACE}]`);
/** string.punctuation: all of ASCII that is neither letter, digit, space nor control. */
const PUNCTUATION = /[!-/:-@[-`{-~]/g;

/**
 * SiglipTokenizer.canonicalize_text: without ASCII punctuation, each run of whitespace as one
 * space, stripped.
 */
export function canonicalize(text: string): string {
  return strip(text.replace(PUNCTUATION, '').replace(WHITESPACE_RUN, ' '));
}

/** str.lstrip() */
export function stripStart(text: string): string {
  let begin = 0;
  while (begin < text.length && ONE_WHITESPACE.test(text[begin]!)) begin++;
  return text.slice(begin);
}

/**
 * str.rstrip(). A loop, because a regular expression for this takes quadratic time on long runs.
 */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ONE_WHITESPACE.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** str.strip() */
export function strip(text: string): string {
  return stripStart(stripEnd(text));
}

/**
 * Lower-cases each code point by itself, outside the matches of `keep`, a global expression without
 * empty matches.
 *
 * So a Greek final sigma is never made, other than with str.lower(); "İ" becomes "i" and a
 * combining dot.
 */
export function lowerCase(text: string, keep: RegExp | null): string {
  let lowered = '';
  let at = 0;
  if (keep !== null) keep.lastIndex = 0;
  for (let match = keep?.exec(text); match; match = keep?.exec(text)) {
    lowered += lowerCodePoints(text.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  return lowered + lowerCodePoints(text.slice(at));
}

/** Before and after it no letter but through what is ignored for that: a sigma at a word's end. */
const FINAL_SIGMA =
  /(?<=(?!\p{Case_Ignorable})\p{Cased}\p{Case_Ignorable}*)Σ(?!\p{Case_Ignorable}*(?!\p{Case_Ignorable})\p{Cased})/gu;

/** str.lower() of a whole text: a capital sigma at a word's end becomes ς. */
export const pythonLower = (text: string): string =>
  lowerCodePoints(text.includes('Σ') ? text.replace(FINAL_SIGMA, 'ς') : text);

function lowerCodePoints(text: string): string {
  // Most text: the tokenizer's marker, and ASCII.
  if (/^▁?[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  const table = lowercaseTable();
  let lowered = '';
  let at = 0; // text before this is in `lowered`
  for (let i = 0; i < text.length; i++) {
    const cp = text.codePointAt(i)!;
    const lower = cp < 0x80 ? asciiLower(cp) : table.get(cp);
    const width = cp > 0xffff ? 2 : 1;
    if (lower !== undefined) {
      lowered += text.slice(at, i) + lower;
      at = i + width;
    }
    i += width - 1;
  }
  return lowered + text.slice(at);
}

const asciiLower = (cp: number): string | undefined =>
  cp >= 0x41 && cp <= 0x5a ? String.fromCharCode(cp + 32) : undefined;

let lowercase: Map<number, string> | null = null;

function lowercaseTable(): Map<number, string> {
  if (lowercase !== null) return lowercase;
  lowercase = new Map([[0x130, 'i\u0307']]);
  let last = 0;
  for (let row = 0; row < LOWERCASE_RUNS.length; row += 4) {
    const [gap, extent, step, offset] = LOWERCASE_RUNS.slice(row, row + 4) as [
      number,
      number,
      number,
      number,
    ];
    const first = last + gap;
    last = first + extent;
    for (let cp = first; cp <= last; cp += step)
      lowercase.set(cp, String.fromCodePoint(cp + offset));
  }
  return lowercase;
}
