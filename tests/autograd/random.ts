// Reproducible inputs for the tests of training. Not a test.
import { type Backend, type DType, type Shape, size, Tensor } from '@siglip-ts/core';

/** Numbers in [-1, 1): a linear congruential generator. */
export function numbers(n: number, seed: number): Float64Array {
  let a = seed * 2654435761 + 12345;
  return Float64Array.from({ length: n }, () => {
    a = (Math.imul(a, 1664525) + 1013904223) | 0;
    return a / 2 ** 31;
  });
}

export const random = (b: Backend, shape: Shape, seed = 1, dtype: DType = 'float64'): Tensor =>
  Tensor.constant(b, numbers(size(shape), seed), shape, dtype);
