// What the elementwise primitives and activations do to a number, in double precision. The backend rounds once.
import type { Activation, BinaryOp, UnaryOp } from '@siglip-ts/core';
import { erf } from './erf.ts';

export const UNARY: Readonly<Record<UnaryOp, (x: number) => number>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  erf,
};

export const BINARY: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  greater: (a, b) => (a > b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
};

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const geluErf = (x: number) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
const geluTanh = (x: number, slope = Math.sqrt(2 / Math.PI)) =>
  0.5 * x * (1 + Math.tanh(slope * (x + 0.044715 * x * x * x)));
const silu = (x: number) => x * sigmoid(x);

/** The definitions, with their sources, are in core's ops/activation.ts. */
export const ACTIVATION: Readonly<Record<Activation, (x: number) => number>> = {
  gelu: geluErf,
  gelu_python: geluErf,
  gelu_10: (x) => Math.min(Math.max(geluErf(x), -10), 10),
  gelu_pytorch_tanh: (x) => geluTanh(x),
  gelu_new: (x) => geluTanh(x),
  gelu_accurate: (x) => geluTanh(x),
  gelu_fast: (x) => geluTanh(x, 0.7978845608),
  quick_gelu: (x) => x * sigmoid(1.702 * x),
  silu,
  swish: silu,
  sigmoid,
  tanh: Math.tanh,
  relu: (x) => Math.max(x, 0),
  relu2: (x) => Math.max(x, 0) ** 2,
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  mish: (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  laplace: (x) => 0.5 * (1 + erf((x - 0.707107) / (0.282095 * Math.SQRT2))),
  linear: (x) => x,
};
