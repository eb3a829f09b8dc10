// Element by element: y[i] = f(x[i]), and y[i] = f(a[i], b[i]) with NumPy's broadcasting. No activations: those are
// compositions of these.
//
//   for (let i = 0; i < n; i++) y[i] = f(a[placeInA(i)], b[placeInB(i)]);
import { type BinaryOp, sameShape, type Shape, size, type UnaryOp } from '@siglip-ts/core';
import { broadcastStrides } from '@siglip-ts/core/kit';
import { coordinates, place, type Program, program, THREAD } from './program.ts';

/** c[0] xⁿ + … + c[n], by Horner's rule. */
const polynomial = (x: string, c: readonly number[]): string =>
  c.slice(1).reduce((sum, next) => `(${sum} * ${x} + ${next})`, String(c[0]));

// tanh and erf: coefficients of Cephes (tanhf.c, ndtrf.c). Arguments are clamped by comparisons, which leave NaN as it is.

/** Math.tanh gives NaN from 50 on with some drivers, and loses small numbers: so by exp, and of at most 10. */
const TANH = `
const size = x < 0 ? -x : x;
const a = size > 10 ? 10 : size;
const z = a * a;
const near = ${polynomial(
  'z',
  [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
)} * z * x + x;
const far = 1 - 2 / (Math.exp(a + a) + 1);
return a < 0.625 ? near : (x < 0 ? -far : far);`;

/** An odd polynomial near 0; elsewhere 1 - e^-a² q P(q²), q = 1 / a; from 4 on it is 1 to the last bit. */
const ERF = `
const size = x < 0 ? -x : x;
const a = size > 4 ? 4 : size;
const z = a * a;
const near = ${polynomial(
  'z',
  [
    7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
    1.128358514861418e-1, -3.76126258242331e-1, 1.12837916709551,
  ],
)} * x;
const q = 1 / a;
const y = q * q;
const middle = ${polynomial(
  'y',
  [
    2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1,
    6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1,
    5.638259427386472e-1,
  ],
)};
const outer = ${polynomial(
  'y',
  [
    -1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786,
    -1.0152652792027, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1,
  ],
)};
const far = 1 - Math.exp(-z) * q * (a < 2 ? middle : outer);
return a < 1 ? near : (x < 0 ? -far : far);`;

/** ln(1 + x), right also where 1 + x rounds: x / (u - 1) mends what the rounding lost. */
const LOG1P = `
const u = 1 + x;
const d = u - 1;
return d === 0 ? x : (u > 3e38 ? Math.log(u) : Math.log(u) * (x / d));`;

const UNARY: Readonly<Record<UnaryOp, string>> = {
  neg: 'return -x;',
  exp: 'return Math.exp(x);',
  log: 'return Math.log(x);',
  log1p: LOG1P,
  sqrt: 'return Math.sqrt(x);',
  tanh: TANH,
  erf: ERF,
};

const BINARY: Readonly<Record<BinaryOp, string>> = {
  add: 'a + b',
  sub: 'a - b',
  mul: 'a * b',
  div: 'a / b',
  max: 'Math.max(a, b)',
  min: 'Math.min(a, b)',
  greater: 'a > b ? 1 : 0',
  equal: 'a === b ? 1 : 0',
};

export const unary = (op: UnaryOp, shape: Shape): Program =>
  program('input', size(shape), `const x = input[${THREAD}];\n${UNARY[op]}`);

export function binary(op: BinaryOp, a: Shape, b: Shape, out: Shape): Program {
  const plain = [a, b].every((shape) => sameShape(shape, out));
  const at = (shape: Shape): string =>
    sameShape(shape, out) ? THREAD : place(broadcastStrides(shape, out));
  const lines = [
    ...(plain ? [] : [coordinates(out)]),
    `const a = left[${at(a)}];`,
    `const b = right[${at(b)}];`,
    `return ${BINARY[op]};`,
  ];
  return program('left, right', size(out), lines.join('\n'));
}
