// Single functions beside torch's: activations, position tables, half precision, the loss.
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { budgetOf, distance, type Judged } from '@siglip-ts/conformance';
import {
  type Activation,
  activation,
  compose,
  fromBits,
  interpolatePositions,
  roundToHalf,
  sigmoidLoss,
  Tensor,
  toBits,
} from '@siglip-ts/core';
import { golden } from './goldens.ts';

function expectWithin(
  found: ArrayLike<number>,
  exact: ArrayLike<number>,
  op: Judged,
  dtype: 'float32' | 'float64',
): void {
  const d = distance(found, exact, dtype, budgetOf(op, dtype));
  expect(d.wrong, `${found[d.wrong]} instead of ${exact[d.wrong]}`).toBe(-1);
}

const sumOfSquares = (found: ArrayLike<number>, exact: readonly number[]): number =>
  exact.reduce((sum, e, i) => sum + (found[i]! - e) ** 2, 0);

describe('activations, from -100 to 100', () => {
  const { x, values } = golden('activations');
  const b = cpu();
  const kinds = Object.keys(values) as Activation[];

  test.each(kinds)('%s', async (kind) => {
    const { float64, float32 } = values[kind];
    for (const run of [activation, compose.activation]) {
      const wide = await run(Tensor.from(b, x, [x.length], 'float64'), kind).data();
      expectWithin(wide, float64, 'activation', 'float64');
      const narrow = await run(Tensor.from(b, x, [x.length]), kind).data();
      expectWithin(narrow, float64, 'activation', 'float32');
    }
    const ours = await activation(Tensor.from(b, x, [x.length]), kind).data();
    expect(sumOfSquares(ours, float64)).toBeLessThanOrEqual(sumOfSquares(float32, float64));
  });

  test('every kind has a golden', () => expect(kinds).toHaveLength(20));
});

describe('position tables', () => {
  const b = cpu();
  test.each(golden('positions'))('$n x $n to $h x $w', async ({ n, D, h, w, table, values }) => {
    for (const dtype of ['float64', 'float32'] as const) {
      const y = interpolatePositions(Tensor.from(b, table, [n, n, D], dtype), h, w);
      expect(y.shape).toEqual([h * w, D]);
      expectWithin(await y.data(), values, 'positions', dtype);
    }
  });
});

describe.each(['bfloat16', 'float16'] as const)('%s', (type) => {
  const { float32, [type]: expected } = golden('halves');
  const numbers = new Float32Array(Uint32Array.from(float32).buffer);

  test('float32 becomes torch’s bits', () => {
    const bits = toBits(numbers, type);
    const isNaN = (b: number) => Number.isNaN(fromBits(Uint16Array.of(b), type)[0]!);
    numbers.forEach((x, i) => {
      if (Number.isNaN(x)) expect(isNaN(bits[i]!) && isNaN(expected[i]!)).toBe(true);
      else expect(bits[i], `${x}`).toBe(expected[i]);
    });
  });

  test('rounding a number is the same as going through its bits', () => {
    const there = fromBits(Uint16Array.from(expected), type);
    numbers.forEach((x, i) => expect(roundToHalf(x, type)).toBe(there[i]));
  });

  test('all 65536 bit patterns survive a round trip', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const there = fromBits(all, type);
    const back = toBits(there, type);
    const changed = [...all].filter((bits, i) => !Number.isNaN(there[i]!) && back[i] !== bits);
    expect(changed).toEqual([]);
  });
});

describe('sigmoid loss', () => {
  const b = cpu();
  test.each(golden('sigmoid-loss'))('of $n pairs', async ({ n, logits, loss }) => {
    for (const dtype of ['float64', 'float32', 'bfloat16'] as const) {
      const y = sigmoidLoss(Tensor.from(b, logits, [n, n], dtype));
      const computed = dtype === 'float64' ? dtype : 'float32'; // HF widens halves by its float32 eye
      expect(y.dtype).toBe(computed);
      expectWithin(await y.data(), [loss.float64], 'loss', computed);
    }
  });

  test('takes as many images as texts', () => {
    expect(() => sigmoidLoss(Tensor.from(b, [1, 2], [1, 2]))).toThrow(
      'loss: logits [1, 2], expected as many images as texts',
    );
  });
});
