// Tensor, HostTensor and the blocks that let go of memory: what a user of core sees of them.
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { meter, scoped, scopedSync, Tensor } from '@siglip-ts/core';

describe('Tensor', () => {
  const b = cpu();
  const x = Tensor.from(b, [1, 2, 3, 4, 5, 6], [2, 3]);

  test('axes count from the end if negative, and stay with size 1', async () => {
    expect(x.sum(-1).shape).toEqual([2, 1]);
    expect(await x.sum(-1).host().toArray()).toEqual([[6], [15]]);
    expect(await x.max(-2).host().toArray()).toEqual([[4, 5, 6]]);
    expect(await x.mean(0).host().toArray()).toEqual([[2.5, 3.5, 4.5]]);
  });
  test('reshape is free: the handle stays', () => {
    expect(x.reshape([3, 2]).handle).toBe(x.handle);
  });
  test('a cast or expansion to what it is already is none', () => {
    expect(x.cast('float32')).toBe(x);
    expect(x.expand([2, 3])).toBe(x);
  });
  test('a half tensor takes numbers, or bits in a Uint16Array', async () => {
    const numbers = Tensor.from(b, [1, -2], [2], 'float16');
    const bits = Tensor.from(b, Uint16Array.of(0x3c00, 0xc000), [2], 'float16');
    for (const y of [numbers, bits]) {
      expect(await y.data()).toEqual(Float32Array.of(1, -2));
      expect(await y.host().bits()).toEqual(Uint16Array.of(0x3c00, 0xc000));
    }
  });
  test('a scalar is a tensor without axes', async () => {
    const y = Tensor.from(b, [3], []).add(1);
    expect(y.shape).toEqual([]);
    expect(await y.host().toArray()).toBe(4);
    expect(await y.host().item()).toBe(4);
  });
});

describe('scopedSync', () => {
  test('keeps what the block returns, one or several, and nothing else', () => {
    const b = meter(cpu());
    const x = Tensor.from(b, [1, 2], [2]);
    scopedSync(b, () => x.add(1).mul(2).exp());
    expect(b.readings.live).toBe(8 + 8);
    scopedSync(b, () => {
      const y = x.add(1);
      return [y.mul(2), y.mul(3)];
    });
    expect(b.readings.live).toBe(8 + 8 + 16);
  });
  test('keeps nothing of what is no tensor, unless it is named', () => {
    const b = meter(cpu());
    const x = Tensor.from(b, [1, 2], [2]);
    const made = () => ({ sum: x.add(1), product: x.mul(2) });
    expect(() => scopedSync(b, made).sum.neg()).toThrow('after its release');
    expect(b.readings.live).toBe(8);
    scopedSync(b, made, (y) => [y.sum, null]);
    expect(b.readings.live).toBe(8 + 8);
  });
  test('keeps nothing after an error', () => {
    const b = meter(cpu());
    const fails = () =>
      scopedSync(b, () => {
        Tensor.from(b, [1, 2], [2]);
        throw new Error('no');
      });
    expect(fails).toThrow('no');
    expect(b.readings.live).toBe(0);
  });
});

describe('scoped', () => {
  test('keeps what it is told to, across an await', async () => {
    const b = meter(cpu());
    const y = await scoped(
      b,
      async () => {
        const x = Tensor.from(b, [1, 2], [2]);
        await Promise.resolve();
        return { sum: x.add(1), product: x.mul(2), nothing: null };
      },
      (y) => [y.sum, y.nothing],
    );
    expect(b.readings.live).toBe(8);
    expect(await y.sum.data()).toEqual(Float32Array.of(2, 3));
    await expect(async () => y.product.data()).rejects.toThrow('after its release');
  });
});
