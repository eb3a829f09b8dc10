// checked(b, oracle, { histogram }): how far each operation is from the exact result, in units in the last place.
import { expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { type Backend, checked, rounded, Tensor, ulpHistogram } from '@siglip-ts/core';
import { forward, loadCase, loadGolden } from '../siglip/modeling/golden.ts';

/** A backend whose tanh is off by so many steps of a dtype at each of its results. */
const off = (b: Backend, by: (exact: number, i: number) => number): Backend => ({
  ...b,
  unary(op, x) {
    if (op !== 'tanh') return b.unary(op, x);
    const exact = [0, 0.5, 1, 1]; // what tanh gives for the inputs below, in float32
    const spoilt = Float32Array.from(exact, (e, i) => e + by(e, i));
    return b.upload(spoilt, x.shape, x.dtype);
  },
});
const inputs = [0, Math.atanh(0.5), 40, 40];

test('errors are counted by the unit of the exact result, in doubling bins', async () => {
  const histogram = ulpHistogram();
  const steps = [0, 3, 0, 2];
  const unit = [0, 2 ** -24, 2 ** -23, 2 ** -23];
  const b = off(cpu(), (_, i) => steps[i]! * unit[i]!);
  const c = checked(b, cpu(), { histogram, tolerance: 1 });
  await Tensor.from(c, inputs, [4]).tanh().data();
  const [row] = histogram.rows();
  // atanh(0.5) is not exactly a float32: its tanh is a little off ½, by less than one unit.
  expect(row).toMatchObject({ op: 'tanh', values: 4, p50: 0.5, p99: 4 });
  expect(row!.max).toBeGreaterThan(2.2);
  expect(row!.max).toBeLessThan(3.8);
  expect(row!.bins.slice(0, 5)).toEqual([2, 0, 1, 1, 0]);
  expect(row!.bins.reduce((a, n) => a + n)).toBe(4);
});

test('a NaN on one side is infinitely far', async () => {
  const histogram = ulpHistogram();
  const b = off(cpu(), (_, i) => (i === 2 ? NaN : 0));
  await Tensor.from(checked(b, cpu(), { histogram, report: () => {} }), inputs, [4])
    .tanh()
    .data();
  expect(histogram.rows()[0]).toMatchObject({ max: Infinity, p99: Infinity, p50: 0.5 });
});

test('half types are counted in their own units, and what only moves values is left out', async () => {
  const histogram = ulpHistogram();
  const b = checked(rounded(cpu(), 'bfloat16'), cpu(), { histogram });
  const x = Tensor.from(b, [1, 2, 3], [3, 1], 'bfloat16');
  await x.permute(1, 0).div(7).data();
  expect(histogram.rows()).toMatchObject([{ op: 'div', values: 3, p99: 0.5 }]);
  expect(histogram.rows()[0]!.max).toBeGreaterThan(0.01);
});

test('backend-cpu rounds every result of a whole forward once', async () => {
  const [c, g] = [await loadCase('plain'), await loadGolden('plain', 'float32')];
  const histogram = ulpHistogram();
  const b = checked(cpu(), cpu(), { histogram });
  const y = await forward(b, c, g, { listener: { tap() {} } });
  await y.get('logits_per_text')!.data();
  const rows = histogram.rows();
  expect(rows.map((r) => r.op)).toEqual(
    expect.arrayContaining(['linear', 'layerNorm', 'attention', 'activation', 'add']),
  );
  for (const row of rows) expect(row.max, row.op).toBeLessThan(0.5001);
});

test('as text: a line an operation', async () => {
  const histogram = ulpHistogram();
  await Tensor.from(checked(cpu(), cpu(), { histogram }), [1, 2], [2])
    .add(1)
    .neg()
    .data();
  expect(String(histogram).split('\n')).toEqual([
    'op              values       p50       p99       max',
    'add                  2       0.5       0.5         0',
    'neg                  2       0.5       0.5         0',
  ]);
});
