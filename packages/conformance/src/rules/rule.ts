// What is tested by a function of its own instead of a row of data. The rules themselves: memory.ts, laws.ts.
import type { Backend } from '@siglip-ts/core';
import type { Described } from '../described.ts';

/** A rule about memory, or a law of operations. */
export interface Rule {
  /** Unique; what a backend's list of skips names. */
  readonly name: string;
  /** Throws where the backend, which is the rule's own, breaks it. */
  readonly run: (b: Backend, dtype: 'float32' | 'float64', how: Described) => Promise<void>;
}
