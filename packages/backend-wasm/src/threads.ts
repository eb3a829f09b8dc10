// Several threads on one kernel call: its rows are cut into blocks, and every thread takes the next block from a shared
// counter until none is left. So a busy core costs little, and since no sum is cut, bits do not depend on the count.
import type { Kernels } from './weights.ts';

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

// The shared control block, as int32: which job, how far, and the job itself.
const JOB = 0;
const NEXT = 1;
const DONE = 2;
const STOP = 3;
const HEADER = 4; // kernel, blocks, block, rows, rowsAt, count of args, and own memory: at, base, bytes
const ARGS = 13;
const STEPS = 29;
/** Bytes of the control block. */
export const CONTROL = 4 * 48;

type Kernel = (...args: number[]) => void;

/** Takes blocks until none is left. Self-contained: its source also runs in the workers. */
function work(c: Int32Array, kernels: readonly Kernel[], thread: number): void {
  const [kernel, blocks, block, rows, rowsAt, count, ownAt, base, bytes] = c.subarray(4, 13);
  for (;;) {
    const i = Atomics.add(c, 1, 1);
    if (i >= blocks!) return;
    const args: number[] = [];
    for (let a = 0; a < count!; a++) args.push(c[13 + a]! + i * c[29 + a]!);
    if (rowsAt! >= 0) args[rowsAt!] = Math.min(block!, rows! - i * block!);
    if (ownAt! >= 0) args[ownAt!] = base! + thread * bytes!;
    kernels[kernel!]!(...args);
  }
}

/** What a worker runs: waits for a job, works, says that it is done. */
const WORKER = `
const node = typeof self === 'undefined' || typeof process !== 'undefined' && process.versions?.node;
const port = node ? (await import('node:worker_threads')).parentPort : self;
const work = ${work.toString()};
const start = ({ module, memory, control, thread, names }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = names.map((name) => exports[name]);
  const c = new Int32Array(memory.buffer, control, ${CONTROL / 4});
  port.postMessage('ready');
  for (let seen = 0; ; ) {
    Atomics.wait(c, ${JOB}, seen);
    seen = Atomics.load(c, ${JOB});
    if (Atomics.load(c, ${STOP})) break;
    work(c, kernels, thread);
    Atomics.add(c, ${DONE}, 1);
    Atomics.notify(c, ${DONE});
  }
  if (node) port.close();
};
if (node) port.once('message', start);
else port.onmessage = (event) => start(event.data);
`;

interface AnyWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  unref?(): void;
  once?(event: string, listener: (value: unknown) => void): void;
  onmessage?: ((event: unknown) => void) | null;
  onerror?: ((event: unknown) => void) | null;
}

async function newWorker(): Promise<AnyWorker> {
  const url = `data:text/javascript,${encodeURIComponent(WORKER)}`;
  const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;
  if (!isNode) {
    const blob = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }));
    return new Worker(blob, { type: 'module' }) as unknown as AnyWorker;
  }
  const { Worker: NodeWorker } = await import('node:worker_threads');
  return new NodeWorker(new URL(url)) as unknown as AnyWorker;
}

const ready = (worker: AnyWorker): Promise<void> =>
  new Promise((resolve, reject) => {
    if (worker.once) {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    } else {
      worker.onmessage = () => resolve();
      worker.onerror = reject;
    }
  });

export class Threads {
  private readonly control: Int32Array;
  private readonly kernels: readonly Kernel[];
  private readonly names: readonly string[];
  private readonly workers: readonly AnyWorker[];

  private constructor(control: Int32Array, run: Kernels, workers: readonly AnyWorker[]) {
    this.control = control;
    this.names = Object.keys(run);
    this.kernels = this.names.map((name) => run[name]!);
    this.workers = workers;
  }

  /** Starts `count - 1` workers beside this thread. `at`: where in the memory the control block is to be. */
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
    const workers: AnyWorker[] = [];
    for (let i = 1; i < count; i++) {
      const worker = await newWorker();
      const started = ready(worker);
      worker.postMessage({ module, memory, control: at, thread: i, names });
      await started;
      worker.unref?.();
      workers.push(worker);
    }
    return new Threads(control, run, workers);
  }

  /** This thread counts too. */
  get count(): number {
    return this.workers.length + 1;
  }

  /** Runs a job on all threads, this one among them, and returns when it is done. */
  run(job: Job): void {
    const c = this.control;
    const blocks = Math.ceil(job.rows / job.block);
    const kernel = this.names.indexOf(job.kernel);
    const { args, block, rows } = job;
    const rowsAt = job.rowsAt ?? -1;
    const own = job.own ?? { at: -1, base: 0, bytes: 0 };
    const numbers = [kernel, blocks, block, rows, rowsAt, args.length, own.at, own.base, own.bytes];
    c.set(numbers, HEADER);
    c.set(args, ARGS);
    c.set(
      args.map((_, i) => job.steps[i] ?? 0),
      STEPS,
    );
    Atomics.store(c, NEXT, 0);
    Atomics.store(c, DONE, 0);
    Atomics.add(c, JOB, 1);
    Atomics.notify(c, JOB);
    work(c, this.kernels, 0);
    // The others are at their last block. A browser's main thread may not sleep, so nobody does.
    while (Atomics.load(c, DONE) < this.workers.length);
  }

  stop(): void {
    Atomics.store(this.control, STOP, 1);
    Atomics.add(this.control, JOB, 1);
    Atomics.notify(this.control, JOB);
    for (const worker of this.workers) void worker.terminate();
  }
}

/** Whether memory can be shared here: not in a page without cross-origin isolation. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer !== 'undefined' &&
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
