// Narrower weights: how far each storage is from float32, per layer and end to end, and how much memory it takes.
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import { type Backend, type Checkpoint, linear, Tensor } from '@siglip-ts/core';
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
    // The golden's weights have 8 bits, which float16 holds exactly; these have 24.
    const checkpoint: Checkpoint = {
      ...c.checkpoint,
      async read(key, begin, end, dtype) {
        const values = await c.checkpoint.read(key, begin, end, dtype);
        return dtype === 'float32' ? (values as Float32Array).map((w) => 0.7 * w) : values;
      },
    };
    const embeds = async (b: Backend) =>
      (await forward(b, { ...c, checkpoint }, g)).get('image_embeds')!.data();
    const exact = Float64Array.from(await embeds(cpu()));
    const error = rms(await embeds(await wasm({ weights })), exact);
    // Twice of what is seen, and half: with another storage it would be nearer.
    const [least, most] = {
      float32: [0, 3e-7],
      float16: [1e-4, 4e-4],
      int8: [2e-3, 8e-3],
      w8a8: [2e-3, 8e-3],
    }[weights];
    expect(error).toBeGreaterThanOrEqual(least!);
    expect(error).toBeLessThanOrEqual(most!);
  });
});
