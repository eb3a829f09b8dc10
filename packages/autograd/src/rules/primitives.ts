// The gradient of every primitive of the contract, in one table. Composites need none: they are differentiated through
// their definitions, or have a backward of their own in fused-rules.ts.
import type { BinaryOp, DType, ReduceOp, Shape, Tensor, UnaryOp } from '@siglip-ts/core';
import { type Step, unbroadcast } from '../step.ts';

const UNARY: Readonly<Record<UnaryOp, (g: Tensor, x: Tensor, y: Tensor) => Tensor>> = {
  neg: (g) => g.neg(),
  exp: (g, _, y) => g.mul(y),
  log: (g, x) => g.div(x),
  log1p: (g, x) => g.div(x.add(1)),
  sqrt: (g, _, y) => g.div(y.mul(2)),
  tanh: (g, _, y) => g.sub(g.mul(y).mul(y)),
  erf: (g, x) =>
    g.mul(
      x
        .mul(x)
        .neg()
        .exp()
        .mul(2 / Math.sqrt(Math.PI)),
    ),
};

type Side = (g: Tensor, a: Tensor, b: Tensor | number) => Tensor;
type Right = (g: Tensor, a: Tensor, b: Tensor) => Tensor;

/** 1 where a > b, 1/2 where they are equal, else 0: a tie's gradient is shared, as torch does. */
const wins = (a: Tensor, b: Tensor | number) => a.greater(b).add(a.equal(b).mul(0.5));
const loses = (a: Tensor, b: Tensor | number) => wins(a, b).neg().add(1);

/** The gradient of the left side, and of the right if it is a tensor. Comparisons have none. */
const BINARY: Readonly<Record<BinaryOp, readonly [Side, Right] | null>> = {
  add: [(g) => g, (g) => g],
  sub: [(g) => g, (g) => g.neg()],
  mul: [(g, _, b) => g.mul(b), (g, a) => g.mul(a)],
  div: [(g, _, b) => g.div(b), (g, a, b) => g.mul(a).div(b.mul(b)).neg()],
  max: [(g, a, b) => g.mul(wins(a, b)), (g, a, b) => g.mul(loses(a, b))],
  min: [(g, a, b) => g.mul(loses(a, b)), (g, a, b) => g.mul(wins(a, b))],
  greater: null,
  equal: null,
};

export const unary = (op: UnaryOp): Step => ({
  run: ([x]) => x!.unary(op),
  back: (g, [x], y) => [() => UNARY[op](g, x!, y)],
});

/** `number`: the right side, where it is none of the inputs. */
export function binary(op: BinaryOp, number: number | null): Step {
  const rule = BINARY[op];
  return {
    run: ([a, b]) => a!.binary(op, b ?? number!),
    back(g, [a, b]) {
      if (!rule) return [null, null];
      const left = () => unbroadcast(rule[0](g, a!, b ?? number!), a!.shape);
      return b ? [left, () => unbroadcast(rule[1](g, a!, b), b.shape)] : [left];
    },
  };
}

export const reduce = (op: ReduceOp, axis: number): Step => ({
  run: ([x]) => x!.reduce(op, axis),
  back(g, [x], y) {
    if (op === 'sum') return [() => g.expand(x!.shape)];
    return [
      () => {
        const largest = x!.equal(y); // several may be: they share, as in torch.amax
        return largest.mul(g.div(largest.sum(axis)));
      },
    ];
  },
});

export const matmul = (transA: boolean, transB: boolean): Step => ({
  run: ([a, b]) => a!.matmul(b!, { transA, transB }),
  back(g, [a, b]) {
    const left = () =>
      transA ? b!.matmul(g, { transA: transB, transB: true }) : g.matmul(b!, { transB: !transB });
    const right = () =>
      transB ? g.matmul(a!, { transA: true, transB: transA }) : a!.matmul(g, { transA: !transA });
    return [() => unbroadcast(left(), a!.shape), () => unbroadcast(right(), b!.shape)];
  },
});

export const permute = (axes: readonly number[]): Step => ({
  run: ([x]) => x!.permute(...axes),
  back: (g) => [() => g.permute(...axes.map((_, i) => axes.indexOf(i)))],
});

export const slice = (begin: readonly number[], out: Shape): Step => ({
  run: ([x]) => x!.slice(begin, out),
  back: (g, [x]) => [() => g.pad(begin, x!.shape)],
});

export const pad = (before: readonly number[], out: Shape): Step => ({
  run: ([x]) => x!.pad(before, out),
  back: (g, [x]) => [() => g.slice(before, x!.shape)],
});

export const expand = (out: Shape): Step => ({
  run: ([x]) => x!.expand(out),
  back: (g, [x]) => [() => unbroadcast(g, x!.shape)],
});

export const take: Step = {
  run: ([table, ids]) => table!.take(ids!),
  back: (g, [table, ids]) => [() => g.scatterAdd(ids!, table!.shape), null],
};

export const scatterAdd = (out: Shape): Step => ({
  run: ([ids, rows]) => rows!.scatterAdd(ids!, out),
  back: (g, [ids]) => [null, () => g.take(ids!)],
});

export const cast = (dtype: DType): Step => ({
  run: ([x]) => x!.cast(dtype),
  back: (g, [x]) => [() => g.cast(x!.dtype)],
});
