// What the test file of a backend says of it.
import type { Backend } from '@siglip-ts/core';
import type { Distance, Overrides } from './budgets.ts';
import type { Case } from './cases/case.ts';

/** A backend, and what it cannot do, with reasons. */
export interface Described {
  /** Makes one. It is called for the table of cases, and again for every rule and law; each is disposed of. */
  readonly make: () => Backend | Promise<Backend>;
  /** The floating-point dtype to test. Default float32. */
  readonly dtype?: 'float32' | 'float64';
  /** Names of cases or parts of names, each with the reason why this backend cannot have them. */
  readonly skip?: Readonly<Record<string, string>>;
  /** Rows of the table of budgets that are other for this backend. */
  readonly budgets?: Overrides;
  /** Receives how far each case is from its exact values. */
  readonly measured?: (c: Case, d: Distance) => void;
}
