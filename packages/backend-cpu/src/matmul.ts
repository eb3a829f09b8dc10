// The one kernel that matters: dot products of rows, sixteen at a time, summed in double precision.
import type { Floats } from './buffer.ts';

/** A matrix [rows, K] somewhere in an array, row after row. */
export interface Rows {
  readonly data: Floats;
  readonly at: number;
  readonly rows: number;
}

/** out[i, j] = a_i · b_j for all rows of a [M, K] and b [N, K]; out begins at `at`. */
export function dotRows(a: Rows, b: Rows, K: number, out: Floats, at: number): void {
  const M = a.rows;
  const N = b.rows;
  const M4 = M - (M % 4);
  const N4 = N - (N % 4);
  for (let j = 0; j < N4; j += 4)
    for (let i = 0; i < M4; i += 4)
      block(a.data, a.at + i * K, b.data, b.at + j * K, K, out, at + i * N + j, N);
  for (let i = 0; i < M; i++)
    for (let j = i < M4 ? N4 : 0; j < N; j++)
      out[at + i * N + j] = dot(a.data, a.at + i * K, b.data, b.at + j * K, K);
}

function dot(a: Floats, i: number, b: Floats, j: number, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += a[i + k]! * b[j + k]!;
  return sum;
}

/** Four rows by four: each number that is loaded serves four sums, which stay in registers. */
function block(
  a: Floats,
  i: number,
  b: Floats,
  j: number,
  K: number,
  out: Floats,
  at: number,
  N: number,
): void {
  const [i1, i2, i3] = [i + K, i + 2 * K, i + 3 * K];
  const [j1, j2, j3] = [j + K, j + 2 * K, j + 3 * K];
  let [s00, s01, s02, s03] = [0, 0, 0, 0];
  let [s10, s11, s12, s13] = [0, 0, 0, 0];
  let [s20, s21, s22, s23] = [0, 0, 0, 0];
  let [s30, s31, s32, s33] = [0, 0, 0, 0];
  for (let k = 0; k < K; k++) {
    const b0 = b[j + k]!;
    const b1 = b[j1 + k]!;
    const b2 = b[j2 + k]!;
    const b3 = b[j3 + k]!;
    let x = a[i + k]!;
    ((s00 += x * b0), (s01 += x * b1), (s02 += x * b2), (s03 += x * b3));
    x = a[i1 + k]!;
    ((s10 += x * b0), (s11 += x * b1), (s12 += x * b2), (s13 += x * b3));
    x = a[i2 + k]!;
    ((s20 += x * b0), (s21 += x * b1), (s22 += x * b2), (s23 += x * b3));
    x = a[i3 + k]!;
    ((s30 += x * b0), (s31 += x * b1), (s32 += x * b2), (s33 += x * b3));
  }
  out.set([s00, s01, s02, s03], at);
  out.set([s10, s11, s12, s13], at + N);
  out.set([s20, s21, s22, s23], at + 2 * N);
  out.set([s30, s31, s32, s33], at + 3 * N);
}
