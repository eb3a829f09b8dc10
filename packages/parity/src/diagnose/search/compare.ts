// How far a tensor is from another, against what rounding alone does; and how much of that a mistake explains.
import type { Numbers } from '../catalogue/mistake.ts';

/** Sum of squared differences; Infinity for another shape or for NaN on one side. */
export function squaredError(found: Numbers, expected: Numbers): number {
  if (!alike(found, expected)) return Infinity;
  let sum = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const a = found.data[i]!;
    const b = expected.data[i]!;
    // The same infinity or NaN on both sides is no error.
    if (!Object.is(a, b)) sum += (a - b) ** 2;
  }
  return Number.isNaN(sum) ? Infinity : sum;
}

/** The same shape, but for axes of size 1. */
const alike = (a: Numbers, b: Numbers): boolean =>
  a.data.length === b.data.length && squeezed(a) === squeezed(b);
const squeezed = ({ shape }: Numbers): string => shape.filter((n) => n !== 1).join();

export function power({ data }: Numbers): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! ** 2;
  return sum;
}

/**
 * 1 - (what is left of the error with the mistake) / (the error without it), 0 to 1. `noise` is the squared error
 * that rounding makes: as much of the rest counts as nothing.
 */
export function explained(before: number, after: number, noise: number, theirs: number): number {
  if (!Number.isFinite(after)) return 0;
  // Another shape than the reference's: the error is all of it.
  const error = Number.isFinite(before) ? before : theirs;
  if (!(error > 0)) return 0;
  return Math.min(1, Math.max(0, 1 - Math.max(0, after - noise) / error));
}
