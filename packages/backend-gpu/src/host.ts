// What is done on the host: rows of tables, which may be too large for a device (a vocabulary of 256,000 rows is 786 MB,
// and some bind 128 MiB), and the arithmetic of ids. Not for activations that are on the device: those would be fetched.
import { INTEGER, size, type BinaryOp, type Shape, type Values } from '@siglip-ts/core';
import { empty } from './views.ts';

export function take(table: Values, ids: Values, width: number): Values {
  const y = empty(table, ids.length * width);
  ids.forEach((id, i) => y.set(table.subarray(id * width, (id + 1) * width), i * width));
  return y;
}

/** Sums in double precision, rounded once. */
export function scatterAdd(ids: Values, rows: Values, out: Shape): Values {
  const width = size(out.slice(1));
  const sums = new Float64Array(size(out));
  ids.forEach((id, i) => {
    for (let c = 0; c < width; c++) sums[id * width + c]! += rows[i * width + c]!;
  });
  return Float32Array.from(sums);
}

export const integers = (op: BinaryOp, a: Values, b: Values): Values =>
  Int32Array.from(a, (v, i) => INTEGER[op](v, b[i]!));
