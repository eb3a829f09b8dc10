// What a case is: inputs, an operation of tensors, and what it means in float64. Data only: nothing is run here.
import type { DType, Shape, Tensor } from '@siglip-ts/core';
import type { Judged } from '../budgets.ts';
import type { Exact } from '../reference.ts';
import type { CaseInput } from './inputs.ts';

/** A row of the table of what a backend must compute. */
export interface Case {
  /** Unique; what a backend's list of skips names. */
  readonly name: string;
  /** The row of the table of budgets. */
  readonly op: Judged;
  /** What the operation is given. */
  readonly inputs: readonly CaseInput[];
  /** Of the result; absent: the floating-point dtype that is being tested. */
  readonly dtype?: DType;
  /** The operation, as users of tensors call it. */
  readonly run: (...x: Tensor[]) => Tensor;
  /** Composites: the definition, on the same backend. */
  readonly definition?: (...x: Tensor[]) => Tensor;
  /** The result, from the exact inputs. */
  readonly exact: (...x: Exact[]) => Exact;
}

/** Shapes and axes as names of cases have them. */
export const show = (...shapes: readonly Shape[]): string =>
  shapes.map((s) => `[${s.join(', ')}]`).join(' ');
