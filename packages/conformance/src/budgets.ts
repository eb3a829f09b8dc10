// Every tolerance of the tests of operations, with its reason. They are only ever tightened without a note.
import type { DType } from '@siglip-ts/core';
import { nearest, unit } from './reference.ts';

/**
 * A value passes if it is within `ulp` units of the last place of the exact value, or within `share` of the largest
 * magnitude in the exact result. The second is for sums and differences, whose error goes with their terms.
 */
export interface Budget {
  /** Units of the last place. */
  readonly ulp: number;
  /** Of the largest magnitude in the exact result. */
  readonly share: number;
}

const EXACT: Budget = { ulp: 0, share: 0 };
/** One rounding, and half a unit for values next to a power of two. */
const ROUNDED: Budget = { ulp: 1, share: 0 };

/** What an operation is judged by; the key is the case's `op`. */
export const BUDGETS = {
  // No arithmetic, or arithmetic that IEEE 754 defines to the last bit.
  move: EXACT,
  cast: EXACT,
  neg: EXACT,
  compare: EXACT,
  add: ROUNDED,
  sub: ROUNDED,
  mul: ROUNDED,
  div: { ulp: 3, share: 0 }, // WGSL and GLSL promise 2.5 units
  sqrt: { ulp: 3, share: 0 },

  // Polynomials in float32; relative over the whole range.
  exp: { ulp: 4, share: 0 },
  log: { ulp: 4, share: 1e-7 }, // near 1 only absolutely
  log1p: { ulp: 6, share: 0 },
  tanh: { ulp: 6, share: 0 },
  erf: { ulp: 6, share: 0 },

  // Sums: rounding errors of n terms in blocks stay below a few units of the sum of magnitudes.
  sum: { ulp: 4, share: 1e-6 },
  max: EXACT,
  matmul: { ulp: 4, share: 2e-6 }, // K up to 3100
  scatterAdd: { ulp: 4, share: 3e-7 },

  // The definitions take several roundings; 1 + tanh and 1 + erf lose digits of small results.
  activation: { ulp: 8, share: 4e-7 },
  linear: { ulp: 8, share: 2e-6 },
  layerNorm: { ulp: 8, share: 2e-6 },
  layerNormOfLarge: { ulp: 8, share: 3e-4 }, // inputs near 1000 have lost three digits before the kernel begins
  softmax: { ulp: 8, share: 1e-6 }, // the error of a score is the relative error of its exponential
  l2Norm: { ulp: 8, share: 0 },
  attention: { ulp: 8, share: 3e-6 },
  logSigmoid: { ulp: 8, share: 2e-7 },
  loss: { ulp: 8, share: 0 },
  positions: { ulp: 8, share: 5e-7 }, // two products of at most 4 terms a value
} as const satisfies Record<string, Budget>;

/** A row of the table. */
export type Judged = keyof typeof BUDGETS;
/** A backend's own rows. */
export type Overrides = Partial<Record<Judged, Budget>>;

/** Shares above are for float32; float64 has 29 digits more. The reference itself errs by some 1e-15. */
const FLOAT64_SHARE = { ratio: 2 ** -29, least: 4e-15 };

/** Units of the last place that float64 may differ by where the reference is float64 itself. */
const FLOAT64_ULP = 16;

/** The budget of a row in a dtype: an override's where there is one; narrower where the dtype is float64. */
export function budgetOf(op: Judged, dtype: DType, overrides: Overrides = {}): Budget {
  const budget = overrides[op] ?? BUDGETS[op];
  if (dtype !== 'float64' || (budget.ulp === 0 && budget.share === 0)) return budget;
  const share = Math.max(budget.share * FLOAT64_SHARE.ratio, FLOAT64_SHARE.least);
  return { ulp: Math.max(budget.ulp, FLOAT64_ULP), share };
}

/** How far found values are from exact ones. */
export interface Distance {
  /** The largest error in units of the last place. */
  readonly ulp: number;
  /** The largest error as a share of the largest exact magnitude. */
  readonly share: number;
  /** Where a value is outside the budget; -1 if nowhere. */
  readonly wrong: number;
}

/** How far `found` is from `exact`, the number at each place from that at the same place. */
export function distance(
  found: ArrayLike<number>,
  exact: ArrayLike<number>,
  dtype: DType,
  budget: Budget,
): Distance {
  // What is beyond the dtype's largest number is infinite in it.
  const inRange = Array.from(exact, (x) => (Number.isFinite(nearest(x, dtype)) ? x : x * Infinity));
  const largest = inRange.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 0);
  let [ulp, share, wrong] = [0, 0, -1];
  for (let i = 0; i < exact.length; i++) {
    const error = difference(found[i]!, inRange[i]!);
    if (error === 0) continue;
    const units = error / unit(exact[i]!, dtype);
    const part = error / largest;
    if (wrong < 0 && !(units <= budget.ulp || part <= budget.share)) wrong = i;
    ulp = Math.max(ulp, units);
    share = Math.max(share, part);
  }
  return { ulp, share, wrong };
}

/** 0 for the same infinity or two NaN, Infinity if only one is NaN. */
function difference(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const d = Math.abs(a - b);
  return Number.isNaN(d) ? Infinity : d;
}
