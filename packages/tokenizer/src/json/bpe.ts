// Byte-pair encoding of a text as HF's tokenizers does it, with bytes for characters that the vocabulary lacks. No
// dropout, no prefixes or suffixes of words, and no words: the text is cut by nothing but merges.
import { utf8Encode } from '../text/utf8.ts';

export interface BpeModel {
  readonly ids: ReadonlyMap<string, number>;
  /** Pairs of tokens that become one, the first first. */
  readonly merges: readonly (readonly [left: string, right: string])[];
}

/** What is waiting to be merged: at equal rank the leftmost goes first. */
interface Candidate {
  readonly rank: number;
  /** Of the left symbol. */
  readonly at: number;
}

export class Bpe {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #base: number;
  /** Ranks of pairs, by `left * base + right`. */
  readonly #ranks = new Map<number, number>();
  /** What a merge makes, by rank. */
  readonly #made: number[] = [];

  /** Throws an Error for merges of tokens that are not there, and where a character could have no tokens. */
  constructor({ ids, merges }: BpeModel) {
    this.#ids = ids;
    this.#base = 1 + [...ids.values()].reduce((most, id) => Math.max(most, id), 0);
    for (const [rank, [left, right]] of merges.entries()) {
      const [a, b, c] = [left, right, left + right].map((token) => ids.get(token));
      if (a === undefined || b === undefined || c === undefined)
        throw new Error(
          `tokenizer.json: merge ${rank} of ${JSON.stringify([left, right])}: expected both and what they make in the vocabulary`,
        );
      this.#ranks.set(a * this.#base + b, rank); // of a pair that comes twice the last counts, as in HF
      this.#made.push(c);
    }
    for (let byte = 0; byte < 0xf5; byte++)
      if (!ids.has(byteToken(byte)) && (byte > 0x7f || !ids.has(String.fromCharCode(byte))))
        throw new Error(
          `tokenizer.json: vocabulary: no ${byteToken(byte)}, expected a token for every byte`,
        );
  }

  /** The ids of the text's tokens. O(n log n). */
  encode(text: string): number[] {
    const symbols = this.#symbols(text);
    const n = symbols.length;
    // Symbols are a list, linked both ways; one that was merged into its left neighbour is -1.
    const next = Int32Array.from({ length: n }, (_, i) => (i + 1 < n ? i + 1 : -1));
    const previous = Int32Array.from({ length: n }, (_, i) => i - 1);
    const waiting = new Heap();
    const rankAt = (at: number): number | undefined => {
      const right = at < 0 ? -1 : next[at]!;
      return right < 0 ? undefined : this.#ranks.get(symbols[at]! * this.#base + symbols[right]!);
    };
    const consider = (at: number): void => {
      const rank = rankAt(at);
      if (rank !== undefined) waiting.push({ rank, at });
    };
    for (let at = 0; at < n; at++) consider(at);
    for (let top = waiting.pop(); top !== undefined; top = waiting.pop()) {
      const { rank, at } = top;
      // Its symbols may have become others meanwhile; if what they make is the same, HF merges them.
      const now = symbols[at] === -1 ? undefined : rankAt(at);
      if (now === undefined || this.#made[now] !== this.#made[rank]) continue;
      const right = next[at]!;
      symbols[at] = this.#made[now]!;
      symbols[right] = -1;
      next[at] = next[right]!;
      if (next[at]! >= 0) previous[next[at]!] = at;
      consider(previous[at]!);
      consider(at);
    }
    return symbols.filter((id) => id !== -1);
  }

  /** The tokens of single characters, or of their bytes. */
  #symbols(text: string): number[] {
    const symbols: number[] = [];
    for (const char of text) {
      const id = this.#ids.get(char);
      if (id !== undefined) symbols.push(id);
      else for (const byte of utf8Encode(char)) symbols.push(this.#ids.get(byteToken(byte))!);
    }
    return symbols;
  }
}

/** `<0x0A>` */
export const byteToken = (byte: number): string =>
  `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** A binary heap of candidates. */
class Heap {
  readonly #items: Candidate[] = [];

  push(item: Candidate): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    for (
      let parent = (at - 1) >> 1;
      at > 0 && before(item, items[parent]!);
      at = parent, parent = (at - 1) >> 1
    )
      // prettier-ignore
      items[at] = items[parent]!;
    items[at] = item;
  }

  pop(): Candidate | undefined {
    const items = this.#items;
    const [top, last] = [items[0], items.pop()];
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++;
      if (!before(items[child]!, last)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}

const before = (a: Candidate, b: Candidate): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.at < b.at);
