// How many threads are to compute: what was asked for, or what the machine has. Not whether they start.
import type { WasmOptions } from './options.ts';

/**
 * The most that 'auto' takes. A picture of base size has 196 rows, of which threads take 16 or more at a time, and 12
 * heads: from 8 threads to 12 nothing gets shorter, and each is a worker that takes time to start and memory.
 */
const MOST = 8;

let warned = false;

/** Throws RangeError for what is no number of threads. Says once why fewer compute than were wanted. */
export function threadsOf({ threads = 1, module, warn = console.warn }: WasmOptions): number {
  if (threads !== 'auto' && (!Number.isSafeInteger(threads) || threads < 1))
    throw new RangeError(`wasm: threads is ${threads}, expected 1 or more, or 'auto'`);
  const most = cores();
  const wanted = threads === 'auto' ? Math.min(most ?? 1, MOST) : threads;
  let why = wanted === 1 ? undefined : module ? MODULE : cannotShare();
  const count = why ? 1 : Math.min(wanted, most ?? wanted);
  if (count < wanted) why ??= `wasm: ${wanted} threads, but ${most} cores: ${count} compute`;
  if (why && !warned) warn(why);
  warned ||= !!why;
  return count;
}

const MODULE = 'wasm: kernels that are passed as a module run on one thread';

function cannotShare(): string | undefined {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  if (typeof SharedArrayBuffer === 'undefined' || crossOriginIsolated === false)
    return 'wasm: one thread, since memory is not shared here; a page needs cross-origin isolation (COOP and COEP)';
  return undefined;
}

/** How many threads can run at once here, if anything says it. */
export function cores(): number | undefined {
  const { hardwareConcurrency } = (globalThis.navigator ?? {}) as Partial<Navigator>;
  const os = () => globalThis.process?.getBuiltinModule?.('node:os').availableParallelism();
  return hardwareConcurrency ?? os();
}
