// How far one tensor is from another, in every measure that somebody judges by.
import { ulpOf } from '@siglip-ts/core';
import type { DumpTensor } from '../dump.ts';

export interface Difference {
  readonly shape: readonly number[];
  readonly max_abs: number;
  readonly max_abs_at: readonly number[];
  /** Of |a - b| / |b|, where b is not 0. */
  readonly max_rel: number;
  readonly max_rel_at: readonly number[];
  readonly rmse: number;
  /** Of the two as vectors. */
  readonly cosine: number;
  /** 10 log10(Σ(a-b)² / Σb²); -Infinity where they are equal. */
  readonly nmse_db: number;
  /** Units in the last place of float32, or of float64 where both are. */
  readonly ulp_p50: number;
  readonly ulp_p99: number;
  readonly ulp_max: number;
  /** How many values are beyond the tolerance, and the first of them, as an index for each axis. */
  readonly beyond: number;
  readonly first: readonly number[] | null;
}

export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
  /** Differences of at most so many units in the last place are fine whatever the others say. */
  readonly ulp?: number;
  /** Judges the tensor as a whole instead: its NMSE is at most this, in dB. */
  readonly nmse_db?: number;
}

/**
 * What people judge by: torch.testing.assert_close by dtype, transformers' own tests, numpy.allclose, and the NMSE of
 * 1e-7 that ggml's test-backend-ops allows an operation.
 */
export const PROFILES = {
  'torch-f32': { atol: 1e-5, rtol: 1.3e-6 },
  'torch-f16': { atol: 1e-5, rtol: 1e-3 },
  'torch-bf16': { atol: 1e-5, rtol: 1.6e-2 },
  'hf-test': { atol: 1e-4, rtol: 1e-4 },
  numpy: { atol: 1e-8, rtol: 1e-5 },
  nmse: { atol: 0, rtol: 0, nmse_db: -70 },
} as const satisfies Record<string, Tolerance>;

/** Whether the difference is one that the tolerance allows. */
export const passes = (d: Difference, t: Tolerance): boolean =>
  t.nmse_db === undefined ? d.beyond === 0 : d.nmse_db <= t.nmse_db;

/** Theirs against ours, `b`. Throws RangeError unless they have as many values. */
export function measure(a: DumpTensor, b: DumpTensor, t: Tolerance): Difference {
  const n = b.data.length;
  if (a.data.length !== n)
    throw new RangeError(`shape [${a.shape.join(', ')}], expected [${b.shape.join(', ')}]`);
  const wide = a.data instanceof Float64Array && b.data instanceof Float64Array;
  const dtype = wide ? 'float64' : 'float32';
  const ulps = new Float64Array(n);
  let [maxAbs, maxRel, absAt, relAt] = [0, 0, 0, 0];
  let [squares, aa, bb, ab, beyond, first] = [0, 0, 0, 0, 0, -1];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a.data[i]!, b.data[i]!];
    const same = x === y || (Number.isNaN(x) && Number.isNaN(y));
    const d = same ? 0 : Math.abs(x - y);
    const error = Number.isNaN(d) ? Infinity : d;
    ulps[i] = same ? 0 : error / ulpOf(y, dtype);
    if (error > maxAbs) [maxAbs, absAt] = [error, i];
    const relative = y === 0 ? 0 : error / Math.abs(y);
    if (relative > maxRel) [maxRel, relAt] = [relative, i];
    squares += error * error;
    aa += x * x;
    bb += y * y;
    ab += x * y;
    const fine =
      error !== Infinity && // against an infinity of ours the relative tolerance would be infinite too
      (error <= t.atol + t.rtol * Math.abs(y) || ulps[i]! <= (t.ulp ?? 0));
    if (!fine && beyond++ === 0) first = i;
  }
  const sorted = ulps.sort();
  const quantile = (q: number) => sorted[Math.min(n - 1, Math.floor(q * n))] ?? 0;
  return {
    shape: b.shape,
    max_abs: maxAbs,
    max_abs_at: indexOf(absAt, b.shape),
    max_rel: maxRel,
    max_rel_at: indexOf(relAt, b.shape),
    rmse: n ? Math.sqrt(squares / n) : 0,
    cosine: aa && bb ? ab / Math.sqrt(aa * bb) : aa === bb ? 1 : 0,
    nmse_db: squares === 0 ? -Infinity : 10 * Math.log10(squares / bb),
    ulp_p50: quantile(0.5),
    ulp_p99: quantile(0.99),
    ulp_max: sorted[n - 1] ?? 0,
    beyond,
    first: first < 0 ? null : indexOf(first, b.shape),
  };
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(flat % shape[axis]!);
    flat = Math.floor(flat / shape[axis]!);
  }
  return index;
}
