// What a device is asked before it is trusted: a few operations with known answers. Few, since each kernel has to be
// compiled. Not a test of accuracy, which is the conformance suite's.
import { type Backend, compose, Tensor } from '@siglip-ts/core';
import type { SelfTest } from '@siglip-ts/core/kit';

interface Question {
  readonly op: string;
  readonly ask: (b: Backend) => Tensor;
  readonly answer: readonly number[];
}

const counting = (b: Backend, ...shape: number[]) =>
  Tensor.from(
    b,
    Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => i + 1),
    shape,
  );
/** More than the 1000 rounds at which gpu.js cuts some loops. */
const MANY = 1500;

const QUESTIONS: readonly Question[] = [
  { op: 'add', ask: (b) => counting(b, 2, 2).add(counting(b, 2, 1)), answer: [2, 3, 5, 6] },
  { op: 'exp', ask: (b) => Tensor.from(b, [0, 1, -1], [3]).exp(), answer: [1, Math.E, 1 / Math.E] },
  { op: 'log', ask: (b) => Tensor.from(b, [1, 10], [2]).log(), answer: [0, Math.LN10] },
  { op: 'tanh', ask: (b) => Tensor.from(b, [0, 100, -100], [3]).tanh(), answer: [0, 1, -1] },
  { op: 'erf', ask: (b) => Tensor.from(b, [0, 1, -9], [3]).erf(), answer: [0, 0.84270079, -1] },
  { op: 'sum', ask: (b) => counting(b, MANY).sum(0), answer: [(MANY * (MANY + 1)) / 2] },
  { op: 'max', ask: (b) => counting(b, 2, 3).max(0), answer: [4, 5, 6] },
  {
    op: 'matmul',
    ask: (b) => counting(b, 2, 3).matmul(counting(b, 2, 3), { transB: true }),
    answer: [14, 32, 32, 77],
  },
  { op: 'permute', ask: (b) => counting(b, 2, 3).permute(1, 0), answer: [1, 4, 2, 5, 3, 6] },
  { op: 'pad', ask: (b) => counting(b, 1, 2).pad([1, 0], [2, 3]), answer: [0, 0, 0, 1, 2, 0] },
  // A kernel that overwrites its last result would show here.
  { op: 'mul', ask: (b) => counting(b, 2).mul(2).add(counting(b, 2).mul(3)), answer: [5, 10] },
  {
    op: 'softmax',
    ask: (b) => compose.softmax(Tensor.from(b, [0, Math.LN2, 0], [3])),
    answer: [0.25, 0.5, 0.25],
  },
];

export const CANARY: SelfTest = {
  ask(b, step) {
    for (const { op, ask } of QUESTIONS) step(op, () => ask(b));
  },
  wrong(found, i) {
    const { answer } = QUESTIONS[i]!;
    const right = answer.every(
      (x, n) => Math.abs(found[n]! - x) <= 1e-5 * Math.max(1, Math.abs(x)),
    );
    return right ? null : `gives ${Array.from(found).join(', ')}, expected ${answer.join(', ')}`;
  },
};
