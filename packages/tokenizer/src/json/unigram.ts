// The Unigram model of a tokenizer.json: SentencePiece's search with scores in double, and every token in it, special or not.
import { PieceType } from '../sentencepiece/model.ts';
import { Unigram as Search } from '../sentencepiece/unigram.ts';
import { utf8Decode, utf8Encode } from '../text/utf8.ts';
import { byteToken } from './bpe.ts';

export interface UnigramModel {
  /** By id: the token, and its score. */
  readonly pieces: readonly (readonly [token: string, score: number])[];
  readonly unk: number;
  /** Unknown characters become the tokens of their bytes, where all of these are there. */
  readonly byte_fallback: boolean;
}

export class Unigram {
  readonly #search: Search;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #unk: number;
  readonly #bytes: readonly (number | undefined)[] | null;

  /** Throws an Error for scores that are not finite. */
  constructor({ pieces, unk, byte_fallback }: UnigramModel) {
    // Of a token that is there twice the last counts; the search wants it once.
    this.#ids = new Map(pieces.map(([token], id) => [token, id]));
    const typed = pieces.map(([piece, score], id) => ({
      piece,
      score,
      type: piece !== '' && this.#ids.get(piece) === id ? PieceType.NORMAL : PieceType.UNUSED,
    }));
    this.#search = new Search(typed, unk, 'double');
    this.#unk = unk;
    const bytes = Array.from({ length: 256 }, (_, byte) => this.#ids.get(byteToken(byte)));
    this.#bytes = byte_fallback ? bytes : null;
  }

  /** The ids of the text's tokens; neighbours that are unknown are one token. O(n). */
  encode(text: string): number[] {
    const bytes = utf8Encode(text);
    const { ids, starts } = this.#search.segment(bytes);
    const found: number[][] = []; // from the last to the first
    for (let end = bytes.length, begin; end > 0; end = begin) {
      begin = starts[end]!;
      const id = ids[end]!;
      if (id === this.#unk) while (begin > 0 && ids[begin] === this.#unk) begin = starts[begin]!;
      found.push(id === this.#unk ? this.#unknown(bytes, begin, end) : [id]);
    }
    return found.reverse().flat();
  }

  #unknown(text: Uint8Array, begin: number, end: number): number[] {
    const whole = this.#ids.get(utf8Decode(text, begin, end));
    const bytes = whole === undefined && this.#bytes ? Array.from(text.subarray(begin, end), (byte) => this.#bytes![byte]) : []; // prettier-ignore
    return bytes.length > 0 && bytes.every((id) => id !== undefined)
      ? (bytes as number[])
      : [whole ?? this.#unk];
  }
}
