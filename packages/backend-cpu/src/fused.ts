// The composites in one pass each: computed in double precision, rounded once. Their definitions are `compose` in
// core, which these are tested against.
import { type Activation, LOWEST, type Operand, type Shape } from '@siglip-ts/core';
import { allocate, type Floats, floatsOf } from './buffer.ts';
import { ACTIVATION } from './elementwise.ts';
import { dotRows } from './matmul.ts';

const like = (x: Operand, shape: Shape = x.shape): Floats => allocate(x.dtype, shape) as Floats;

export function linear(
  x: Operand,
  weight: Operand,
  bias: Operand | null,
  activation: Activation | null,
  out: Shape,
): Floats {
  const [N, K] = weight.shape as [number, number];
  const y = like(x, out);
  const sums = new Float64Array(y.length);
  const rows = { data: floatsOf('linear', x), at: 0, rows: y.length / N };
  dotRows(rows, { data: floatsOf('linear', weight), at: 0, rows: N }, K, sums, 0);
  const b = bias && floatsOf('linear', bias);
  const f = ACTIVATION[activation ?? 'linear'];
  for (let r = 0; r < y.length; r += N)
    for (let j = 0; j < N; j++) y[r + j] = f(sums[r + j]! + (b ? b[j]! : 0));
  return y;
}

export function activation(x: Operand, kind: Activation): Floats {
  const y = like(x);
  const a = floatsOf(kind, x);
  const f = ACTIVATION[kind];
  for (let i = 0; i < y.length; i++) y[i] = f(a[i]!);
  return y;
}

export function layerNorm(x: Operand, weight: Operand, bias: Operand, eps: number): Floats {
  const D = x.shape.at(-1)!;
  const a = floatsOf('layerNorm', x);
  const w = floatsOf('layerNorm', weight);
  const b = floatsOf('layerNorm', bias);
  const y = like(x);
  for (let r = 0; r < a.length; r += D) {
    let mean = 0;
    for (let i = 0; i < D; i++) mean += a[r + i]!;
    mean /= D;
    let variance = 0;
    for (let i = 0; i < D; i++) variance += (a[r + i]! - mean) ** 2;
    const scale = 1 / Math.sqrt(variance / D + eps);
    for (let i = 0; i < D; i++) y[r + i] = (a[r + i]! - mean) * scale * w[i]! + b[i]!;
  }
  return y;
}

export function softmax(x: Operand): Floats {
  const n = x.shape.at(-1)!;
  const a = floatsOf('softmax', x);
  const y = like(x);
  const row = new Float64Array(n);
  for (let r = 0; r < a.length; r += n) {
    row.set(a.subarray(r, r + n));
    softmaxInPlace(row);
    y.set(row, r);
  }
  return y;
}

export function l2Norm(x: Operand): Floats {
  const n = x.shape.at(-1)!;
  const a = floatsOf('l2Norm', x);
  const y = like(x, [...x.shape.slice(0, -1), 1]);
  for (let r = 0; r < y.length; r++) {
    let sum = 0;
    for (let i = r * n; i < (r + 1) * n; i++) sum += a[i]! ** 2;
    y[r] = Math.sqrt(sum);
  }
  return y;
}

/** One query at a time: scores over all keys, softmax, weighted sum of values. No [T, S] matrix. */
export function attention(
  q: Operand,
  k: Operand,
  v: Operand,
  keys: Operand | null,
  heads: number,
  scale: number,
): Floats {
  const [B, T, D] = q.shape as [number, number, number];
  const S = k.shape[1]!;
  const d = D / heads;
  const [Q, K, V] = [q, k, v].map((x) => floatsOf('attention', x)) as [Floats, Floats, Floats];
  const attend = keys && floatsOf('attention', keys);
  const lowest = LOWEST[q.dtype];
  const y = like(q);
  const weights = new Float64Array(S);
  const mixed = new Float64Array(d);
  for (let b = 0; b < B; b++)
    for (let h = 0; h < heads; h++)
      for (let t = 0; t < T; t++) {
        const at = (b * T + t) * D + h * d;
        for (let s = 0; s < S; s++) {
          let score = 0;
          for (let i = 0, key = (b * S + s) * D + h * d; i < d; i++)
            score += Q[at + i]! * K[key + i]!;
          weights[s] = score * scale + (attend ? (1 - attend[b * S + s]!) * lowest : 0);
        }
        softmaxInPlace(weights);
        mixed.fill(0);
        for (let s = 0; s < S; s++)
          for (let i = 0, value = (b * S + s) * D + h * d; i < d; i++)
            mixed[i]! += weights[s]! * V[value + i]!;
        y.set(mixed, at);
      }
  return y;
}

function softmaxInPlace(row: Float64Array): void {
  let max = -Infinity;
  for (const x of row) max = Math.max(max, x);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i]! - max);
  for (let i = 0; i < row.length; i++) row[i]! /= sum;
}
