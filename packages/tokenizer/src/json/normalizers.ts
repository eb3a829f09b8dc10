// The normalizers of a tokenizer.json: what happens to a text, or to what is between added tokens, before it is cut.
import { lowerCase } from '../text/canonicalize.ts';
import { component, insert, list, oneOf, type Readers, string } from './checks.ts';
import { pattern } from './patterns.ts';
import { precompiled } from './precompiled.ts';

export type Normalize = (text: string) => string;

/** White_Space at either end; in a loop, because a regular expression for the right end takes quadratic time. */
function strip(text: string, left: boolean, right: boolean): string {
  let [begin, end] = [0, text.length];
  while (left && begin < end && SPACE.test(text[begin]!)) begin++;
  while (right && end > begin && SPACE.test(text[end - 1]!)) end--;
  return text.slice(begin, end);
}
export const SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Unicode 16's and 17's letters, which Rust knows and the table, of Python's Unicode, does not. */
const NEWER =
  /[\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/gu;
function newer(char: string): string {
  const cp = char.codePointAt(0)!;
  const special = { 0xa7cb: 0x264, 0xa7dc: 0x19b }[cp];
  return String.fromCodePoint(special ?? cp + (cp < 0x10000 ? 1 : cp < 0x16ea0 ? 0x20 : 0x1b));
}

/** Each code point by itself, as Rust's char::to_lowercase. */
export const lowercase: Normalize = (text) => lowerCase(text, null).replace(NEWER, newer);

/** NFKC grows a text at most 18 times; a hostile file must not fill the memory. */
const MAX_GROWTH = 64;

/** One after the other. Throws a RangeError where a text grows beyond reason. */
export const inTurn =
  (steps: readonly Normalize[]): Normalize =>
  (text) =>
    steps.reduce((now, step) => {
      const next = step(now);
      if (next.length > MAX_GROWTH * (text.length + 16))
        throw new RangeError(
          `tokenizer.json: normalizer: it makes a text more than ${MAX_GROWTH} times longer`,
        );
      return next;
    }, text);

/** What has a decomposition since Unicode 10 or later, which HF's tokenizers does not know yet; JavaScript's engines do. */
const LATER =
  /([\u32ff\ua7f1-\ua7f4\uab69\u{105c9}\u{105e4}\u{10781}-\u{107ba}\u{11383}-\u{11391}\u{113c5}-\u{113c8}\u{11938}\u{16121}-\u{16128}\u{16d68}-\u{16d6a}\u{1ccd6}-\u{1ccf9}\u{1e030}-\u{1e06d}\u{1f16c}\u{1fbf0}-\u{1fbf9}])/u;

const unicode = (form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD') => (): Normalize => (text) =>
  text
    .split(LATER)
    .map((part, i) => (i % 2 === 1 ? part : part.normalize(form)))
    .join('');

const READERS: Readers<Normalize> = {
  Sequence: [
    'normalizers',
    (json, name) =>
      inTurn(list(json['normalizers'], name).map((one) => component(one, name, READERS))),
  ],
  Lowercase: ['', () => lowercase],
  NFC: ['', unicode('NFC')],
  NFD: ['', unicode('NFD')],
  NFKC: ['', unicode('NFKC')],
  NFKD: ['', unicode('NFKD')],
  Precompiled: [
    'precompiled_charsmap',
    (json, name) => precompiled(string(json['precompiled_charsmap'], name)),
  ],
  Prepend: [
    'prepend',
    (json, name) => {
      const prefix = insert(json['prepend'], name);
      return (text) => (text === '' ? '' : prefix + text);
    },
  ],
  Replace: [
    'pattern content',
    (json, name) => {
      const regex = pattern(json['pattern'], `${name}.pattern`);
      const content = insert(json['content'], `${name}.content`);
      return (text) => text.replace(regex, (found) => (found === '' ? found : content));
    },
  ],
  Strip: [
    'strip_left strip_right',
    (json, name) => {
      const left = oneOf(json['strip_left'], name, [true, false]);
      const right = oneOf(json['strip_right'], name, [true, false]);
      return (text) => strip(text, left, right);
    },
  ],
};

/** The text as it is where there is none. */
export const normalizer = (json: unknown): Normalize =>
  json == null ? (text) => text : component(json, 'normalizer', READERS);
