// Which tile of the product is fastest in this engine: asked of a model's own products as they are computed, in turn, since
// an engine compiles a loop well only after it has run for a while. All tiles give the same bits. Not a benchmark: when in
// doubt the first tile stays.
import { TILES } from '../kernels/product.ts';

/** Milliseconds of products that are timed as one: clocks of pages are as coarse as one. */
const SAMPLE = 5;
/** Samples of each tile, the best of which counts: the first ones are of code that is not yet compiled well. */
const SAMPLES = 8;
/** Multiply-and-adds of a product that is worth a look at the clock. */
const LARGE = 5e6;

export class Race {
  #winner: number | undefined;
  /** What the products that are timed have in common: their size, so that they can be compared. */
  #kind: string | undefined;
  #turn = 0;
  #took = 0;
  #count = 0;
  readonly #best: number[] = Array<number>(TILES).fill(Infinity);

  /** The tile for what is not timed. */
  get tile(): number {
    return this.#winner ?? 0;
  }

  /** Runs a product of so many rows, n and k, with the tile whose turn it is. */
  run(rows: number, n: number, k: number, product: (tile: number) => void): void {
    if (this.#winner !== undefined || rows * n * k < LARGE) return product(this.tile);
    const kind = `${rows} ${n} ${k}`;
    this.#kind ??= kind;
    if (kind !== this.#kind) return product(this.tile);
    const tile = this.#turn % TILES;
    const began = performance.now();
    product(tile);
    this.#took += performance.now() - began;
    this.#count++;
    if (this.#took >= SAMPLE) this.#next(tile);
  }

  #next(tile: number): void {
    this.#best[tile] = Math.min(this.#best[tile]!, this.#took / this.#count);
    [this.#took, this.#count] = [0, 0];
    this.#turn++;
    if (this.#turn < SAMPLES * TILES) return;
    this.#winner = this.#best.reduce(
      (first, time, i) => (time < this.#best[first]! ? i : first),
      0,
    );
  }
}

/** The races of this process, since what one engine found holds for the next: by whether they fuse, and their threads. */
const races = /* @__PURE__ */ new Map<string, Race>();

export function raceOf(relaxed: boolean, threads: number): Race {
  const key = `${relaxed} ${threads}`;
  const race = races.get(key) ?? new Race();
  races.set(key, race);
  return race;
}
