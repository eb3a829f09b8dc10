// cpu(): the specification in code. Every operand is an ndarray view, so movement is one line each; sums are formed
// in double precision and rounded once. Not fast: the engine is another backend.
import ndarray from 'ndarray';
import {
  type Backend,
  convert,
  type DType,
  type Handle,
  type Operand,
  pack,
  type Shape,
  size,
  type Values,
} from '@siglip-ts/core';
import { scatterAdd, stack, take } from '@siglip-ts/core/kit';
import {
  allocate,
  assign,
  broadcastTo,
  Buffer,
  contiguous,
  eachRow,
  type Floats,
  floatsOf,
  rowLength,
  rowStep,
  valuesOf,
  viewOf,
} from './buffer.ts';
import { BINARY, UNARY } from './elementwise.ts';
import * as fused from './fused.ts';
import { dotRows } from './matmul.ts';

/**
 * A backend of plain loops, for float32 and float64. Half types are stored, moved and cast; their arithmetic is that
 * of `rounded(cpu(), 'bfloat16')`. Needs `new Function` (ndarray compiles its view classes), so not under a strict CSP.
 */
export function cpu(): Backend {
  const activations = stack<Buffer>((gone) => {
    for (const buffer of gone) buffer.values = null;
  });
  const made = (values: Values): Handle => activations.push(new Buffer(values));
  return {
    name: 'cpu',
    constant: (values) => new Buffer(values),
    upload: (values) => made(values.slice()),
    read: async (x) => valuesOf(x).slice(),
    assign: (target, x) => valuesOf(target).set(valuesOf(x)),
    free: (x) => void ((x.handle as Buffer).values = null),
    mark: activations.mark,
    release: activations.release,
    dispose: activations.clear,

    unary(op, x) {
      const y = allocate(x.dtype, x.shape);
      floatsOf(op, x).forEach((v, i) => (y[i] = UNARY[op](v)));
      return made(y);
    },
    binary: (op, a, b, out) =>
      made(typeof b === 'number' ? withNumber(op, a, b) : withTensor(op, a, b, out)),
    reduce: (op, x, axis) => made(reduce(op, x, axis)),
    matmul: (a, b, transA, transB, out) => made(matmul(a, b, transA, transB, out)),
    permute: (x, axes) => made(contiguous(viewOf(x).transpose(...axes), x.dtype)),
    slice: (x, begin, out) =>
      made(
        contiguous(
          viewOf(x)
            .lo(...begin)
            .hi(...out),
          x.dtype,
        ),
      ),
    pad(x, before, out) {
      const y = allocate(x.dtype, out);
      assign(
        ndarray(y, [...out])
          .lo(...before)
          .hi(...x.shape),
        viewOf(x),
      );
      return made(y);
    },
    expand: (x, out) => made(contiguous(broadcastTo(viewOf(x), out), x.dtype)),
    take(table, ids) {
      const y = allocate(table.dtype, [...ids.shape, ...table.shape.slice(1)]);
      take(y, valuesOf(table), valuesOf(ids));
      return made(y);
    },
    scatterAdd(ids, rows, out) {
      const sums = new Float64Array(size(out));
      scatterAdd(sums, valuesOf(ids), floatsOf('scatterAdd', rows));
      return made(pack(sums, rows.dtype));
    },
    cast: (x, dtype) => made(cast(valuesOf(x), x.dtype, dtype)),

    fused: {
      linear: (x, w, b, act, out) => made(fused.linear(x, w, b, act, out)),
      activation: (x, kind) => made(fused.activation(x, kind)),
      layerNorm: (x, w, b, eps) => made(fused.layerNorm(x, w, b, eps)),
      softmax: (x) => made(fused.softmax(x)),
      l2Norm: (x) => made(fused.l2Norm(x)),
      attention: (q, k, v, keys, heads, scale) =>
        made(fused.attention(q, k, v, keys, heads, scale)),
    },
  };
}

function withNumber(op: keyof typeof BINARY, a: Operand, number: number): Values {
  const y = allocate(a.dtype, a.shape);
  const c = a.dtype === 'float32' ? Math.fround(number) : number;
  const f = BINARY[op];
  floatsOf(op, a).forEach((v, i) => (y[i] = f(v, c)));
  return y;
}

function withTensor(op: keyof typeof BINARY, a: Operand, b: Operand, out: Shape): Values {
  const y = allocate(a.dtype, out);
  const [A, B] = [broadcastTo(viewOf(a), out), broadcastTo(viewOf(b), out)];
  const [x, z] = [floatsOf(op, a), floatsOf(op, b)];
  const [n, p, q] = [rowLength(A), rowStep(A), rowStep(B)];
  const f = BINARY[op];
  let o = 0;
  eachRow([A, B], ([i, j]) => {
    for (let k = 0; k < n; k++) y[o++] = f(x[i! + k * p]!, z[j! + k * q]!);
  });
  return y;
}

/** Seen as [outer, n, inner], the middle axis goes. */
function reduce(op: 'sum' | 'max', x: Operand, axis: number): Values {
  const a = floatsOf(op, x);
  const n = x.shape[axis]!;
  const inner = size(x.shape.slice(axis + 1));
  const outer = size(x.shape.slice(0, axis));
  const y = allocate(x.dtype, [outer, inner]);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      let result = op === 'sum' ? 0 : -Infinity;
      for (let k = 0; k < n; k++) {
        const v = a[(o * n + k) * inner + i]!;
        result = op === 'sum' ? result + v : Math.max(result, v);
      }
      y[o * inner + i] = result;
    }
  return y;
}

function matmul(a: Operand, b: Operand, transA: boolean, transB: boolean, out: Shape): Values {
  const [M, N] = out.slice(-2) as [number, number];
  const K = a.shape.at(transA ? -2 : -1)!;
  const y = allocate(a.dtype, out) as Floats;
  const x = rowsAlongK(a, transA);
  const z = rowsAlongK(b, !transB);
  // Where each matrix of the broadcast batch begins, counted in matrices.
  const batch = [...out.slice(0, -2), 1];
  const matrices = (o: Operand) =>
    broadcastTo(ndarray(new Int32Array(0), [...o.shape.slice(0, -2), 1]), batch);
  let at = 0;
  eachRow([matrices(a), matrices(b)], ([i, j]) => {
    const A = { data: x, at: i! * M * K, rows: M };
    dotRows(A, { data: z, at: j! * N * K, rows: N }, K, y, at);
    at += M * N;
  });
  return y;
}

/** The values with the summed axis last, so that both sides of a product are rows. */
function rowsAlongK(x: Operand, transposed: boolean): Floats {
  const values = floatsOf('matmul', x);
  if (!transposed) return values;
  const axes = x.shape.map((_, i) => i);
  // eslint-disable-next-line house/no-spread-list -- two axes
  axes.push(...axes.splice(-2).reverse());
  return contiguous(viewOf(x).transpose(...axes), x.dtype) as Floats;
}

const cast = (values: Values, from: DType, to: DType): Values =>
  from === to ? values.slice() : convert(values, from, to);
