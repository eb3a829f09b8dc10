// Who lets go of what: blocks that leave nothing on a backend's stack but their result.
import type { Backend, Handle } from '../contract/backend.ts';
import { Tensor } from './tensor.ts';

/** Runs a block, then lets go of everything it made except the tensors it returns; on an error, of everything. */
export function tidy<T extends Tensor | readonly [Tensor, ...Tensor[]]>(
  b: Backend,
  block: () => T,
): T {
  if (!b.mark) return block();
  const since = b.mark();
  let keep: readonly Handle[] = [];
  try {
    const y = block();
    const tensors: readonly Tensor[] = y instanceof Tensor ? [y] : y;
    keep = tensors.map((t) => t.handle);
    return y;
  } finally {
    b.release!(since, keep);
  }
}

/** The same around an asynchronous block. Nothing else may run on `b` meanwhile: see `call`. */
export async function held<T>(
  b: Backend,
  block: () => Promise<T>,
  keep: (y: T) => readonly (Tensor | null)[],
): Promise<T> {
  if (!b.mark) return block();
  const since = b.mark();
  let kept: readonly Handle[] = [];
  try {
    const y = await block();
    kept = keep(y).flatMap((t) => (t ? [t.handle] : []));
    return y;
  } finally {
    b.release!(since, kept);
  }
}

/** The last call on each backend: two at once would interleave their marks. */
const queues = new WeakMap<Backend, Promise<unknown>>();

/**
 * One public call: waits for the one before it on the same backend, and leaves the stack as it found it, also after
 * an error or an abort. What it returns must be on the host.
 */
export function call<T>(b: Backend, block: () => Promise<T>): Promise<T> {
  const before = queues.get(b) ?? Promise.resolve();
  const turn = before.then(() => held(b, block, () => []));
  queues.set(
    b,
    turn.catch(() => {}),
  );
  return turn;
}
