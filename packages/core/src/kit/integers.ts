// Arithmetic of int32 tensors, number by number, for backends whose kernels are of floats.
import type { BinaryOp } from '../contract/backend.ts';

/** What each operation of two numbers gives on int32. */
export const INTEGER: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  greater: (a, b) => Number(a > b),
  equal: (a, b) => Number(a === b),
};
