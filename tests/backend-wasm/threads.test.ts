// Threads: same bits, whatever their number; and they end.
import { afterAll, expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import {
  activation,
  attention,
  l2Norm,
  layerNorm,
  linear,
  type Shape,
  size,
  softmax,
  Tensor,
} from '@siglip-ts/core';
import { forward, loadCase, loadGolden } from '../siglip/modeling/golden.ts';

test.each(['float32', 'float16', 'int8', 'w8a8'] as const)(
  '%s: one, two and three threads give the same bits',
  async (weights) => {
    const c = await loadCase('upstream');
    const g = { ...(await loadGolden('upstream', 'float64')), dtype: 'float32' as const };
    const results: string[] = [];
    for (const threads of [1, 2, 3]) {
      const b = await wasm({ threads, weights });
      const found = await forward(b, c, g);
      const bits = await Promise.all([...found].map(async ([k, t]) => [k, [...(await t.data())]]));
      results.push(JSON.stringify(bits));
      b.dispose();
    }
    expect(results[1]).toBe(results[0]);
    expect(results[2]).toBe(results[0]);
  },
);

// Threads share a product by columns below 720 rows, three of them and 240 each, and by rows from there on.
test.each(['float32', 'float16', 'int8', 'w8a8'] as const)(
  '%s: blocks of every size add up to the whole',
  async (weights) => {
    const [one, three] = [await wasm({ weights }), await wasm({ threads: 3, weights })];
    const k = 9;
    const numbers = (n: number, from: number) =>
      Float32Array.from({ length: n }, (_, i) => Math.sin(1.1 * i + from));
    for (const n of [13, 70])
      for (const rows of [1, 200, 719, 720, 1501]) {
        const run = (b: typeof one) => {
          const weight = Tensor.constant(b, numbers(n * k, 1), [n, k]);
          const bias = Tensor.constant(b, numbers(n, 2), [n]);
          return linear(Tensor.from(b, numbers(rows * k, 3), [rows, k]), weight, bias).data();
        };
        expect(await run(three), `${rows} rows, ${n} columns`).toEqual(await run(one));
      }
    one.dispose();
    three.dispose();
  },
);

const engines = await Promise.all([1, 2, 3].map((threads) => wasm({ threads })));
afterAll(() => engines.forEach((b) => b.dispose()));

/** Large enough for several blocks; widths that end within a vector, and others. */
const WIDE: Record<string, readonly [op: (...x: Tensor[]) => Tensor, ...shapes: Shape[]]> = {
  exp: [(x) => x!.exp(), [40_003]],
  gelu: [(x) => activation(x!, 'gelu_pytorch_tanh'), [300, 128]],
  'a number': [(x) => x!.mul(3), [40_003]],
  'a number in a tensor': [(x, y) => x!.add(y!), [40_003], [1]],
  'two tensors': [(x, y) => x!.div(y!), [40_003], [40_003]],
  rows: [(x, y) => x!.add(y!), [9, 100, 48], [100, 48]],
  'rows that end within a vector': [(x, y) => x!.add(y!), [900, 45], [45]],
  columns: [(x, y) => x!.mul(y!), [900, 48], [900, 1]],
  'columns of rows that end within a vector': [(x, y) => x!.mul(y!), [900, 45], [900, 1]],
  sum: [(x) => x!.sum(1), [900, 45]],
  'sum of columns': [(x) => x!.sum(0), [900, 45]],
  'max of columns': [(x) => x!.max(1), [3, 900, 45]],
  max: [(x) => x!.max(1), [900, 48]],
  softmax: [(x) => softmax(x!), [900, 45]],
  'softmax of whole vectors': [(x) => softmax(x!), [900, 48]],
  l2Norm: [(x) => l2Norm(x!), [900, 48]],
  layerNorm: [(x, w, b) => layerNorm(x!, w!, b!, 1e-6), [900, 48], [48], [48]],
  matmul: [(x, y) => x!.matmul(y!), [150, 301], [301, 70]],
  'matmul Aᵀ': [(x, y) => x!.matmul(y!, { transA: true }), [301, 150], [301, 70]],
  'matmul Bᵀ': [(x, y) => x!.matmul(y!, { transB: true }), [150, 301], [70, 301]],
  'attention of many': [
    (q, k, v) => attention(q!, k!, v!, { heads: 3, scale: 0.3 }),
    [7, 5, 15],
    [7, 9, 15],
    [7, 9, 15],
  ],
  'masked attention of many': [
    (q, k, v, keys) => attention(q!, k!, v!, { heads: 3, scale: 0.3, keys: keys!.greater(0) }),
    [7, 5, 15],
    [7, 9, 15],
    [7, 9, 15],
    [7, 9],
  ],
};

test.each(Object.entries(WIDE))('%s in blocks', async (_, [op, ...shapes]) => {
  const found: Float32Array[] = [];
  for (const b of engines) {
    const inputs = shapes.map((shape, i) => {
      const x = Float32Array.from({ length: size(shape) }, (_, j) => 3 * Math.sin(j * j + i));
      return Tensor.from(b, x, shape);
    });
    found.push((await op(...inputs).data()) as Float32Array);
  }
  expect(found[1]).toEqual(found[0]);
  expect(found[2]).toEqual(found[0]);
});

test('a number of threads that is none is refused', async () => {
  await expect(wasm({ threads: 0 })).rejects.toThrow('threads is 0, expected 1 or more');
});
