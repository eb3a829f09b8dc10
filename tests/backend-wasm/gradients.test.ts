// Gradients that are one kernel: against the exact ones, beside those composed of other kernels, and the same bits on
// any number of threads.
import { afterAll, describe, expect, test } from 'vitest';
import { pullback } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import {
  activation,
  attention,
  type Backend,
  deferred,
  layerNorm,
  meter,
  type Shape,
  size,
  Tensor,
  withoutFused,
} from '@siglip-ts/core';
import { numbers } from '../autograd/random.ts';
import { difference, rms } from '../siglip/modeling/golden.ts';

type Op = (...x: Tensor[]) => Tensor;
const heads =
  (n: number, keys?: readonly number[]): Op =>
  (q, k, v) => {
    const shape = k!.shape.slice(0, 2);
    const mask = keys ? Tensor.from(q!.backend, keys, shape, q!.dtype) : null;
    return attention(q!, k!, v!, { heads: n, scale: 0.7, keys: mask });
  };
const seen = (n: number) => Array.from({ length: n }, (_, i) => ((i * i) % 3 === 0 ? 0 : 1));
const norm: Op = (x, w, b) => layerNorm(x!.mul(3).add(2), w!, b!, 1e-6);

const CASES: Record<string, readonly [op: Op, ...shapes: Shape[]]> = {
  'GELU, tanh': [(x) => activation(x!.mul(9), 'gelu_pytorch_tanh'), [40_003]],
  'GELU, another name': [(x) => activation(x!, 'gelu_new'), [3, 7]],
  'layer norm': [norm, [2, 300, 48], [48], [48]],
  'layer norm of rows that end within a vector': [norm, [2, 300, 45], [45], [45]],
  'layer norm of a long row': [norm, [3, 1154], [1154], [1154]],
  attention: [heads(4), [7, 16, 32], [7, 16, 32], [7, 16, 32]],
  'attention of one query': [heads(2), [3, 1, 16], [3, 64, 16], [3, 64, 16]],
  'attention of one image': [heads(5), [1, 9, 15], [1, 9, 15], [1, 9, 15]],
  'attention, sizes that end within a vector': [heads(3), [9, 7, 15], [9, 5, 15], [9, 5, 15]],
  'masked attention': [heads(3, seen(45)), [9, 7, 15], [9, 5, 15], [9, 5, 15]],
  'masked attention of one image': [heads(2, seen(6)), [1, 6, 8], [1, 6, 8], [1, 6, 8]],
};

async function gradientsOf(b: Backend, [op, ...shapes]: (typeof CASES)[string]) {
  const dtype = b.name === 'cpu' ? 'float64' : 'float32';
  const given = (shape: Shape, seed: number) => Float32Array.from(numbers(size(shape), seed));
  const on = (shape: Shape, seed: number) =>
    Tensor.constant(b, Array.from(given(shape, seed)), shape, dtype);
  const parameters = new Map(shapes.map((shape, i) => [String(i), on(shape, i + 1)]));
  const { outputs, pull } = await pullback((p) => [op(...p.values())], parameters);
  const found = pull([on(outputs[0]!.shape, 9)]);
  return Promise.all([...found.values()].map((g) => g.data()));
}

const engines = await Promise.all([1, 2, 3].map((threads) => wasm({ threads })));
afterAll(() => engines.forEach((b) => b.dispose()));

describe.each(Object.entries(CASES))('%s', async (name, row) => {
  const found = await gradientsOf(engines[0]!, row);
  const { fusedGradients, ...composed } = engines[0]!;
  const others = await gradientsOf(composed, row);

  test('is near the truth', async () => {
    for (const [i, values] of (await gradientsOf(cpu(), row)).entries()) {
      const exact = Float64Array.from(values);
      expect(difference(found[i]!, exact).relative).toBeLessThan(1e-6);
      expect(rms(found[i]!, exact)).toBeLessThanOrEqual(1.05 * rms(others[i]!, exact));
    }
  });

  // GELU's has one exponential where the composed gradient has two.
  test.skipIf(name.startsWith('GELU'))('has the bits of what it replaces', () =>
    expect(found).toEqual(others),
  );

  test('is what training calls', async () => {
    const called: string[] = [];
    const told = Object.entries(fusedGradients!).map(([op, kernel]) => [
      op,
      (...x: Parameters<typeof kernel>) => {
        called.push(op);
        return (kernel as (...x: unknown[]) => unknown)(...x);
      },
    ]);
    await gradientsOf({ ...composed, fusedGradients: Object.fromEntries(told) }, row);
    expect(called.length).toBe(1);
  });

  test('has the same bits on several threads', async () => {
    for (const b of engines.slice(1)) expect(await gradientsOf(b, row)).toEqual(found);
  });
});

test('an activation without a kernel is composed', () => {
  const x = Tensor.from(engines[0]!, [1], [1]);
  expect(engines[0]!.fusedGradients!.activation(x, x, 'gelu')).toBeNull();
});

test('decorators see the operations', () => {
  for (const b of [meter(engines[0]!), withoutFused(engines[0]!), deferred(engines[0]!)])
    expect(b.fusedGradients, b.name).toBeUndefined();
});
