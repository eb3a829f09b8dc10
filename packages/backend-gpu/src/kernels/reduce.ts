// Sums and maxima along one axis. Seen as [outer, n, inner], the middle axis goes.
//
//   for (o) for (i) y[o, i] = Σ_k x[o, k, i]   or its maximum
import type { ReduceOp } from '@siglip-ts/core';
import { type Program, program, quotient, summed, THREAD } from './program.ts';

export function reduce(op: ReduceOp, outer: number, n: number, inner: number): Program {
  const at = (k: string) => `x[from + ${k} * ${inner}]`;
  const lines = [
    `const o = ${quotient(THREAD, inner)};`,
    `const from = ${THREAD} + o * ${(n - 1) * inner};`,
    op === 'sum' ? summed(n, at) : largest(n, at),
    'return total;',
  ];
  return program('x', outer * inner, lines.join('\n'));
}

/** Lines that set `total` to the largest of term(k) for k below n. */
export const largest = (n: number, term: (k: string) => string): string =>
  `let total = ${term('0')};\nfor (let k = 1; k < ${n}; k++) total = Math.max(total, ${term('k')});`;
