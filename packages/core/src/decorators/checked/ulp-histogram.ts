// How far the results of each operation are from the exact ones, in units in the last place (ulp), for `checked`.
// Counts only: it neither computes nor judges.
import type { DType } from '../../contract/dtypes.ts';
import { ulpOf } from '../../contract/ulp.ts';

/** The errors of one operation, in ulp. */
export interface UlpRow {
  /** Its name. */
  readonly op: string;
  /** How many numbers it gave. */
  readonly values: number;
  /** Half of the errors are at most p50 and 99 % at most p99, rounded up to ½, 1, 2, 4 and so on. */
  readonly p50: number;
  /** See p50. */
  readonly p99: number;
  /** The largest error itself; Infinity for a NaN or an infinity on one side alone. */
  readonly max: number;
  /** How many errors are at most ½, 1, 2, 4 … 2^30 and above, each counted once. */
  readonly bins: readonly number[];
}

/** Errors in ulp, gathered by operation. */
export interface UlpHistogram {
  /** Counts the results of one operation; `exact` in float64. */
  add(op: string, found: Float64Array, exact: Float64Array, dtype: DType): void;
  /** By operation, in the order of their first results. */
  rows(): UlpRow[];
  /** The rows as a table of text. */
  toString(): string;
}

/**
 * A correctly rounded result is at most ½ ulp off. Sums that cancel out may be many ulp off without a mistake: their unit
 * is that of a small number, their error that of large ones.
 */
export function ulpHistogram(): UlpHistogram {
  const counts = new Map<string, { bins: number[]; max: number }>();
  const rows = (): UlpRow[] =>
    [...counts].map(([op, { bins, max }]) => {
      const values = bins.reduce((sum, n) => sum + n, 0);
      return { op, values, p50: quantile(bins, 0.5), p99: quantile(bins, 0.99), max, bins };
    });
  return {
    add(op, found, exact, dtype) {
      const c = counts.get(op) ?? { bins: new Array<number>(BINS).fill(0), max: 0 };
      counts.set(op, c);
      exact.forEach((e, i) => {
        const error = ulps(found[i]!, e, dtype);
        const bin = error <= 0.5 ? 0 : Math.ceil(Math.log2(error)) + 1;
        c.bins[Math.min(bin, BINS - 1)]!++;
        c.max = Math.max(c.max, error);
      });
    },
    rows,
    toString() {
      const cells = rows().map((r) => [r.op, ...[r.values, r.p50, r.p99, +r.max.toFixed(2)].map(String)]); // prettier-ignore
      return [['op', 'values', 'p50', 'p99', 'max'], ...cells]
        .map(([op, ...numbers]) => op!.padEnd(12) + numbers.map((x) => x.padStart(10)).join(''))
        .join('\n');
    },
  };
}

/** ½, 1, 2, 4 … 2^30, and above. */
const BINS = 33;

/** The upper edge of the bin that holds it. */
function quantile(bins: readonly number[], q: number): number {
  const wanted = q * bins.reduce((sum, n) => sum + n, 0);
  let seen = 0;
  const bin = bins.findIndex((n) => (seen += n) >= wanted && n > 0);
  return bin === BINS - 1 ? Infinity : 2 ** (bin - 1);
}

function ulps(found: number, exact: number, dtype: DType): number {
  if (Object.is(found, exact) || found === exact) return 0;
  const error = Math.abs(found - exact) / ulpOf(exact, dtype);
  return Number.isNaN(error) ? Infinity : error;
}
