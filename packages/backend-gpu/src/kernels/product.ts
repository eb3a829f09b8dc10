// Products of matrices: one number of the result a thread, which reads a row and a column. gpu.js reaches neither shared
// memory nor registers for tiles, so this is what it costs: see the README.
//
//   for (m) for (n) y[m, n] = Σ_k a[m, k] b[k, n]   and for linear y[m, n] = Σ_k x[m, k] w[n, k] + bias[n]
import { type Shape, size } from '@siglip-ts/core';
import { broadcastStrides } from '@siglip-ts/core/kit';
import { coordinates, place, type Program, program, summed } from './program.ts';

/** Batched: the leading axes broadcast. */
export function matmul(a: Shape, b: Shape, transA: boolean, transB: boolean, out: Shape): Program {
  const [M, N] = out.slice(-2) as [number, number];
  const K = a.at(transA ? -2 : -1)!;
  const lead = out.slice(0, -2);
  /** The strides of a side's matrices along the leading axes of the result. */
  const matrices = (shape: Shape, numbers: number) =>
    broadcastStrides(shape.slice(0, -2), lead).map((s) => s * numbers);
  const lines = [
    coordinates(out),
    `const p = ${place([...matrices(a, M * K), transA ? 1 : K, 0])};`,
    `const q = ${place([...matrices(b, K * N), 0, transB ? K : 1])};`,
    summed(K, (k) => `a[p + ${k} * ${transA ? M : 1}] * b[q + ${k} * ${transB ? 1 : N}]`),
    'return total;',
  ];
  return program('a, b', size(out), lines.join('\n'));
}

/** x [rows, K], weight [N, K], bias [N]. */
export function linear(rows: number, N: number, K: number, biased: boolean): Program {
  const lines = [
    coordinates([rows, N]),
    `const p = ${place([K, 0])};`,
    `const q = ${place([0, K])};`,
    summed(K, (k) => `x[p + ${k}] * w[q + ${k}]`),
    biased ? 'return total + bias[c1];' : 'return total;',
  ];
  return program(biased ? 'x, w, bias' : 'x, w', rows * N, lines.join('\n'));
}
