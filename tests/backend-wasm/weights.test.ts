// Narrower weights: how far each storage is from float32, per layer and end to end, and how much memory it takes.
import { describe, expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { linear, Tensor } from '@siglip-ts/core';
import { forward, loadCase, loadGolden, rms } from '../siglip/modeling/golden.ts';

const wave = (n: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * i) * Math.cos(0.37 * i));

/** Relative RMS error of one linear layer that the storage may have, by how it rounds. */
const BUDGETS = {
  float32: 3e-7,
  float16: 2e-4, // 11 bits of weight
  int8: 6e-3, // 8 bits, by row
  w8a8: 6e-3, // and at least 12 of activation
} as const;
type Storage = keyof typeof BUDGETS;
const storages = Object.keys(BUDGETS) as Storage[];

describe.each(storages)('%s', (weights) => {
  test.each([
    [1, 1, 1],
    [5, 11, 7],
    [3, 37, 41],
    [4, 8, 64],
    [9, 16, 130],
    [33, 72, 1152],
  ])('linear [%i, k] by [%i, %i]', async (rows, n, k) => {
    const b = await wasm({ weights });
    const [x, w, bias] = [wave(rows * k).map((v) => 3 * v), wave(n * k + 3).slice(3), wave(n)];
    const weight = Tensor.constant(b, w.slice(), [n, k]);
    const y = linear(Tensor.from(b, x, [rows, k]), weight, Tensor.constant(b, bias.slice(), [n]));
    const exact = Float64Array.from({ length: rows * n }, (_, i) => {
      const [r, c] = [Math.floor(i / n), i % n];
      let sum = bias[c]!;
      for (let j = 0; j < k; j++) sum += x[r * k + j]! * w[c * k + j]!;
      return sum;
    });
    expect(rms(await y.data(), exact)).toBeLessThanOrEqual(BUDGETS[weights]);
    // A weight that only panels hold comes back as the product sees it.
    expect(rms(await weight.data(), Float64Array.from(w))).toBeLessThanOrEqual(BUDGETS[weights]);
  });

  test('a row of zeros, and weights of zeros', async () => {
    const b = await wasm({ weights });
    const zero = Tensor.constant(b, new Float32Array(8 * 6), [8, 6]);
    const some = Tensor.constant(b, wave(8 * 6), [8, 6]);
    const x = Tensor.from(b, [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6], [2, 6]);
    expect([...(await linear(x, zero, null).data())]).toEqual(Array(16).fill(0));
    expect([...(await linear(x, some, null).data())].slice(0, 8)).toEqual(Array(8).fill(0));
  });

  test('a whole model', async () => {
    const c = await loadCase('plain');
    const g = await loadGolden('plain', 'float32');
    const oracle = await loadGolden('plain', 'float64');
    const found = await forward(await wasm({ weights }), c, g);
    const error = rms(
      await found.get('image_embeds')!.data(),
      oracle.tensors.get('image_embeds')!.values,
    );
    const budget = { float32: 1e-6, float16: 2e-3, int8: 0.1, w8a8: 0.1 }[weights];
    expect(error).toBeLessThanOrEqual(budget);
    // The golden's weights have 8 bits, which float16 holds exactly.
    if (weights === 'int8' || weights === 'w8a8') expect(error).toBeGreaterThan(1e-5);
  });
});
