// The cases of operations number by number: of one tensor, of two that broadcast, of a tensor and a number.
import type { Judged } from '../budgets.ts';
import * as exact from '../reference.ts';
import { type Case, show } from './case.ts';
import {
  below,
  between,
  few,
  type Filling,
  ids,
  input,
  listed,
  normal,
  positive,
  spread,
} from './inputs.ts';

const ODDITIES = [NaN, Infinity, -Infinity, 0, 1, -1];
/** Each of the oddities with each. */
const first = listed(...ODDITIES.flatMap((x) => ODDITIES.map(() => x)));
const second = listed(...ODDITIES);

const DOMAINS = {
  neg: spread,
  exp: between(-80, 80),
  log: positive,
  log1p: (next, i) => (i % 2 ? positive(next, i) : between(-0.99, 0.99)(next, i)),
  sqrt: positive,
  tanh: (next, i) => (i % 2 ? normal(next, i) : spread(next, i)),
  erf: (next, i) => (i % 2 ? normal(next, i) : spread(next, i)),
} satisfies Record<keyof typeof exact.UNARY, Filling>;
const UNARY = Object.keys(DOMAINS) as (keyof typeof DOMAINS)[];

const unary: Case[] = UNARY.flatMap((op): Case[] => [
  ...[[1], [7], [3, 5, 67], [0], []].map((shape): Case => ({
    name: `${op} ${show(shape)}`,
    op,
    inputs: [input(shape, DOMAINS[op])],
    run: (x) => x.unary(op),
    exact: (x) => exact.each(x, exact.UNARY[op]),
  })),
  {
    name: `${op} of NaN, infinities and zero`,
    op,
    inputs: [input([6], listed(...ODDITIES))],
    run: (x) => x.unary(op),
    exact: (x) => exact.each(x, exact.UNARY[op]),
  },
]);

const FAR: Case[] = [
  ['exp', listed(-200, -104, 89, 200)],
  ['tanh', listed(-100, -20, -10, 10, 20, 100, 1e30, 1e-30)],
  ['erf', listed(-100, -6, -4, 4, 6, 100, 1e-30)],
].map(([op, values]): Case => {
  const kind = op as 'exp' | 'tanh' | 'erf';
  return {
    name: `${kind} far out`,
    op: kind,
    inputs: [input([8], values as Filling)],
    run: (x) => x.unary(kind),
    exact: (x) => exact.each(x, exact.UNARY[kind]),
  };
});

const BINARY = ['add', 'sub', 'mul', 'div', 'max', 'min', 'greater', 'equal'] as const;
const judged = (op: (typeof BINARY)[number]): Judged =>
  op === 'max' || op === 'min' || op === 'greater' || op === 'equal' ? 'compare' : op;

const BROADCASTS: [readonly number[], readonly number[]][] = [
  [[5], [5]],
  [[3, 4, 5], [5]],
  [
    [3, 4, 5],
    [4, 1],
  ],
  [
    [2, 1, 3],
    [1, 5, 1],
  ],
  [[1], [2, 3]],
  [[7], []],
  [[], []],
  [
    [2, 1, 3, 1, 2, 1],
    [1, 3, 1, 2, 1, 5],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [
    [131, 7],
    [131, 7],
  ],
];

const binary: Case[] = BINARY.flatMap((op): Case[] => [
  ...BROADCASTS.map(([a, b]): Case => ({
    name: `${op} ${show(a, b)}`,
    op: judged(op),
    inputs: [input(a, spread), input(b, spread)],
    run: (x, y) => x.binary(op, y),
    exact: (x, y) => exact.pairs(x, y, exact.BINARY[op]),
  })),
  {
    name: `${op} with ties`,
    op: judged(op),
    inputs: [input([9, 8], few), input([9, 8], (next, i) => few(next, i) || 1)],
    run: (x, y) => x.binary(op, y),
    exact: (x, y) => exact.pairs(x, y, exact.BINARY[op]),
  },
  {
    name: `${op} of NaN, infinities and zero`,
    op: judged(op),
    inputs: [input([36], first), input([36], second)],
    run: (x, y) => x.binary(op, y),
    exact: (x, y) => exact.pairs(x, y, exact.BINARY[op]),
  },
  {
    name: `${op} with the number 1.5`,
    op: judged(op),
    inputs: [input([3, 7], (next, i) => (i % 3 ? normal(next, i) : 1.5))],
    run: (x) => x.binary(op, 1.5),
    exact: (x) => exact.each(x, (v) => exact.BINARY[op](v, 1.5)),
  },
]);

/** 0.1 is no float32: as in torch, it is rounded to one, unless the tensor is float64. */
const roundedNumber: Case = {
  name: 'equal with a number that the dtype has to round',
  op: 'compare',
  inputs: [input([2], listed(0.1, 0.2))],
  run: (x) => x.equal(0.1),
  exact: (x) => ({ shape: x.shape, values: Float64Array.of(1, 0) }),
};

/** Zeros are told apart by dividing by them. */
const zeros: Case = {
  name: 'signs of zeros',
  op: 'div',
  inputs: [input([6], listed(0, -0, -5, 5, 0, -5)), input([6], listed(-1, 1, 0, -0, 1, -0))],
  run: (x, y) => y.sub(y).add(1).div(x.mul(y).neg()),
  exact: (x, y) => exact.pairs(x, y, (a, b) => 1 / -(a * b)),
};

/** Integers are stored, moved and compared. */
const integers: Case = {
  name: 'equal of integers',
  op: 'compare',
  dtype: 'int32',
  inputs: [ids([4, 5], below(3)), ids([5], below(3))],
  run: (x, y) => x.equal(y),
  exact: (x, y) => exact.pairs(x, y, exact.BINARY.equal),
};

/** See above. */
export const elementwise: readonly Case[] = [
  ...unary,
  ...FAR,
  ...binary,
  roundedNumber,
  zeros,
  integers,
];
