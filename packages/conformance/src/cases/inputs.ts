// Inputs of the cases: shapes with a way to fill them from a seed. Numbers are always the same for the same seed.
import type { DType, Shape } from '@siglip-ts/core';
import { type Exact, nearest } from '../reference.ts';

/** Uniform numbers in [0, 1). */
export type Random = () => number;

/** mulberry32: small, and the same everywhere. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A tensor that a case is given. */
export interface CaseInput {
  /** The size of each axis. */
  readonly shape: Shape;
  /** 'float' is the floating-point dtype that is being tested. */
  readonly dtype: DType | 'float';
  /** The number at place i; rounded to the dtype afterwards. */
  readonly number: (next: Random, i: number) => number;
}
/** What numbers an input has. */
export type Filling = CaseInput['number'];

/** Nearly normal: the sum of four uniform numbers. */
export const normal: Filling = (next) => (next() + next() + next() + next() - 2) * Math.sqrt(3);
/** Both signs, magnitudes from 1e-4 to 1e4. */
export const spread: Filling = (next) => (next() < 0.5 ? -1 : 1) * 10 ** (next() * 8 - 4);
export const positive: Filling = (next) => 10 ** (next() * 8 - 4);
export const between =
  (low: number, high: number): Filling =>
  (next) =>
    low + (high - low) * next();
/** Small integers, so that ties are common. */
export const few: Filling = (next) => Math.floor(next() * 4) - 1;
export const listed =
  (...values: number[]): Filling =>
  (_, i) =>
    values[i % values.length]!;
/** Indices below n. */
export const below =
  (n: number): Filling =>
  (next) =>
    Math.floor(next() * n);

export const input = (
  shape: Shape,
  number: Filling = normal,
  dtype: CaseInput['dtype'] = 'float',
): CaseInput => ({ shape, number, dtype });

export const ids = (shape: Shape, number: Filling): CaseInput => input(shape, number, 'int32');

/** The numbers of an input, each one that its dtype has. */
export function numbers(x: CaseInput, float: DType, next: Random): Exact {
  const dtype = x.dtype === 'float' ? float : x.dtype;
  const n = x.shape.reduce((a, b) => a * b, 1);
  const values = Float64Array.from({ length: n }, (_, i) => nearest(x.number(next, i), dtype));
  return { shape: x.shape, values };
}
