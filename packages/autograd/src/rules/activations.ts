// Derivatives of activations in closed form: GELU's for speed, and those with a kink as torch has them there, which
// halves of a tie would not give. The others are differentiated through their definitions.
import { type Activation, activation, type Tensor } from '@siglip-ts/core';

const SLOPE = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * With p = σ(v), q = σ(-v) and v = 2 √(2/π) (x + 0.044715 x³), GELU is x p, since (1 + tanh u) / 2 = σ(2u). So its
 * derivative is p + x p q v'. Not with 1 - p for q, which in float32 is wrong by as much as it is where v' is large.
 */
function geluTanhBack(g: Tensor, x: Tensor): Tensor {
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

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** selu(0) belongs to the exponential side, as in torch. */
function seluBack(g: Tensor, x: Tensor): Tensor {
  const above = x.greater(0);
  const below = x.minimum(0).exp().mul(SELU_ALPHA).mul(above.neg().add(1));
  return above.add(below).mul(SELU_SCALE).mul(g);
}

/** g f'(x) for each f with a form of its own. */
export const ACTIVATION_RULES: Partial<Record<Activation, (g: Tensor, x: Tensor) => Tensor>> = {
  gelu_pytorch_tanh: geluTanhBack,
  gelu_new: geluTanhBack,
  gelu_accurate: geluTanhBack,
  relu: (g, x) => g.mul(x.greater(0)),
  relu6: (g, x) => g.mul(x.greater(0)).mul(x.neg().greater(-6)),
  leaky_relu: (g, x) => g.mul(x.greater(0).mul(0.99).add(0.01)),
  selu: seluBack,
};
