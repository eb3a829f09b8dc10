// What a Replace or a Split looks for: a text, or a regular expression of Oniguruma as far as JavaScript's means the same.
import { expectFields, fail, type Json, object, string } from './checks.ts';

/** Unicode's White_Space, which is \s there; JavaScript's has U+FEFF and lacks U+0085. */
const SPACES = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/**
 * What both understand alike. A bracket within a class, `&&` and other escapes of letters are not among it, nor is what may take
 * exponential time: a count of a group.
 */
const KNOWN =
  /^(?:\\[^\w]|\\[stnr]|\\p\{(?:L|N|P|S|M|Z)[a-z]?\}|\[\^?(?:\\[^\w]|\\[stnr]|\\p\{(?:L|N|P|S|M|Z)[a-z]?\}|[^\\[\]&]|&(?!&))+\]|[^\\.^$[\]{}()*+?|]|(?<![()|])[*+?](?![+?])|(?<![()|])\{\d+(?:,\d*)?\}(?![+?])|\||\((?:\?:)?|\))+$/u;

/** Of open counts in one expression: with each, time may grow by a power more of the text's length. */
const MOST_COUNTS = 2;

/** As a global expression with the flag u. Throws an Error for what JavaScript may read otherwise. */
export function pattern(json: unknown, name: string): RegExp {
  const given: Json = object(json, name);
  expectFields(given, name, 'String Regex');
  if ('String' in given) {
    const text = string(given['String'], name);
    if (text === '') return fail(name, text, 'a text that is not empty');
    return new RegExp(escaped(text), 'gu');
  }
  const source = string(given['Regex'], `${name}.Regex`);
  const ours = source.replace(/(\[\^?)|(\])|\\(s)|\\([^\w])/gu, translated());
  try {
    const counts = source.replace(/\[(?:\\.|[^\]])*\]|\\./gu, '').match(/[*+]|\d,\d*\}/g) ?? [];
    if (KNOWN.test(source) && counts.length <= MOST_COUNTS) return new RegExp(ours, 'gu');
  } catch {
    // refused below, like one that is not known
  }
  return fail(
    `${name}.Regex`,
    source,
    'literals, classes, \\s, \\p{…}, groups, and two counts of one character',
  );
}

/** \s by its characters, bare or within a class; escapes that the flag u refuses, without their backslash. */
function translated() {
  let within = false;
  return (found: string, opens?: string, closes?: string, space?: string, char?: string) => {
    if (opens !== undefined || closes !== undefined) within = opens !== undefined;
    if (space !== undefined) return within ? SPACES : `[${SPACES}]`;
    if (char !== undefined && !(within ? /[\\^$.*+?()[\]{}|/-]/ : /[\\^$.*+?()[\]{}|/]/).test(char)) return char; // prettier-ignore
    return found;
  };
}

/** As part of a regular expression. */
export const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Where an expression matches, empty matches left out: [begin, end, true], and [begin, end, false] between. */
export function matches(text: string, regex: RegExp): [number, number, boolean][] {
  const found: [number, number, boolean][] = [];
  let at = 0;
  for (const match of text.matchAll(regex)) {
    const end = match.index + match[0].length;
    if (end === match.index) continue;
    if (match.index > at) found.push([at, match.index, false]);
    found.push([match.index, end, true]);
    at = end;
  }
  if (at < text.length) found.push([at, text.length, false]);
  return found;
}
