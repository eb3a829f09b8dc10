// Byte-pair encoding of a text as HF's tokenizers does it, with bytes for characters that the vocabulary lacks. No
// dropout, no prefixes or suffixes of words, and no words: the text is cut by nothing but merges.
import { utf8Encode } from '../text/utf8.ts';
import { emptyTable, FACTOR, type TokenIds } from './token-ids.ts';

export interface BpeModel {
  readonly ids: TokenIds;
  /** Pairs of tokens that become one, the first first: three ids each, left, right, and what they make. */
  readonly merges: Int32Array;
}

/** What is waiting to be merged: at equal rank the leftmost goes first. */
interface Candidate {
  readonly rank: number;
  /** Of the left symbol. */
  readonly at: number;
}

export class Bpe {
  readonly #ids: TokenIds;
  readonly #merges: Int32Array;
  /** Ranks of pairs, by a hash. */
  readonly #table: Int32Array;
  readonly #shift: number;

  /** Throws an Error where a character could have no tokens. */
  constructor({ ids, merges }: BpeModel) {
    this.#ids = ids;
    this.#merges = merges;
    const { table, shift } = emptyTable(merges.length / 3);
    this.#table = table;
    this.#shift = shift;
    for (let rank = 0; 3 * rank < merges.length; rank++)
      // Of a pair that comes twice the last counts, as in HF.
      table[this.#placeOf(merges[3 * rank]!, merges[3 * rank + 1]!)] = rank;
    for (let byte = 0; byte < 0xf5; byte++)
      if (!ids.has(byteToken(byte)) && (byte > 0x7f || !ids.has(String.fromCharCode(byte))))
        throw new Error(
          `tokenizer.json: vocabulary: no ${byteToken(byte)}, expected a token for every byte`,
        );
  }

  /** The place of a pair in the table: that of its rank, or an empty one. */
  #placeOf(left: number, right: number): number {
    const table = this.#table;
    const merges = this.#merges;
    let place = Math.imul(Math.imul(left, FACTOR) + right, 0x9e3779b1) >>> this.#shift;
    for (let rank; (rank = table[place]!) >= 0; place = (place + 1) & (table.length - 1))
      if (merges[3 * rank] === left && merges[3 * rank + 1] === right) break;
    return place;
  }

  /** The ids of the text's tokens. O(n log n). */
  encode(text: string): number[] {
    const symbols = this.#symbols(text);
    const n = symbols.length;
    // Symbols are a list, linked both ways; one that was merged into its left neighbour is -1.
    const next = Int32Array.from({ length: n }, (_, i) => (i + 1 < n ? i + 1 : -1));
    const previous = Int32Array.from({ length: n }, (_, i) => i - 1);
    const waiting = new Heap();
    const rankAt = (at: number): number => {
      const right = at < 0 ? -1 : next[at]!;
      return right < 0 ? -1 : this.#table[this.#placeOf(symbols[at]!, symbols[right]!)]!;
    };
    const consider = (at: number): void => {
      const rank = rankAt(at);
      if (rank >= 0) waiting.push({ rank, at });
    };
    const madeBy = (rank: number): number => this.#merges[3 * rank + 2]!;
    for (let at = 0; at < n; at++) consider(at);
    for (let top = waiting.pop(); top !== undefined; top = waiting.pop()) {
      const { rank, at } = top;
      // Its symbols may have become others meanwhile; if what they make is the same, HF merges them.
      const now = symbols[at] === -1 ? -1 : rankAt(at);
      if (now < 0 || madeBy(now) !== madeBy(rank)) continue;
      const right = next[at]!;
      symbols[at] = madeBy(now);
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
