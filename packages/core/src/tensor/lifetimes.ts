// Who lets go of what: blocks that leave nothing on a backend's stack but their result.
import type { Backend, Operand } from '../contract/backend.ts';

/** What a block leaves on the stack. */
type Keep<T> = (y: T) => readonly (Operand | null)[];

/**
 * Runs a block, then lets go of everything it made except what `keep` names of its result; on an error, of everything.
 * Without `keep`, a tensor or an array of tensors stays, and nothing of any other result. Nothing else may run on `b`
 * meanwhile: see `call`.
 */
export async function scoped<T>(
  b: Backend,
  block: () => Promise<T>,
  keep: Keep<T> = tensorsOf,
): Promise<T> {
  const since = b.mark();
  let kept: readonly (Operand | null)[] = [];
  try {
    const y = await block();
    kept = keep(y);
    return y;
  } finally {
    b.release(since, handlesOf(kept));
  }
}

/** The same around a block that is not asynchronous. */
export function scopedSync<T>(b: Backend, block: () => T, keep: Keep<T> = tensorsOf): T {
  const since = b.mark();
  let kept: readonly (Operand | null)[] = [];
  try {
    const y = block();
    kept = keep(y);
    return y;
  } finally {
    b.release(since, handlesOf(kept));
  }
}

const isOperand = (x: unknown): x is Operand =>
  typeof x === 'object' && x !== null && 'handle' in x;
const tensorsOf = (y: unknown): readonly Operand[] => [y].flat().filter(isOperand);
const handlesOf = (kept: readonly (Operand | null)[]) => kept.flatMap((x) => x?.handle ?? []);

/** The last call on each backend: two at once would interleave their marks. */
const queues = new WeakMap<Backend, Promise<unknown>>();

/**
 * One public call: waits for the one before it on the same backend, and leaves the stack as it found it, also after
 * an error or an abort. What it returns must be on the host.
 */
export function call<T>(b: Backend, block: () => Promise<T>): Promise<T> {
  const before = queues.get(b) ?? Promise.resolve();
  const turn = before.then(() => scoped(b, block, () => []));
  queues.set(
    b,
    turn.catch(() => {}),
  );
  return turn;
}
