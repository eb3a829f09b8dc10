// The engine's functions of one number against float64: every 997th float32 there is, and the edges.
// Not the conformance suite, which asks whether a backend is good enough: here is how good this one is, and it may not
// get worse. The bounds are the largest errors found, rounded up; the header of kernels/maths.ts repeats them.
import { describe, expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { type Activation, type Handle, Tensor, type UnaryOp } from '@siglip-ts/core';
import { erf } from '../../packages/backend-cpu/src/erf.ts';

interface Row {
  readonly exact: (x: number) => number;
  /** The largest error … */
  readonly bound: number;
  /** … in these units. Default: the last place of the result. */
  readonly unit?: (x: number, y: number) => number;
}

/** The distance from one float32 of the magnitude of x to the next. */
const ulp = (x: number): number =>
  2 ** (Math.min(Math.max(Math.floor(Math.log2(Math.abs(x))), -126), 127) - 23);
/** 1 + erf and 1 + tanh cancel below 0, in torch's kernels as in these: there the error goes with x. */
const ofInput = (x: number, y: number) => ulp(x < 0 ? x : y);
/** Far below 0 the sigmoid is subnormal, and x times as coarse. */
const ofSigmoid = (x: number, y: number) => Math.max(ulp(y), Math.abs(x) * ulp(0));

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const cdfByTanh = (x: number): number =>
  0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const UNARY = {
  exp: { exact: Math.exp, bound: 1 },
  log: { exact: Math.log, bound: 0.9 },
  log1p: { exact: Math.log1p, bound: 2.4 },
  tanh: { exact: Math.tanh, bound: 1.3 },
  erf: { exact: erf, bound: 2.4 },
} satisfies Partial<Record<UnaryOp, Row>>;
const ACTIVATIONS = {
  sigmoid: { exact: sigmoid, bound: 2.2 },
  silu: { exact: (x) => x * sigmoid(x), bound: 2.9, unit: ofSigmoid },
  gelu: { exact: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)), bound: 1.9, unit: ofInput },
  gelu_pytorch_tanh: { exact: (x) => x * cdfByTanh(x), bound: 1.7, unit: ofInput },
} satisfies Partial<Record<Activation, Row>>;

const fromBits = (n: number): number => new Float32Array(Uint32Array.of(n).buffer)[0]!;
const toBits = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]!;
/** x, and a thousand floats on either side; past the largest come infinity and NaN. */
const around = (x: number): number[] =>
  Array.from({ length: 2001 }, (_, i) => toBits(x) + i - 1000)
    .filter((n) => n >= 0 && n < 2 ** 32)
    .map(fromBits);

/** Where formulas change. */
const SEAMS = [0.41421354, 0.5, 0.625, Math.SQRT1_2, 1, Math.SQRT2, 2, 4, 9.01];
/** The least float, the least normal one, half a unit of 1; where e^x ends, turns subnormal, vanishes; the largest. */
const LIMITS = [2 ** -149, 2 ** -126, 2 ** -24, 88.72284, 87.33655, 103.97208, 3.4028235e38];
const STEP = 997;
const GRID = Float32Array.from([
  ...new Float32Array(Uint32Array.from({ length: 2 ** 32 / STEP }, (_, i) => i * STEP).buffer),
  ...[0, -0, NaN, Infinity, -Infinity],
  ...[...SEAMS, ...LIMITS].flatMap((x) => [...around(x), ...around(-x)]),
]);

/** Infinity as the number after the largest float: rounding up to it is an error of a unit, not of infinitely many. */
const finite = (x: number): number => Math.min(Math.max(x, -(2 ** 128)), 2 ** 128);
const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);

/** Infinite for a wrong sign, be it of a zero, and for NaN on one side only. */
function error(found: number, exact: number, unit: number): number {
  if (Number.isNaN(found) && Number.isNaN(exact)) return 0;
  if (isNegative(found) !== isNegative(exact)) return Infinity;
  const units = Math.abs(finite(found) - finite(exact)) / unit;
  return Number.isNaN(units) ? Infinity : units;
}

const engine = await wasm();
const x = Tensor.from(engine, GRID, [GRID.length], 'float32');

async function judge(handle: Handle, row: Row): Promise<void> {
  const found = await engine.read({ ...x, handle });
  const unit = row.unit ?? ((_, y) => ulp(y));
  let [worst, at] = [0, 0];
  GRID.forEach((input, i) => {
    const exact = row.exact(input);
    const units = error(found[i]!, exact, unit(input, exact));
    if (units > worst) [worst, at] = [units, input];
  });
  const what = `f(${at}), expected ${row.exact(at)}`;
  expect(worst, what).toBeLessThanOrEqual(row.bound);
  // A bound that is far off says nothing.
  expect(worst, what).toBeGreaterThan(row.bound - 0.1);
}

describe('units of the last place', () => {
  test.each(Object.entries(UNARY))('%s', (op, row) => judge(engine.unary(op as UnaryOp, x), row));
  test.each(Object.entries(ACTIVATIONS))('%s', (kind, row) =>
    judge(engine.fused!.activation!(x, kind as Activation), row),
  );
});
