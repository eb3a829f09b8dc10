// Tokens outside the SentencePiece model: found in the text before anything else and never cut.
import { stripEnd, stripStart } from '../text/canonicalize.ts';

/** transformers.AddedToken */
export interface AddedToken {
  /** The text that is looked for. */
  content: string;
  /** Only counts where a space, or nothing, is on both sides. */
  single_word: boolean;
  /** Eats the whitespace on its left. */
  lstrip: boolean;
  /** Eats the whitespace on its right. */
  rstrip: boolean;
  /** Matches in any case where the tokenizer lower-cases. Default: not `special`. */
  normalized: boolean;
  /** Skipped by decode with `skip_special_tokens`. */
  special: boolean;
}

/** What users pass: at least the content. */
export type AddedTokenInit = Pick<AddedToken, 'content'> & Partial<AddedToken>;

/** A new AddedToken with HF's defaults. */
export function addedToken(init: AddedTokenInit): AddedToken {
  const special = init.special ?? false;
  return {
    content: init.content,
    single_word: init.single_word ?? false,
    lstrip: init.lstrip ?? false,
    rstrip: init.rstrip ?? false,
    normalized: init.normalized ?? !special,
    special,
  };
}

interface TrieNode {
  readonly next: Map<string, TrieNode>;
  isEnd: boolean;
}

const newNode = (): TrieNode => ({ next: new Map(), isEnd: false });

/** A match that was found and where it ends. */
interface Found {
  start: number;
  end: number;
}

/**
 * transformers.tokenization_utils.Trie: cuts a text at the added tokens, the longest that begins
 * first.
 *
 * Its quirks are kept: a match is noticed one character late; looking ahead from there prefers any
 * earlier start, even one that has just failed, as if the failing character were not there.
 */
export class TokenTrie {
  readonly #root = newNode();
  readonly #words: string[] = [];

  add(word: string): void {
    if (word === '') return;
    let node = this.#root;
    for (const char of word) {
      let next = node.next.get(char);
      if (next === undefined) node.next.set(char, (next = newNode()));
      node = next;
    }
    if (!node.isEnd) this.#words.push(word);
    node.isEnd = true;
  }

  /** Whether the text holds one of the tokens. */
  occursIn(text: string): boolean {
    return this.#words.some((word) => text.includes(word));
  }

  /** The text in parts that joined give it back; each added token is a part. */
  split(text: string): string[] {
    const chars = Array.from(text); // code points, as in Python
    const cuts = [0];
    let open = new Map<number, TrieNode>(); // where a match may have begun -> how far it came
    let skip = 0;
    for (let at = 0; at < chars.length; at++) {
      if (at < skip) continue;
      const found = open.size > 0 ? this.#step(chars, at, open) : null;
      if (found !== null) {
        cuts.push(found.start, found.end);
        skip = found.end;
        open = new Map();
      }
      const first = at >= skip ? this.#root.next.get(chars[at]!) : undefined;
      if (first !== undefined) open.set(at, first);
    }
    for (const [start, node] of open) {
      if (!node.isEnd) continue;
      cuts.push(start, chars.length);
      break; // of matches that reach the end the one that starts first is the longest
    }
    return cut(chars, [...cuts, chars.length]);
  }

  /**
   * Moves all open matches over the character at `at`, or reports that one was complete before it.
   */
  #step(chars: readonly string[], at: number, open: Map<number, TrieNode>): Found | null {
    const failed: number[] = [];
    for (const [start, node] of open) {
      if (node.isEnd) return lookAhead(chars, at, start, open);
      const next = node.next.get(chars[at]!);
      if (next === undefined) failed.push(start);
      else open.set(start, next);
    }
    for (const start of failed) open.delete(start);
    return null;
  }
}

/**
 * From a complete match at `first`: the longest match that starts there or, before it, any longer
 * one.
 */
function lookAhead(
  chars: readonly string[],
  at: number,
  first: number,
  open: Map<number, TrieNode>,
): Found {
  const found = { start: first, end: at };
  for (const [start, reached] of open) {
    if (start > found.start) break;
    // Matches that began earlier have moved over the character at `at` already.
    let index = start < found.start ? at + 1 : at;
    for (let node: TrieNode | undefined = reached; node !== undefined; index++) {
      if (node.isEnd) {
        found.start = start;
        found.end = index;
      }
      node = index < chars.length ? node.next.get(chars[index]!) : undefined;
    }
  }
  return found;
}

function cut(chars: readonly string[], cuts: readonly number[]): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const end of cuts) {
    if (end <= start) continue;
    parts.push(chars.slice(start, end).join(''));
    start = end;
  }
  return parts;
}

/**
 * Applies the tokens' flags to the parts of a split text, in place: whitespace that a token eats
 * goes, and a `single_word` token inside a word goes back into the word. Parts may become empty.
 */
export function applyFlags(
  parts: string[],
  tokenOf: (text: string) => AddedToken | undefined,
): void {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const token = tokenOf(part);
    if (token === undefined) continue;
    const left = i > 0 ? parts[i - 1]! : '';
    const right = parts[i + 1] ?? '';
    if (token.rstrip && right) parts[i + 1] = stripStart(right);
    if (token.lstrip && left) parts[i - 1] = stripEnd(left);
    if (!token.single_word) continue;
    // As in HF, the neighbours are looked at as they were before stripping.
    if (left && !left.endsWith(' ')) {
      parts[i - 1] += part;
      parts[i] = '';
    } else if (right && !right.startsWith(' ')) {
      parts[i + 1] = part + parts[i + 1]!;
      parts[i] = '';
    }
  }
}
