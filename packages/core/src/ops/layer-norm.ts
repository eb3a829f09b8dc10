// Layer norm: its definition, and the kernel where a backend has one.
import { sameShape } from '../contract/shapes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { expectAlike, expectShapes } from './expect.ts';

/** Over the last axis, with the biased variance: x [..., D], weight and bias [D]. torch.nn.functional.layer_norm. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  expectAlike('layerNorm', x, weight, bias);
  const row = x.shape.slice(-1);
  expectShapes('layerNorm', [x, weight, bias], '[..., D], [D] and [D]', [
    row.length === 1 && sameShape(weight.shape, row) && sameShape(bias.shape, row),
  ]);
  const fused = x.backend.fused?.layerNorm?.(x, weight, bias, eps);
  return fused ? x.made(x.shape, fused) : composeLayerNorm(x, weight, bias, eps);
}

/** The definition: (x - mean) / √(variance + eps) · weight + bias. */
export function composeLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  const centred = x.sub(x.mean(-1));
  const variance = centred.mul(centred).mean(-1);
  return centred.div(variance.add(eps).sqrt()).mul(weight).add(bias);
}
