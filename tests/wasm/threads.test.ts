// Threads: same bits, whatever their number; and they end.
import { wasm } from '@siglip-ts/backend-wasm';
import { linear, Tensor } from '@siglip-ts/core';
import { expect, test } from 'vitest';
import { forward, loadCase, loadGolden } from '../model/golden.ts';

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

test('blocks of every size add up to the whole', async () => {
  const [one, three] = [await wasm(), await wasm({ threads: 3 })];
  for (const rows of [1, 16, 17, 63, 64, 65, 200]) {
    const x = Float32Array.from({ length: rows * 9 }, (_, i) => Math.sin(i));
    const w = Float32Array.from({ length: 13 * 9 }, (_, i) => Math.cos(i));
    const run = (b: typeof one) =>
      linear(Tensor.from(b, x, [rows, 9]), Tensor.constant(b, w.slice(), [13, 9]), null).data();
    expect(await run(three)).toEqual(await run(one));
  }
  three.dispose();
});

test('a number of threads that is none is refused', async () => {
  await expect(wasm({ threads: 0 })).rejects.toThrow('threads is 0, expected 1 or more');
});
