// Softmax: its definition, and the kernel where a backend has one.
import type { Tensor } from '../tensor/tensor.ts';
import { expectShapes } from './expect.ts';

/** Over the last axis. */
export function softmax(x: Tensor): Tensor {
  expectShapes('softmax', [x], 'an axis', [x.shape.length > 0]);
  const fused = x.backend.fused?.softmax?.(x);
  return fused ? x.made(x.shape, fused) : composeSoftmax(x);
}

/** The definition, which no score overflows. */
export function composeSoftmax(x: Tensor): Tensor {
  const e = x.sub(x.max(-1)).exp();
  return e.div(e.sum(-1));
}
