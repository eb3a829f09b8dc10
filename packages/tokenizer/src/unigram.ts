// The unigram language model: cuts a normalised text into the pieces whose scores add up to the
// most (Viterbi). Only the best path; no sampling, no n-best.

import { ByteTrie } from './byte-trie.ts';
import { PieceType, type Piece } from './sentencepiece-model.ts';
import { utf8Encode } from './utf8.ts';

/**
 * How scores are added, which decides exact ties. `float32`: sentencepiece 0.2.2 and later.
 * `float64`: 0.2.1 and before, which added in double and then rounded to float32, and scored
 * user-defined symbols otherwise.
 */
export type Scoring = 'float32' | 'float64';

const UNK_PENALTY = 10;
const MAX_FLOAT = 3.4028234663852886e38;
const MIN_NORMAL_FLOAT = 1.1754943508222875e-38;
/** The arrays for longer texts (in bytes) are not kept. */
const KEPT_LENGTH = 1 << 20;
/** Beyond this, float32 sums lose too much; the running score starts again from zero. */
const RESTART_AT = 100_000;

/** A path's score after one more piece. The only place where scores are added. */
function extend(path: number, score: number, scoring: Scoring): number {
  return scoring === 'float32' ? Math.fround(path + score) : path + score;
}

/** Bytes of the character that a lead byte announces; a stray byte counts for one. */
const characterLength = (lead: number): number =>
  lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

/** unigram::Model in sentencepiece (src/unigram_model.cc, EncodeOptimized). */
export class Unigram {
  readonly #trie: ByteTrie;
  readonly #scores: Float64Array;
  readonly #unkScore: number;
  readonly #unkId: number;
  readonly #scoring: Scoring;

  // Per end position of the text: the best path's score, where its last piece starts (-1: none
  // yet), that piece.
  #best = new Float32Array(0);
  #start = new Int32Array(0);
  #id = new Int32Array(0);

  /**
   * Throws an Error for a score that is not finite. `unkId` is -1 where there is no unknown piece.
   */
  constructor(pieces: readonly Piece[], unkId: number, scoring: Scoring = 'float32') {
    this.#unkId = unkId;
    this.#scoring = scoring;
    this.#scores = new Float64Array(pieces.length);
    const keys: Uint8Array[] = [];
    const ids: number[] = [];
    let lowest = MAX_FLOAT;
    pieces.forEach(({ piece, score, type }, id) => {
      if (!Number.isFinite(score))
        throw new Error(`spiece.model: the score of piece ${id} is ${score}`);
      if (type === PieceType.NORMAL) lowest = Math.min(lowest, score);
      if (type !== PieceType.NORMAL && type !== PieceType.USER_DEFINED) return;
      const key = utf8Encode(piece);
      keys.push(key);
      ids.push(id);
      this.#scores[id] = type === PieceType.NORMAL ? score : this.#symbolScore(key.length);
    });
    this.#trie = new ByteTrie(keys, ids);
    this.#unkScore = Math.fround(lowest - UNK_PENALTY);
  }

  /** So high that a user-defined symbol nearly always wins. */
  #symbolScore(length: number): number {
    if (this.#scoring === 'float32') return Math.fround(0.1 * (length - 1));
    return length * MIN_NORMAL_FLOAT - 0.1; // the old library's "highest score" was never above this
  }

  /**
   * Segments `text`, normalised UTF-8, and calls `onPiece` for each piece from the last to the
   * first. A character that no piece covers comes as the unknown id.
   */
  segment(text: Uint8Array, onPiece: (id: number, begin: number, end: number) => void): void {
    this.#reserve(text.length + 1);
    this.#forward(text);
    for (let end = text.length; end > 0; end = this.#start[end]!)
      onPiece(this.#id[end]!, this.#start[end]!, end);
    if (text.length > KEPT_LENGTH) this.#reserve(0);
  }

  #forward(text: Uint8Array): void {
    const trie = this.#trie;
    const scores = this.#scores;
    const scoring = this.#scoring;
    const size = text.length;
    let frontier = 0; // the furthest position reached so far
    for (let begin = 0; begin < size;) {
      if (scoring === 'float32' && Math.abs(this.#best[begin]!) > RESTART_AT)
        this.#restart(begin, frontier);
      const path = this.#best[begin]!;
      const next = Math.min(begin + characterLength(text[begin]!), size);
      let covered = false; // whether a piece is exactly this character
      for (let end = begin, node = 0; end < size;) {
        node = trie.child(node, text[end++]!);
        if (node < 0) break;
        const id = trie.value(node);
        if (id < 0) continue;
        this.#offer(end, extend(path, scores[id]!, scoring), begin, id);
        if (end > frontier) frontier = end;
        if (end === next) covered = true;
      }
      if (!covered) {
        this.#offer(next, Math.fround(path + this.#unkScore), begin, this.#unkId);
        if (next > frontier) frontier = next;
      }
      begin = next;
    }
  }

  /**
   * Takes a path to `end` if it is the first or strictly better: among equals the one found first
   * stays.
   */
  #offer(end: number, score: number, start: number, id: number): void {
    if (this.#start[end] !== -1 && !(score > this.#best[end]!)) return;
    this.#best[end] = score;
    this.#start[end] = start;
    this.#id[end] = id;
  }

  /** Shifts the scores of all open paths so that the one at `begin` is zero. */
  #restart(begin: number, frontier: number): void {
    const offset = this.#best[begin]!;
    for (let i = begin; i <= frontier; i++)
      if (i === begin || this.#start[i] !== -1) this.#best[i] = this.#best[i]! - offset;
  }

  /** Makes room for `size` positions, all unreached; 0 gives the memory back. */
  #reserve(size: number): void {
    if (size === 0 || size > this.#best.length) {
      this.#best = new Float32Array(2 * size);
      this.#start = new Int32Array(2 * size);
      this.#id = new Int32Array(2 * size);
    }
    this.#start.fill(-1, 0, size);
    this.#best[0] = 0;
  }
}
