// Several threads on one kernel call: its rows are cut into blocks, and every thread takes the next block from a shared
// counter until none is left. So a busy core costs little, and since no sum is cut, bits do not depend on the count.
import { type Args, inOrder, type Kernel, type Kernels } from '../assembler/kernel.ts';
import { type AnyWorker, startWorkers } from './workers.ts';

/** A kernel call that can be cut into blocks of rows. */
export interface Job<A extends string> {
  readonly kernel: Kernel<A>;
  readonly args: Args<A>;
  /** The argument that counts the rows; or how many calls there are, each of which is a row. */
  readonly rows: NoInfer<A> | number;
  /** Rows of a block. */
  readonly block: number;
  /** How far arguments move from row to row: floats. */
  readonly steps: Partial<Args<A>>;
  /** Bytes that each thread has of its own, from the argument `room` on. */
  readonly room?: number;
}

/** Bytes of the control block: what threads share beside the memory. */
export const CONTROL = 4 * 52;

type Run = Kernels[string];

/** What threads write to each other. Self-contained, since its source also runs in the workers. */
function protocol(c: Int32Array) {
  // Places in the control block.
  const JOB = 0; // how many jobs there were
  const TICKET = 1;
  const DONE = 2; // blocks
  const STOP = 3;
  const FIRST = 4; // ticket of the job
  const BLOCKS = 5;
  const HEADER = 6; // kernel, block, rows, count of arguments, which counts rows, which is `room`, bytes of it
  const ARGS = 13; // 18 at most
  const STEPS = 31; // from block to block
  /** More than the tickets that can be drawn while a job is being written. */
  const GAP = 1024;
  /** Looks at a number that another thread is about to change, before sleeping until it does. */
  const SPINS = 3000;

  /**
   * Takes blocks until none is left: the block of a ticket is its distance from the job's first. A thread that comes late
   * has a ticket of an earlier job, which is none of this one's, since BLOCKS is written after FIRST and read before.
   * Nobody waits for it, however busy its core is.
   */
  const work = (kernels: readonly Run[], thread: number): void => {
    for (;;) {
      const ticket = Atomics.add(c, TICKET, 1);
      const blocks = Atomics.load(c, BLOCKS);
      const i = (ticket - Atomics.load(c, FIRST)) | 0;
      if (i < 0 || i >= blocks) return;
      const [kernel, block, rows, count, rowsAt, roomAt, room] = c.subarray(HEADER, ARGS);
      const args: number[] = [];
      for (let a = 0; a < count!; a++) args.push(c[ARGS + a]! + i * c[STEPS + a]!);
      if (rowsAt! >= 0) args[rowsAt!] = Math.min(block!, rows! - i * block!);
      if (roomAt! >= 0) args[roomAt!]! += thread * room!;
      kernels[kernel!]!(...args);
      if (Atomics.add(c, DONE, 1) === blocks - 1) Atomics.notify(c, DONE);
    }
  };
  const next = (): void => {
    Atomics.add(c, JOB, 1);
    Atomics.notify(c, JOB);
  };
  return {
    work,
    /** Writes a job and wakes the workers. */
    post(blocks: number, header: number[], args: number[], steps: number[]): void {
      const first = (Atomics.load(c, TICKET) + GAP) | 0;
      Atomics.store(c, FIRST, first);
      Atomics.store(c, BLOCKS, blocks);
      Atomics.store(c, DONE, 0);
      c.set(header, HEADER);
      c.set(args, ARGS);
      c.set(steps, STEPS);
      Atomics.store(c, TICKET, first);
      next();
    },
    /** Returns when so many blocks are done. The others are at their last: they may need this core, so sleep, if allowed. */
    finish(blocks: number, maySleep: boolean): void {
      for (let i = 0; i < SPINS; i++) if (Atomics.load(c, DONE) === blocks) return;
      for (let done; (done = Atomics.load(c, DONE)) < blocks;)
        if (maySleep) Atomics.wait(c, DONE, done);
    },
    /** What a worker does: jobs, until it is stopped. */
    serve(kernels: readonly Run[], thread: number): void {
      for (let seen = 0; ;) {
        for (let i = 0; i < SPINS && Atomics.load(c, JOB) === seen; i++);
        Atomics.wait(c, JOB, seen);
        seen = Atomics.load(c, JOB);
        if (Atomics.load(c, STOP)) return;
        work(kernels, thread);
      }
    },
    stop(): void {
      Atomics.store(c, STOP, 1);
      next();
    },
  };
}

/** What a worker does with `port`. */
const SOURCE = `
const protocol = ${protocol.toString()};
const start = ({ module, memory, control, thread, names }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  port.postMessage('ready');
  protocol(new Int32Array(memory.buffer, control, ${CONTROL / 4})).serve(names.map((name) => exports[name]), thread);
};`;

export class Threads {
  readonly #protocol: ReturnType<typeof protocol>;
  readonly #kernels: readonly Run[];
  readonly #names: readonly string[];
  readonly #workers: readonly AnyWorker[];
  readonly #maySleep = maySleep();

  private constructor(control: Int32Array, run: Kernels, workers: readonly AnyWorker[]) {
    this.#protocol = protocol(control);
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
  run<A extends string>({ kernel, args, rows, block, steps, room = 0 }: Job<A>): void {
    const names = kernel.args;
    const count = typeof rows === 'number' ? rows : args[rows];
    const blocks = Math.ceil(count / block);
    const index = this.#names.indexOf(kernel.name);
    this.#protocol.post(
      blocks,
      [
        index,
        block,
        count,
        names.length,
        names.indexOf(rows as A),
        names.indexOf('room' as A),
        room,
      ],
      inOrder(kernel, args),
      names.map((name) => 4 * block * (steps[name] ?? 0)),
    );
    this.#protocol.work(this.#kernels, 0);
    this.#protocol.finish(blocks, this.#maySleep);
  }

  stop(): void {
    this.#protocol.stop();
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
