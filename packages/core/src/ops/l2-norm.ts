// The l2 norm: its definition, and the kernel where a backend has one.
import { withSize } from '../contract/shapes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { expectShapes } from './expect.ts';

/** √Σx² over the last axis, kept with size 1. */
export function l2Norm(x: Tensor): Tensor {
  expectShapes('l2Norm', [x], 'an axis', [x.shape.length > 0]);
  const fused = x.backend.fused?.l2Norm?.(x);
  return fused ? x.made(withSize(x.shape, -1, 1), fused) : composeL2Norm(x);
}

/** The definition. */
export const composeL2Norm = (x: Tensor): Tensor => x.mul(x).sum(-1).sqrt();

/** x / ||x|| over the last axis. No epsilon, as in HF (big_vision adds 1e-8). */
export const l2Normalize = (x: Tensor): Tensor => x.div(l2Norm(x));
