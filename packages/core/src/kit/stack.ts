// The stack of activations that the contract asks for, as a list of handles. Knows nothing of their memory.
import type { Handle, Mark } from '../contract/backend.ts';

/** A backend's activations, youngest last. No method uses `this`. */
export interface Stack<H extends Handle> {
  /** Puts a new activation on top, and gives it back. */
  push(x: H): H;
  /** The backend's `mark`. */
  mark(): Mark;
  /** The backend's `release`. */
  release(since: Mark, keep: readonly Handle[]): void;
  /** Lets go of all. */
  clear(): void;
}

/** An empty stack. `letGo` gives the memory of what one release took back. */
export function stack<H extends Handle>(letGo: (gone: readonly H[]) => void): Stack<H> {
  const alive: H[] = [];
  const release = (since: Mark, keep: readonly Handle[]): void => {
    const kept = new Set(keep);
    const younger = alive.splice((since as { depth: number }).depth);
    for (const x of younger) if (kept.has(x)) alive.push(x);
    letGo(younger.filter((x) => !kept.has(x)));
  };
  return {
    push(x) {
      alive.push(x);
      return x;
    },
    mark: () => ({ depth: alive.length }),
    release,
    clear: () => release({ depth: 0 }, []),
  };
}
