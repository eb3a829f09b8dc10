// The cases of what adds up: sums and maxima along an axis, matrix products.
import * as exact from '../reference.ts';
import { type Case, show } from './case.ts';
import { input, listed } from './inputs.ts';

const REDUCED: [readonly number[], number][] = [
  [[7], 0],
  [[1], 0],
  [[3, 5], 0],
  [[3, 5], 1],
  [[2, 3, 5], 1],
  [[4, 1, 3], 1],
  [[3, 769], 1],
  [[3100, 2], 0],
  [[2, 3, 2, 5, 2], 2],
];
const reductions: Case[] = (['sum', 'max'] as const).flatMap((op): Case[] => [
  ...REDUCED.map(([shape, axis]): Case => ({
    name: `${op} ${show(shape)} along ${axis}`,
    op,
    inputs: [input(shape)],
    run: (x) => x.reduce(op, axis),
    exact: (x) => exact.reduce(op, x, axis),
  })),
  {
    name: `${op} with NaN and infinities`,
    op,
    inputs: [input([4, 3], listed(NaN, 1, 2, Infinity, 1, 2, -Infinity, -Infinity, 0, -1, -2, -3))],
    run: (x) => x.reduce(op, 1),
    exact: (x) => exact.reduce(op, x, 1),
  },
]);

type Product = [a: readonly number[], b: readonly number[], transA?: boolean, transB?: boolean];
const PRODUCTS: Product[] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [1, 7],
    [7, 1],
  ],
  [
    [5, 1],
    [1, 3],
  ],
  [
    [4, 8],
    [8, 4],
  ],
  [
    [13, 17],
    [17, 19],
  ],
  [[13, 17], [19, 17], false, true],
  [[17, 13], [17, 19], true, false],
  [[17, 13], [19, 17], true, true],
  [[66, 65], [67, 65], false, true],
  [[3, 3100], [5, 3100], false, true],
  [
    [5, 3072],
    [3072, 2],
  ],
  [
    [2, 3, 5, 7],
    [2, 3, 7, 6],
  ],
  [[2, 3, 5, 7], [2, 3, 6, 7], false, true],
  [[2, 3, 7, 5], [2, 3, 7, 6], true, false],
  [
    [2, 1, 5, 7],
    [1, 3, 7, 2],
  ],
  [[3, 5, 7], [6, 7], false, true],
  [
    [5, 7],
    [4, 7, 3],
  ],
  [
    [0, 5],
    [5, 3],
  ],
];
const products: Case[] = PRODUCTS.map(([a, b, transA = false, transB = false]) => ({
  name: `matmul ${show(a)}${transA ? 'ᵀ' : ''} ${show(b)}${transB ? 'ᵀ' : ''}`,
  op: 'matmul',
  inputs: [input(a), input(b)],
  run: (x, y) => x.matmul(y, { transA, transB }),
  exact: (x, y) => exact.matmul(x, y, transA, transB),
}));

/** See above. */
export const sums: readonly Case[] = [...reductions, ...products];
