// Which part of a kernel call each thread computes: the rows are cut into blocks, which threads take one after the other,
// and each kind of kernel has its size of block. How threads receive them is in threads.ts.
import { type Args, call, type Kernel, type Kernels } from '../assembler/kernel.ts';
import { HEIGHT, PRODUCT_ROOM, ROWS, WIDTH } from '../kernels/product.ts';
import type { DOWN_COLUMNS } from '../kernels/rows.ts';
import type { Heap } from './heap.ts';
import type { Race } from './race.ts';
import type { Job, Threads } from './threads.ts';

/** Numbers of an elementwise kernel that a thread takes at a time. */
export const NUMBERS = 16384;

/** Floats from row to row, of the arguments that are arrays. */
type Steps<A extends string> = Partial<Args<A>>;

type Given = Partial<Args<string>>;

/** What attention's kernels take beside arrays. */
export type HeadArg = 'mask' | 'heads' | 'T' | 'S' | 'd' | 'D' | 'scale' | 'tile';

export class Dispatch {
  kernels: Kernels;
  /** Which tile products take. */
  readonly race: Race;
  /** Where every thread has room for a product: the argument `room`. */
  readonly room: number;
  readonly #threads: Threads | null;
  readonly #heap: Heap;

  constructor(kernels: Kernels, threads: Threads | null, heap: Heap, race: Race) {
    this.kernels = kernels;
    this.#threads = threads;
    this.#heap = heap;
    this.race = race;
    this.room = heap.take(4 * PRODUCT_ROOM * this.count);
  }
  stop(): void {
    this.#threads?.stop();
    this.kernels = {};
  }
  /** How many threads there are, this one among them. */
  get count(): number {
    return this.#threads?.count ?? 1;
  }

  /** Runs a kernel, on all threads where its rows are enough for that. */
  split<A extends string>(job: Job<A>): void {
    const { kernel, args, rows, block } = job;
    if (this.#threads && (typeof rows === 'number' ? rows : args[rows]) > block)
      this.#threads.run(job);
    else call(this.kernels, kernel, args);
  }

  /**
   * A product, two blocks a thread, so that a busy core costs little. Where rows are few, all threads take all of them and
   * some columns each, so that every panel is read once; where they are many, as many rows as are packed at a time. Steps
   * are those from row to row and from column to column.
   */
  product<A extends string>(
    kernel: Kernel<A | 'rows' | 'n' | 'room'>,
    args: Args<A | 'rows' | 'n' | 'room'>,
    steps: { rows: Steps<A | 'rows' | 'n' | 'room'>; columns: Steps<A | 'rows' | 'n' | 'room'> },
  ): void {
    const share = (n: number, whole: number) => Math.ceil(n / (2 * this.count) / whole) * whole;
    const common = { kernel, args, room: 4 * PRODUCT_ROOM };
    if (args.rows < ROWS * this.count)
      this.split({ ...common, rows: 'n', block: share(args.n, WIDTH), steps: steps.columns });
    else {
      const block = Math.min(share(args.rows, HEIGHT), ROWS);
      this.split({ ...common, rows: 'rows', block, steps: steps.rows });
    }
  }

  /** A kernel that treats every number alike. */
  eachNumber<A extends string>(
    kernel: Kernel<A | 'n'>,
    args: Args<A | 'n'>,
    steps: Steps<A | 'n'>,
  ): void {
    this.split({ kernel, args, rows: 'n', block: NUMBERS, steps });
  }

  /**
   * A kernel on rows of floats. Kernels write whole vectors, past the end of a row; so rows that end within one are all
   * one thread's.
   */
  eachRow<A extends string>(
    kernel: Kernel<A | 'rows'>,
    args: Args<A | 'rows'>,
    steps: Steps<A | 'rows'>,
  ): void {
    const widths = Object.values(steps) as number[];
    const whole = widths.every((n) => n % 4 === 0 || n === 1);
    // eslint-disable-next-line house/no-spread-list -- a kernel's arguments
    const block = whole ? Math.ceil(NUMBERS / Math.max(...widths) / 4) * 4 : args.rows;
    this.split({ kernel, args, rows: 'rows', block, steps });
  }

  /** Threads take some columns each, if there is one outer row. */
  eachColumn(
    kernel: (typeof DOWN_COLUMNS)['sum'],
    args: Args<'y' | 'x' | 'outer' | 'n' | 'inner' | 'width'>,
  ): void {
    const { outer, n, inner } = args;
    const few = outer > 1 || n * inner < NUMBERS;
    const block = few ? inner : Math.ceil(inner / (2 * this.count) / 16) * 16;
    this.split({ kernel, args, rows: 'width', block, steps: { y: 1, x: 1 } });
  }

  /**
   * A kernel on every head of every image: threads take images, or heads where images are few. `tokens`: how many each of
   * its own arguments has that is an array [images, tokens, D]; `bytes`: the room that a thread needs.
   */
  eachHead<A extends string>(
    kernel: Kernel<A | HeadArg | 'room'>,
    own: Args<A>,
    common: Args<HeadArg>,
    images: number,
    tokens: Partial<Args<A>>,
    bytes: number,
  ): void {
    const { mask, S, d, D } = common;
    const room = Math.ceil(bytes / 16) * 16;
    const base = this.#heap.take(room * this.count);
    const toNextHead: Record<string, number> = {};
    const toNextImage: Record<string, number> = { mask: mask && S };
    for (const [name, n] of Object.entries<number>(tokens as Args<A>)) {
      toNextHead[name] = d;
      toNextImage[name] = n * D;
    }
    const first = (name: string) => (own as Given)[name] ?? (common as Given)[name] ?? base;
    const job = { kernel: kernel as Kernel, block: 1, room };
    const argsOf = (image: number) => {
      const args: Record<string, number> = {};
      for (const name of kernel.args)
        args[name] = first(name) + 4 * image * (toNextImage[name] ?? 0);
      return args;
    };
    if (this.#threads && images >= 2 * this.count)
      this.split({ ...job, args: argsOf(0), rows: images, steps: toNextImage });
    else
      for (let i = 0; i < images; i++)
        this.split({ ...job, args: argsOf(i), rows: 'heads', steps: toNextHead });
    this.#heap.release(base);
  }
}
