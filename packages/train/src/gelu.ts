// The derivative of the tanh form of GELU, with few passes over memory. Not the other activations.
import { activation, type Activation, type Tensor } from '@siglip-ts/core';

/** ACT2FN's names of one and the same function. */
export const isGeluTanh = (kind: Activation): boolean =>
  kind === 'gelu_pytorch_tanh' || kind === 'gelu_new' || kind === 'gelu_accurate';

const SLOPE = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * With p = σ(v), q = σ(-v) and v = 2 √(2/π) (x + 0.044715 x³), GELU is x p, since (1 + tanh u) / 2 = σ(2u). So its
 * derivative is p + x p q v'. Not with 1 - p for q, which in float32 is wrong by as much as it is where v' is large.
 */
export function geluTanhBack(g: Tensor, x: Tensor): Tensor {
  const squares = x.mul(x);
  const v = squares
    .mul(SLOPE * CUBIC)
    .add(SLOPE)
    .mul(x);
  const p = activation(v, 'sigmoid');
  const q = activation(v.neg(), 'sigmoid');
  const slope = squares.mul(3 * SLOPE * CUBIC).add(SLOPE);
  return slope.mul(x).mul(q).add(1).mul(p).mul(g);
}
