// Several threads on one kernel call: its rows are cut into blocks, and every thread takes the next block from a shared
// counter until none is left. So a busy core costs little, and since no sum is cut, bits do not depend on the count.
import type { Kernels } from './weights.ts';
import { startWorkers, type AnyWorker } from './workers.ts';

/**
 * A kernel call that can be cut: for block i, `args[a] + i * steps[a]`, with `rows` of the block in `args[rowsAt]`, or
 * nowhere, where a block is one call.
 */
export interface Job {
  readonly kernel: string;
  readonly args: readonly number[];
  readonly steps: Readonly<Record<number, number>>;
  readonly rowsAt: number | null;
  readonly rows: number;
  /** Rows of a block. */
  readonly block: number;
  /** Memory of which every thread has its own: which argument, where it begins, bytes for each thread. */
  readonly own?: { readonly at: number; readonly base: number; readonly bytes: number };
}

// The shared control block, as int32: how many jobs there were, tickets, blocks done, and the job itself.
const JOB = 0;
const TICKET = 1;
const DONE = 2;
const STOP = 3;
const FIRST = 4;
const BLOCKS = 5;
const HEADER = 6; // kernel, block, rows, rowsAt, count of args, and own memory: at, base, bytes
const ARGS = 14;
const STEPS = 30;
/** Bytes of the control block. */
export const CONTROL = 4 * 48;
/** More than the tickets that can be drawn while a job is being written. */
const GAP = 1024;
/** Looks at a number that another thread is about to change, before sleeping until it does. */
const SPINS = 3000;

type Kernel = (...args: number[]) => void;

/**
 * Takes blocks until none is left: the block of a ticket is its distance from the job's first. A thread that comes late
 * has a ticket of an earlier job, which is none of this one's, since BLOCKS is written after FIRST and read before.
 * Nobody waits for it, however busy its core is. Self-contained: the source also runs in the workers.
 */
function work(c: Int32Array, kernels: readonly Kernel[], thread: number): void {
  for (;;) {
    const ticket = Atomics.add(c, 1, 1);
    const blocks = Atomics.load(c, 5);
    const i = (ticket - Atomics.load(c, 4)) | 0;
    if (i < 0 || i >= blocks) return;
    const [kernel, block, rows, rowsAt, count, ownAt, base, bytes] = c.subarray(6, 14);
    const args: number[] = [];
    for (let a = 0; a < count!; a++) args.push(c[14 + a]! + i * c[30 + a]!);
    if (rowsAt! >= 0) args[rowsAt!] = Math.min(block!, rows! - i * block!);
    if (ownAt! >= 0) args[ownAt!] = base! + thread * bytes!;
    kernels[kernel!]!(...args);
    if (Atomics.add(c, 2, 1) === blocks - 1) Atomics.notify(c, 2);
  }
}

/** What a worker does with `port`: once, it waits for jobs and works until it is stopped. */
const SOURCE = `
const work = ${work.toString()};
const start = ({ module, memory, control, thread, names }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = names.map((name) => exports[name]);
  const c = new Int32Array(memory.buffer, control, ${CONTROL / 4});
  port.postMessage('ready');
  for (let seen = 0; ; ) {
    for (let i = 0; i < ${SPINS} && Atomics.load(c, ${JOB}) === seen; i++);
    Atomics.wait(c, ${JOB}, seen);
    seen = Atomics.load(c, ${JOB});
    if (Atomics.load(c, ${STOP})) return;
    work(c, kernels, thread);
  }
};`;

export class Threads {
  readonly #control: Int32Array;
  readonly #kernels: readonly Kernel[];
  readonly #names: readonly string[];
  readonly #workers: readonly AnyWorker[];
  readonly #maySleep = maySleep();

  private constructor(control: Int32Array, run: Kernels, workers: readonly AnyWorker[]) {
    this.#control = control;
    this.#names = Object.keys(run);
    this.#kernels = this.#names.map((name) => run[name]!);
    this.#workers = workers;
  }

  /**
   * Starts `count - 1` workers beside this thread. `at`: where in the memory the control block is to be. Throws Error
   * where not all of them start, and none is left.
   */
  static async start(
    count: number,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    run: Kernels,
    at: number,
  ): Promise<Threads> {
    const control = new Int32Array(memory.buffer, at, CONTROL / 4);
    control.fill(0);
    const names = Object.keys(run);
    const given = { module, memory, control: at, names };
    const workers = await startWorkers(count - 1, SOURCE, (i) => ({ ...given, thread: i + 1 }));
    return new Threads(control, run, workers);
  }

  /** This thread counts too. */
  get count(): number {
    return this.#workers.length + 1;
  }

  /** Runs a job on all threads, this one among them, and returns when it is done. */
  run(job: Job): void {
    const c = this.#control;
    const blocks = Math.ceil(job.rows / job.block);
    const kernel = this.#names.indexOf(job.kernel);
    const { args, block, rows } = job;
    const own = job.own ?? { at: -1, base: 0, bytes: 0 };
    const first = (Atomics.load(c, TICKET) + GAP) | 0;
    Atomics.store(c, FIRST, first);
    Atomics.store(c, BLOCKS, blocks);
    Atomics.store(c, DONE, 0);
    c.set(
      [kernel, block, rows, job.rowsAt ?? -1, args.length, own.at, own.base, own.bytes],
      HEADER,
    );
    c.set(args, ARGS);
    c.set(
      args.map((_, i) => job.steps[i] ?? 0),
      STEPS,
    );
    Atomics.store(c, TICKET, first);
    Atomics.add(c, JOB, 1);
    Atomics.notify(c, JOB);
    work(c, this.#kernels, 0);
    // The others are at their last block. They may need this core, so sleep, but in a page, which may not.
    for (let i = 0; i < SPINS; i++) if (Atomics.load(c, DONE) === blocks) return;
    for (let done; (done = Atomics.load(c, DONE)) < blocks;)
      if (this.#maySleep) Atomics.wait(c, DONE, done);
  }

  stop(): void {
    Atomics.store(this.#control, STOP, 1);
    Atomics.add(this.#control, JOB, 1);
    Atomics.notify(this.#control, JOB);
    for (const worker of this.#workers) void worker.terminate();
  }
}

/** Whether this thread may wait: not where a page is drawn. */
function maySleep(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1) === 'not-equal';
  } catch {
    return false;
  }
}
