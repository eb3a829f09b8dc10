// Kernels that treat every number alike. Arrays begin at multiples of 16 bytes, are padded to them and have 16 more, so
// each runs over whole vectors, past the end into the padding.
import { type I32, load, loadSplat, type V128, vec } from '../assembler/expressions.ts';
import type { FunctionBuilder, Params } from '../assembler/function.ts';
import { alike, type Kernel, kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { inFours } from './fours.ts';
import { erf, exp, log, log1p, roughExp, tanh } from './maths.ts';

type Unary = (f: FunctionBuilder, x: V128) => V128;

/** σ(x) = e^min(x, 0) / (1 + e^-|x|), where one exponential is both or the upper one is 1. */
const sigmoid: Unary = (f, x) => {
  const e = f.v128(exp(f, x.abs().neg()));
  return x.lt(0).pick(e, vec(1)).div(e.add(1));
};
/** ½ x (1 + tanh u) = x / (1 + e^-2u) with u = √(2/π) (x + 0.044715 x³); of several, as exponentials are fastest. */
const geluTanh = (f: FunctionBuilder, all: readonly V128[]): V128[] => {
  const cubic = (x: V128) => x.mul(x).mul(x).mul(0.044715).add(x);
  const powers = roughExp(
    f,
    all.map((x) => cubic(x).mul(-2 * Math.sqrt(2 / Math.PI))),
  );
  return all.map((x, i) => x.div(powers[i]!.add(1)));
};

/** By the names of the contract: unary operations, and the activations that have a kernel. */
const UNARY: Readonly<Record<string, Unary>> = {
  neg: (_, x) => x.neg(),
  exp,
  log,
  log1p,
  sqrt: (_, x) => x.sqrt(),
  tanh,
  erf,
  silu: (f, x) => x.mul(f.v128(sigmoid(f, x))),
  sigmoid,
};

const mask = (truth: V128): V128 => truth.and(vec(1));

const BINARY: Readonly<Record<string, (a: V128, b: V128) => V128>> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  max: (a, b) => a.max(b),
  min: (a, b) => a.min(b),
  greater: (a, b) => mask(a.gt(b)),
  equal: (a, b) => mask(a.eq(b)),
};

const ONE = kernel('', 'y x n');
const TWO = kernel('', 'y a b rows n step');
type Two = typeof TWO extends Kernel<infer A, infer F> ? Params<A, F> : never;

/** for (i < n) y[i] = f(x[i]) */
export const unaryKernel = (op: string): typeof ONE => alike(ONE, op);
/** for (r < rows) for (i < n) y[r][i] = f(a[r][i], b[r * step][i]) */
export const binaryKernel = (op: string): typeof TWO => alike(TWO, op);
/** for (r < rows) for (i < n) y[r][i] = f(a[r][i], b[r * step][0]) */
export const scalarKernel = (op: string): typeof TWO => alike(TWO, `${op}Scalar`);

export function addElementwise(m: ModuleBuilder): void {
  for (const [name, op] of Object.entries(UNARY))
    m.func(unaryKernel(name), (f, { y, x, n }) => {
      const i = f.i32();
      f.for(i, 0, n, 4, () => f.store(y.at(i), f.v128(op(f, f.v128(load(x.at(i)))))));
    });
  m.func(unaryKernel('gelu_pytorch_tanh'), (f, { y, x, n }) =>
    inFours(f, f.i32(0), n, (i, offsets) => {
      const all = offsets.map((offset) => f.v128(load(x.at(i), offset)));
      geluTanh(f, all).forEach((v, q) => f.store(y.at(i), v, offsets[q]));
    }),
  );
  for (const [name, op] of Object.entries(BINARY)) {
    const rowByRow =
      (value: (b: I32, i: I32) => V128) =>
      (f: FunctionBuilder, { y, a, b, rows, n, step }: Two) => {
        const [r, i] = [f.i32(), f.i32()];
        // The vectors of a row may run into the next one, which is written after.
        f.for(r, 0, rows, 1, () => {
          const [to, from, row] = [r.mul(n), r.mul(n), r.mul(step)];
          const [py, pa, pb] = [f.i32(y.at(to)), f.i32(a.at(from)), f.i32(b.at(row))];
          f.for(i, 0, n, 4, () => f.store(py.at(i), op(load(pa.at(i)), value(pb, i))));
        });
      };
    m.func(
      binaryKernel(name),
      rowByRow((b, i) => load(b.at(i))),
    );
    m.func(
      scalarKernel(name),
      rowByRow((b) => loadSplat(b)),
    );
  }
}
