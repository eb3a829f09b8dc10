// Tokens and their ids, both ways, for large vocabularies: the tokens lie as UTF-8 in one piece and are found by a hash. Small
// ones, and odd ones, are in a Map.
import { utf8Decode, utf8Into } from '../text/utf8.ts';

/** Ids by token, as in a Map. */
export interface TokenIds extends Iterable<[token: string, id: number]> {
  readonly size: number;
  get(token: string): number | undefined;
  has(token: string): boolean;
}

/** Odd, and another one with each start: so no file can be written whose tokens all meet in one place of a table. */
export const FACTOR = (Math.random() * 2 ** 32) | 1;

/** Of a table with room for so many, half of it empty: -1 in all places, and the shift that makes places of hashes. */
export function emptyTable(count: number): { table: Int32Array; shift: number } {
  const bits = 33 - Math.clz32(count);
  return { table: new Int32Array(2 ** bits).fill(-1), shift: 32 - bits };
}

/** Whether a text has half of a surrogate pair, which UTF-8 has not. */
export const isLone = (text: string): boolean => /[\ud800-\udfff]/u.test(text);

/** Tokens with the ids 0, 1, 2 and so on. */
export class PackedIds implements TokenIds {
  readonly size: number;
  readonly #bytes: Uint8Array;
  /** By id: where its token ends and the next one begins. */
  readonly #ends: Int32Array;
  readonly #table: Int32Array;
  readonly #shift: number;

  /** Throws an Error for a token that is there twice. */
  constructor(bytes: Uint8Array, ends: Int32Array) {
    this.size = ends.length;
    this.#bytes = bytes;
    this.#ends = ends;
    const { table, shift } = emptyTable(ends.length);
    this.#table = table;
    this.#shift = shift;
    for (let id = 0, begin = 0; id < ends.length; begin = ends[id++]!) {
      const place = this.#placeOf(bytes, begin, ends[id]!);
      if (table[place]! >= 0) throw new Error('a token is there twice');
      table[place] = id;
    }
  }

  /** The place of `text[begin, end)` in the table: that of its id, or an empty one. */
  #placeOf(text: Uint8Array, begin: number, end: number): number {
    const table = this.#table;
    let hash = end - begin;
    for (let i = begin; i < end; i++) hash = Math.imul(hash, FACTOR) + text[i]!;
    let place = Math.imul(hash, 0x9e3779b1) >>> this.#shift;
    for (let id; (id = table[place]!) >= 0 && !this.isAt(id, text, begin, end);)
      place = (place + 1) & (table.length - 1);
    return place;
  }

  /** Whether a token is `text[begin, end)`. */
  isAt(id: number, text: Uint8Array, begin: number, end: number): boolean {
    const bytes = this.#bytes;
    const from = id > 0 ? this.#ends[id - 1]! : 0;
    if (this.#ends[id]! - from !== end - begin) return false;
    for (let i = begin; i < end; i++) if (bytes[from - begin + i] !== text[i]) return false;
    return true;
  }

  /** The id of `text[begin, end)`, UTF-8, or -1. */
  find(text: Uint8Array, begin: number, end: number): number {
    return this.#table[this.#placeOf(text, begin, end)]!;
  }

  get(token: string): number | undefined {
    const text = new Uint8Array(3 * token.length);
    const id = this.find(text, 0, utf8Into(token, text, 0));
    return id < 0 || isLone(token) ? undefined : id;
  }

  has(token: string): boolean {
    return this.get(token) !== undefined;
  }

  /** The token with an id. */
  tokenOf(id: number): string | undefined {
    const begin = id === 0 ? 0 : this.#ends[id - 1];
    return begin === undefined || id === this.size
      ? undefined
      : utf8Decode(this.#bytes, begin, this.#ends[id]);
  }

  *[Symbol.iterator](): Iterator<[string, number]> {
    for (let id = 0; id < this.size; id++) yield [this.tokenOf(id)!, id];
  }
}

/** Tokens by id; of those with the same id the last counts. */
export function tokensOf(ids: TokenIds): (id: number) => string | undefined {
  if (ids instanceof PackedIds) return (id) => ids.tokenOf(id);
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));
  return (id) => tokens.get(id);
}
