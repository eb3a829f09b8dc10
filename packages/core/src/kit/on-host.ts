// Operations that backends do on the host, on arrays: rows of tables and the arithmetic of ids, for which a kernel is
// not worth it, or a device too small. Each fills `to`, which begins as zeros. For what only moves numbers see views.ts.
import type { BinaryOp } from '../contract/backend.ts';
import { type DType, isHalf, type Values } from '../contract/dtypes.ts';

/** Zeros, in the array type in which their dtype crosses the contract. */
export function zeros(dtype: DType, n: number): Values {
  if (dtype === 'float64') return new Float64Array(n);
  if (dtype === 'int32') return new Int32Array(n);
  return isHalf(dtype) ? new Uint16Array(n) : new Float32Array(n);
}

/** The rows of a table that `ids` names. */
export function take(to: Values, table: Values, ids: Values): void {
  const width = to.length / ids.length;
  ids.forEach((id, i) => to.set(table.subarray(id * width, (id + 1) * width), i * width));
}

/** Adds rows to those of `to` that `ids` names, in the precision of `to`. */
export function scatterAdd(to: Values, ids: Values, rows: Values): void {
  const width = rows.length / ids.length;
  ids.forEach((id, i) => {
    for (let c = 0; c < width; c++) to[id * width + c]! += rows[i * width + c]!;
  });
}

/** An operation of int32 tensors of one shape, or of one and a number. */
export function integers(op: BinaryOp, to: Values, a: Values, b: Values | number): void {
  const f = INTEGER[op];
  for (let i = 0; i < to.length; i++) to[i] = f(a[i]!, typeof b === 'number' ? b : b[i]!);
}

const INTEGER: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  greater: (a, b) => Number(a > b),
  equal: (a, b) => Number(a === b),
};
