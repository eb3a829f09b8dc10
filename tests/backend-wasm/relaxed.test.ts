// wasm({ relaxed: true }): products of other tiles, with fused multiplication and addition. Node 20 has it behind a flag.
import { setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kernels, wasm } from '@siglip-ts/backend-wasm';
import { describeBackend } from '@siglip-ts/conformance';
import { linear, Tensor } from '@siglip-ts/core';

const relaxed = kernels({ relaxed: true }) as BufferSource;
if (!WebAssembly.validate(relaxed)) setFlagsFromString('--experimental-wasm-relaxed-simd');
const make = () => wasm({ relaxed: true });

describeBackend('wasm, relaxed', {
  make,
  skip: { float64: 'the engine is float32; backend-cpu computes in float64' },
});

const size = (max: number) => fc.integer({ min: 1, max });
const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + 0.7));

test('a row has the same bits whatever stands beside it', async () => {
  const b = await make();
  await fc.assert(
    fc.asyncProperty(size(13), size(40), size(150), async (rows, n, k) => {
      const x = numbers(rows * k);
      const weight = Tensor.constant(b, numbers(n * k), [n, k]);
      const all = await linear(Tensor.from(b, x, [rows, k]), weight, null).data();
      for (let r = 0; r < rows; r++) {
        const alone = Tensor.from(b, x.slice(r * k, (r + 1) * k), [1, k]);
        const row = await linear(alone, weight, null).data();
        expect(all.slice(r * n, (r + 1) * n)).toEqual(row);
      }
    }),
    { numRuns: 40 },
  );
  b.dispose();
});

test('two threads give the bits of one', async () => {
  const [rows, n, k] = [517, 40, 300]; // more rows than are copied at a time
  const bits = async (threads: number) => {
    const b = await wasm({ relaxed: true, threads });
    const weight = Tensor.constant(b, numbers(n * k), [n, k]);
    const y = await linear(Tensor.from(b, numbers(rows * k), [rows, k]), weight, null).data();
    b.dispose();
    return y;
  };
  expect(await bits(2)).toEqual(await bits(1));
});

test('is no further from the exact sums than rounding twice is', async () => {
  const [rows, n, k] = [17, 40, 777];
  const [x, w] = [numbers(rows * k), numbers(n * k).map((v) => v * v - 0.4)];
  const exact = Float64Array.from({ length: rows * n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += x[Math.floor(i / n) * k + j]! * w[(i % n) * k + j]!;
    return sum;
  });
  const errorOf = async (options: { relaxed: boolean }) => {
    const b = await wasm(options);
    const weight = Tensor.constant(b, w.slice(), [n, k]);
    const y = await linear(Tensor.from(b, x, [rows, k]), weight, null).data();
    b.dispose();
    return Math.hypot(...Array.from(y, (v, i) => v - exact[i]!));
  };
  expect(await errorOf({ relaxed: true })).toBeLessThanOrEqual(await errorOf({ relaxed: false }));
});
