// int8 rows of a checkpoint: what they stand for becomes the same integers and scales again, here and in the engine.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { linear, Tensor } from '@siglip-ts/core';
import { bytesSource, openSafetensors, serialize } from '@siglip-ts/safetensors';
import { checkpointOf, quantizeRows, widenRows } from 'siglip-ts/internals';

const finite = { noNaN: true, noDefaultInfinity: true };
const LEAST = 2 ** -149;
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** Numbers of every exponent; of one size, as weights are; the subnormals, which have few bits; the largest; zeros. */
const row = (k: number) => {
  const rows = (values: fc.Arbitrary<number>) => fc.array(values, { minLength: k, maxLength: k });
  const whole = fc.integer({ min: -300, max: 300 });
  return fc.oneof(
    rows(fc.float(finite)),
    rows(fc.float({ ...finite, min: Math.fround(-0.1), max: Math.fround(0.1) })),
    rows(whole.map((q) => q * LEAST)),
    rows(whole.map((q) => q * 127 * LEAST)),
    rows(fc.float({ ...finite, min: Math.fround(2 ** 127) })),
    rows(fc.constantFrom(0, -0, LEAST, -LEAST, LARGEST, -LARGEST, 2 ** -126, 1)),
  );
};
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 40 }))
  .chain(([n, k]) => fc.tuple(fc.constant(n), fc.array(row(k), { minLength: n, maxLength: n })));

test('quantised, widened, quantised: the same rows', () => {
  fc.assert(
    fc.property(matrix, ([n, rows]) => {
      const values = Float32Array.from(rows.flat());
      const stored = quantizeRows(values, n);
      const wide = widenRows(stored, n);
      expect(quantizeRows(wide, n)).toEqual(stored);
      const largest = (x: Float32Array) => x.reduce((max, w) => Math.max(max, Math.abs(w)), 0);
      expect(largest(wide)).toBe(largest(values));
    }),
    { numRuns: 1000 },
  );
});

test('the engine makes the same of them as of the weights that they were', async () => {
  const b = await wasm({ weights: 'int8' });
  await fc.assert(
    fc.asyncProperty(matrix, async ([n, rows]) => {
      const values = Float32Array.from(rows.flat());
      const k = values.length / n;
      const x = Tensor.from(
        b,
        Float32Array.from({ length: 3 * k }, (_, i) => Math.sin(i)),
        [3, k],
      );
      const seen = async (w: Float32Array) => {
        const weight = Tensor.constant(b, w, [n, k]);
        const y = await linear(x, weight, null).data();
        const all = [...y, ...(await weight.data())]; // the products, and integers times scales
        b.free(weight);
        return all;
      };
      const expected = await seen(values.slice());
      expect(await seen(widenRows(quantizeRows(values, n), n))).toEqual(expected);
    }),
    { numRuns: 200 },
  );
  b.dispose();
});

test('rows are read by ranges', async () => {
  const [n, k] = [5, 7];
  const values = Float32Array.from({ length: n * k }, (_, i) => Math.sin(i));
  const data = quantizeRows(values, n);
  const read = async (format: string) => {
    const tensor = { dtype: 'I8' as const, shape: [n, k + 4], data };
    const bytes = serialize(new Map([['w', tensor]]), new Map([['format', format]]));
    return checkpointOf(await openSafetensors(bytesSource(bytes)));
  };
  const checkpoint = await read('siglip-ts-int8');
  expect(checkpoint.shapes.get('w')).toEqual([n, k]);
  const all = await checkpoint.read('w', 0, n, 'float32');
  for (let i = 0; i < values.length; i++) expect(Math.abs(all[i]! - values[i]!)).toBeLessThan(1 / 250); // prettier-ignore
  expect(await checkpoint.read('w', 2, 4, 'float32')).toEqual(all.slice(2 * k, 4 * k));
  expect(await checkpoint.read('w', 3, 3, 'float32')).toEqual(new Float32Array(0));
  expect((await read('pt')).shapes.has('w')).toBe(false); // integers of somebody else
});
