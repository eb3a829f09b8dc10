// The unigram language model: cuts a normalised text into the pieces whose scores add up to the
// most (Viterbi). Only the best path; no sampling, no n-best.
import { utf8Encode } from '../text/utf8.ts';
import { type ByteTrie, byteTrie, childOf, valueOf } from './byte-trie.ts';
import { type Piece, PieceType } from './model.ts';

/**
 * How scores are added, which decides exact ties. `float32`: sentencepiece 0.2.2 and later.
 * `float64`: 0.2.1 and before, which added in double and then rounded to float32, and scored
 * user-defined symbols otherwise.
 */
export type Scoring = 'float32' | 'float64';
/** `double` is what HF's tokenizers does: nothing is rounded. */
type AnyScoring = Scoring | 'double';

const UNK_PENALTY = 10;
const MAX_FLOAT = 3.4028234663852886e38;
const MIN_NORMAL_FLOAT = 1.1754943508222875e-38;
/** The arrays for longer texts (in bytes) are not kept. */
const KEPT_LENGTH = 1 << 20;
/** Beyond this, float32 sums lose too much; the running score starts again from zero. */
const RESTART_AT = 100_000;

/** Bytes of the character that a lead byte announces; a stray byte counts for one. */
const characterLength = (lead: number): number =>
  lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

/** For each position of a text the best path that ends there. */
export class Lattice {
  readonly size: number;
  /** The path's score. */
  readonly best: Float32Array | Float64Array;
  /** Where its last piece starts; -1 while no path ends here. */
  readonly starts: Int32Array;
  /** Its last piece. */
  readonly ids: Int32Array;

  /** For texts of up to `size` bytes. */
  constructor(size: number, double = false) {
    this.size = size;
    this.best = double ? new Float64Array(size + 1) : new Float32Array(size + 1);
    this.starts = new Int32Array(size + 1);
    this.ids = new Int32Array(size + 1);
  }

  clear(size: number): void {
    this.starts.fill(-1, 0, size + 1);
    this.best[0] = 0;
  }

  /** Takes a path if it is the first or strictly better: among equals the one found first stays. */
  offer(end: number, score: number, start: number, id: number): void {
    if (this.starts[end] !== -1 && !(score > this.best[end]!)) return;
    this.best[end] = score;
    this.starts[end] = start;
    this.ids[end] = id;
  }

  /** Shifts the scores of all open paths so that the one at `begin` is zero. */
  restart(begin: number, frontier: number): void {
    const offset = this.best[begin]!;
    for (let i = begin; i <= frontier; i++)
      if (i === begin || this.starts[i] !== -1) this.best[i] = this.best[i]! - offset;
  }
}

/** unigram::Model in sentencepiece (src/unigram_model.cc, EncodeOptimized). */
export class Unigram {
  readonly #trie: ByteTrie;
  readonly #scores: Float64Array;
  readonly #unkScore: number;
  readonly #unkId: number;
  readonly #scoring: AnyScoring;

  #lattice: Lattice;

  /**
   * Throws an Error for a score that is not finite. `unkId` is -1 where there is no unknown piece.
   */
  constructor(pieces: readonly Piece[], unkId: number, scoring: AnyScoring = 'float32') {
    this.#unkId = unkId;
    this.#scoring = scoring;
    this.#lattice = this.#room(1024);
    this.#scores = new Float64Array(pieces.length);
    const keys: string[] = [];
    const ids: number[] = [];
    let lowest = MAX_FLOAT;
    pieces.forEach(({ piece, score, type }, id) => {
      if (!Number.isFinite(score))
        throw new Error(`spiece.model: the score of piece ${id} is ${score}`);
      if (type === PieceType.NORMAL) lowest = Math.min(lowest, score);
      if (type !== PieceType.NORMAL && type !== PieceType.USER_DEFINED) return;
      keys.push(piece);
      ids.push(id);
      this.#scores[id] = type === PieceType.NORMAL ? score : this.#symbolScore(piece);
    });
    this.#trie = byteTrie(keys, ids);
    this.#unkScore = this.#rounded(lowest - UNK_PENALTY);
  }

  #room(size: number): Lattice {
    return new Lattice(size, this.#scoring === 'double');
  }

  #rounded(score: number): number {
    return this.#scoring === 'double' ? score : Math.fround(score);
  }

  /** So high that a user-defined symbol nearly always wins. */
  #symbolScore(symbol: string): number {
    const { length } = utf8Encode(symbol);
    if (this.#scoring === 'float32') return Math.fround(0.1 * (length - 1));
    return length * MIN_NORMAL_FLOAT - 0.1; // the old library's "highest score" was never above this
  }

  /**
   * Segments `text`, normalised UTF-8. The pieces are read from the last to the first: the one that
   * ends at the text's end, the one that ends where this starts, and so on. A character that no
   * piece covers has the unknown id. Holds until the next call.
   */
  segment(text: Uint8Array): Lattice {
    const size = text.length;
    if (size <= KEPT_LENGTH && size > this.#lattice.size) this.#lattice = this.#room(2 * size);
    const lattice = size <= KEPT_LENGTH ? this.#lattice : this.#room(size);
    lattice.clear(size);
    const { best } = lattice;
    const float32 = this.#scoring === 'float32';
    const trie = this.#trie;
    const scores = this.#scores;
    let frontier = 0; // the furthest position reached so far
    for (let begin = 0; begin < size;) {
      if (float32 && Math.abs(best[begin]!) > RESTART_AT) lattice.restart(begin, frontier);
      const path = best[begin]!;
      const lead = text[begin]!;
      const next = lead < 0x80 ? begin + 1 : Math.min(begin + characterLength(lead), size);
      let covered = false; // whether a piece is exactly this character
      for (let end = begin, node = 0; end < size;) {
        node = childOf(trie, node, text[end++]!);
        if (node < 0) break;
        const id = valueOf(trie, node);
        if (id < 0) continue;
        // The only place where scores of pieces are added.
        const score = path + scores[id]!;
        lattice.offer(end, float32 ? Math.fround(score) : score, begin, id);
        if (end > frontier) frontier = end;
        if (end === next) covered = true;
      }
      if (!covered) {
        lattice.offer(next, this.#rounded(path + this.#unkScore), begin, this.#unkId);
        if (next > frontier) frontier = next;
      }
      begin = next;
    }
    return lattice;
  }
}
