// What every operation means, in float64 and in the most naive way: an index at a time, a loop an axis. Shares no
// code with any backend; slow on purpose.
import type { Activation, BinaryOp, DType, ReduceOp, Shape, UnaryOp } from '@siglip-ts/core';

/** An array with a shape, row-major. */
export interface Exact {
  /** The size of each axis. */
  readonly shape: Shape;
  /** The numbers. */
  readonly values: Float64Array;
}

const count = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** The value at an index. Axes that are missing in front or have size 1 repeat. */
function at(x: Exact, index: readonly number[]): number {
  let place = 0;
  x.shape.forEach((n, axis) => {
    const i = index[index.length - x.shape.length + axis]!;
    place = place * n + (n === 1 ? 0 : i);
  });
  return x.values[place]!;
}

/** Fills a shape index by index. */
function fill(shape: Shape, value: (index: readonly number[]) => number): Exact {
  const values = new Float64Array(count(shape));
  for (let place = 0; place < values.length; place++) {
    const index: number[] = [];
    let rest = place;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index.unshift(rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    values[place] = value(index);
  }
  return { shape, values };
}

export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const [x, y] = [a, b].map((s) => [...new Array<number>(rank - s.length).fill(1), ...s]);
  return x!.map((n, i) => (n === 1 ? y![i]! : n));
}

export const each = (x: Exact, f: (value: number) => number): Exact =>
  fill(x.shape, (i) => f(at(x, i)));

export const pairs = (a: Exact, b: Exact, f: (a: number, b: number) => number): Exact =>
  fill(broadcast(a.shape, b.shape), (i) => f(at(a, i), at(b, i)));

/** Gauss-Legendre's five places in [-1, 1], with their weights. */
const GAUSS: readonly (readonly [number, number])[] = [
  [0, 0.5688888888888889],
  [0.5384693101056831, 0.4786286704993665],
  [-0.5384693101056831, 0.4786286704993665],
  [0.906179845938664, 0.2369268850561891],
  [-0.906179845938664, 0.2369268850561891],
];

/** erf by numerical integration over 64 panels: to 1e-16, and in no way a series. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) > 6) return Math.sign(x);
  const half = x / 128;
  const panels = Array.from({ length: 64 }, (_, i) =>
    total(GAUSS.map(([t, weight]) => weight * Math.exp(-(((2 * i + 1 + t) * half) ** 2)))),
  );
  return (2 / Math.sqrt(Math.PI)) * half * total(panels);
}

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
  max: (a, b) => (Number.isNaN(a) || a > b ? a : b), // NaN wins, as in torch.maximum
  min: (a, b) => (Number.isNaN(a) || a < b ? a : b),
  greater: (a, b) => Number(a > b),
  equal: (a, b) => Number(a === b),
};

export function reduce(op: ReduceOp, x: Exact, axis: number): Exact {
  const shape = x.shape.map((n, i) => (i === axis ? 1 : n));
  return fill(shape, (index) => {
    const along = Array.from({ length: x.shape[axis]! }, (_, k) =>
      at(
        x,
        index.map((i, a) => (a === axis ? k : i)),
      ),
    );
    return op === 'sum' ? total(along) : along.reduce(BINARY.max, -Infinity);
  });
}

/** A sum whose error does not grow with its length (Neumaier). */
export function total(terms: Iterable<number>): number {
  let sum = 0;
  let lost = 0;
  for (const x of terms) {
    const next = sum + x;
    lost += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

export function matmul(a: Exact, b: Exact, transA = false, transB = false): Exact {
  const last = (x: Exact, transposed: boolean) => {
    const [m, n] = x.shape.slice(-2) as [number, number];
    return transposed ? [n, m] : [m, n];
  };
  const [M, K] = last(a, transA) as [number, number];
  const N = last(b, transB)[1]!;
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return fill([...batch, M, N], (index) => {
    const lead = index.slice(0, -2);
    const [i, j] = index.slice(-2) as [number, number];
    const terms = Array.from(
      { length: K },
      (_, k) =>
        at(a, [...lead, ...(transA ? [k, i] : [i, k])]) *
        at(b, [...lead, ...(transB ? [j, k] : [k, j])]),
    );
    return total(terms);
  });
}

export const permute = (x: Exact, axes: readonly number[]): Exact =>
  fill(
    axes.map((a) => x.shape[a]!),
    (index) =>
      at(
        x,
        axes.map((_, axis) => index[axes.indexOf(axis)]!),
      ),
  );

export const slice = (x: Exact, begin: readonly number[], out: Shape): Exact =>
  fill(out, (index) =>
    at(
      x,
      index.map((i, axis) => i + begin[axis]!),
    ),
  );

export const pad = (x: Exact, before: readonly number[], out: Shape): Exact =>
  fill(out, (index) => {
    const inner = index.map((i, axis) => i - before[axis]!);
    return inner.every((i, axis) => i >= 0 && i < x.shape[axis]!) ? at(x, inner) : 0;
  });

export const expand = (x: Exact, out: Shape): Exact => fill(out, (index) => at(x, index));

export const take = (table: Exact, ids: Exact): Exact =>
  fill([...ids.shape, ...table.shape.slice(1)], (index) =>
    at(table, [at(ids, index.slice(0, ids.shape.length)), ...index.slice(ids.shape.length)]),
  );

export function scatterAdd(ids: Exact, rows: Exact, out: Shape): Exact {
  const width = count(out.slice(1));
  const values = new Float64Array(count(out));
  ids.values.forEach((id, i) => {
    for (let k = 0; k < width; k++) values[id * width + k]! += rows.values[i * width + k]!;
  });
  return { shape: out, values };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const gelu = (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2));
const geluTanh = (x: number, slope = Math.sqrt(2 / Math.PI)) =>
  0.5 * x * (1 + Math.tanh(slope * (x + 0.044715 * x ** 3)));

/** The formulae of transformers/activations.py and of the torch modules it names. */
export const ACTIVATION: Readonly<Record<Activation, (x: number) => number>> = {
  gelu,
  gelu_10: (x) => Math.max(-10, Math.min(10, gelu(x))),
  gelu_accurate: (x) => geluTanh(x),
  gelu_fast: (x) => geluTanh(x, 0.7978845608), // as transformers writes it
  gelu_new: (x) => geluTanh(x),
  gelu_python: gelu,
  gelu_pytorch_tanh: (x) => geluTanh(x),
  laplace: (x) => 0.5 * (1 + erf((x - 0.707107) / (0.282095 * Math.SQRT2))),
  leaky_relu: (x) => (x >= 0 ? x : 0.01 * x),
  linear: (x) => x,
  mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  quick_gelu: (x) => x * sigmoid(1.702 * x),
  relu: (x) => (x > 0 ? x : 0),
  relu2: (x) => (x > 0 ? x * x : 0),
  relu6: (x) => Math.min(6, x > 0 ? x : 0),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  sigmoid,
  silu: (x) => x * sigmoid(x),
  swish: (x) => x * sigmoid(x),
  tanh: Math.tanh,
};

export function linear(x: Exact, weight: Exact, bias: Exact | null, act: Activation | null): Exact {
  const product = matmul(x, weight, false, true);
  const y = bias ? pairs(product, bias, BINARY.add) : product;
  return act ? each(y, ACTIVATION[act]) : y;
}

/** Rewrites each row, along the last axis. */
function rows(x: Exact, f: (row: readonly number[]) => readonly number[]): Exact {
  const n = x.shape.at(-1)!;
  const values = new Float64Array(x.values.length);
  for (let r = 0; r < values.length; r += n) values.set(f([...x.values.subarray(r, r + n)]), r);
  return { shape: x.shape, values };
}

export const layerNorm = (x: Exact, weight: Exact, bias: Exact, eps: number): Exact =>
  rows(x, (row) => {
    const mean = total(row) / row.length;
    const variance = total(row.map((v) => (v - mean) ** 2)) / row.length;
    const scaled = row.map((v) => (v - mean) / Math.sqrt(variance + eps));
    return scaled.map((v, i) => v * weight.values[i]! + bias.values[i]!);
  });

const softmaxRow = (row: readonly number[]): readonly number[] => {
  const largest = row.reduce((a, b) => Math.max(a, b));
  const e = row.map((v) => Math.exp(v - largest));
  const sum = total(e);
  return e.map((v) => v / sum);
};
export const softmax = (x: Exact): Exact => rows(x, softmaxRow);

export const l2Norm = (x: Exact): Exact => {
  const squares = each(x, (v) => v * v);
  return each(reduce('sum', squares, x.shape.length - 1), Math.sqrt);
};

/** A masked key counts as if absent, unless all are masked: then, as adding the lowest number does, none is. */
export function attention(
  q: Exact,
  k: Exact,
  v: Exact,
  keys: Exact | null,
  heads: number,
  scale: number,
): Exact {
  const [B, T, D] = q.shape as [number, number, number];
  const S = k.shape[1]!;
  const d = D / heads;
  /** One head's vector of a token. */
  const head = (x: Exact, b: number, t: number, h: number) =>
    x.values.subarray((b * x.shape[1]! + t) * D + h * d, (b * x.shape[1]! + t) * D + (h + 1) * d);
  const values = new Float64Array(B * T * D);
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++)
      for (let h = 0; h < heads; h++) {
        const query = head(q, b, t, h);
        const scores = Array.from(
          { length: S },
          (_, s) => total(head(k, b, s, h).map((x, i) => x * query[i]!)) * scale,
        );
        const seen = scores.map((_, s) => !keys || at(keys, [b, s]) === 1);
        const none = !seen.includes(true);
        const weights = softmaxRow(scores.map((x, s) => (none ? 0 : seen[s] ? x : -Infinity)));
        for (let i = 0; i < d; i++)
          values[(b * T + t) * D + h * d + i] = total(
            weights.map((w, s) => w * head(v, b, s, h)[i]!),
          );
      }
  return { shape: q.shape, values };
}

/** How many binary digits a number of a dtype has, and the exponent of its smallest normal number. */
const FORMAT = {
  float64: { digits: 53, lowest: -1022, largest: Number.MAX_VALUE },
  float32: { digits: 24, lowest: -126, largest: 3.4028234663852886e38 },
  bfloat16: { digits: 8, lowest: -126, largest: 3.3895313892515355e38 },
  float16: { digits: 11, lowest: -14, largest: 65504 },
};

/** The distance between neighbours of a dtype around x: the unit of its last place. */
export function unit(x: number, dtype: DType): number {
  if (dtype === 'int32') return 1;
  const { digits, lowest } = FORMAT[dtype];
  const exponent = Math.abs(x) > 0 ? Math.floor(Math.log2(Math.abs(x))) : lowest;
  return 2 ** (Math.max(exponent, lowest) - digits + 1);
}

/** The nearest value of a dtype, ties to the even one; integers towards zero. */
export function nearest(x: number, dtype: DType): number {
  if (dtype === 'int32') return Math.trunc(x);
  if (dtype === 'float64' || !Number.isFinite(x) || x === 0) return x;
  const step = unit(x, dtype);
  const below = Math.floor(x / step);
  const rest = x / step - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  const rounded = (up ? below + 1 : below) * step;
  return Math.abs(rounded) > FORMAT[dtype].largest ? Math.sign(x) * Infinity : rounded;
}
