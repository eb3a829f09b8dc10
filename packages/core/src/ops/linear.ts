// A linear layer, activation included: its definition, and the kernel where a backend has one.
import type { Activation } from '../contract/backend.ts';
import { sameShape, withSize } from '../contract/shapes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { activation } from './activation.ts';
import { expectAlike, expectShapes } from './expect.ts';

/** activation(x Wᵀ + b): x [..., in], weight [out, in] as in the checkpoint, bias [out]. torch.nn.functional.linear. */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  act: Activation | null = null,
): Tensor {
  expectAlike('linear', x, weight, bias);
  const [rows, width] = weight.shape;
  expectShapes('linear', [x, weight, bias], '[..., in], [out, in] and [out]', [
    x.shape.length > 1 && weight.shape.length === 2 && x.shape.at(-1) === width,
    !bias || sameShape(bias.shape, [rows!]),
  ]);
  const out = withSize(x.shape, -1, rows!);
  const fused = x.backend.fused?.linear?.(x, weight, bias, act, out);
  return fused ? x.made(out, fused) : composeLinear(x, weight, bias, act);
}

/** The definition. */
export function composeLinear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  act: Activation | null,
): Tensor {
  const product = x.matmul(weight, { transB: true });
  const y = bias ? product.add(bias) : product;
  return act ? activation(y, act) : y;
}
