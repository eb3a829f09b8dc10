// The activations: the definition of each by primitives, and the kernels where a backend has them.
import type { Activation } from '../contract/backend.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** One of ACT2FN, element by element. */
export function activation(x: Tensor, kind: Activation): Tensor {
  const fused = x.backend.fused?.activation?.(x, kind);
  return fused ? x.made(x.shape, fused) : composeActivation(x, kind);
}

/** The definition. */
export const composeActivation = (x: Tensor, kind: Activation): Tensor => ACTIVATIONS[kind](x);

/** x + 0.044715 x³. */
const cubic = (x: Tensor): Tensor => x.add(x.mul(x).mul(x).mul(0.044715));

/** The tanh form, the one that SigLIP was trained with (flax's nn.gelu defaults to it). */
const geluTanh = (x: Tensor, slope: number = Math.sqrt(2 / Math.PI)): Tensor =>
  x.mul(0.5).mul(cubic(x).mul(slope).tanh().add(1));

/** √(2/π) as gelu_fast of transformers has it, in ten digits. */
const FAST_SLOPE = 0.7978845608;

const geluErf = (x: Tensor): Tensor => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1));

/** x σ(x), as a quotient: there is no reciprocal among the primitives. */
const silu = (x: Tensor): Tensor => x.div(x.neg().exp().add(1));

/** σ(x) = e^min(x, 0) / (1 + e^-|x|), which overflows on neither side. */
const sigmoid = (x: Tensor): Tensor => x.minimum(0).exp().div(x.minimum(x.neg()).exp().add(1));

/** log(1 + e^x), likewise. */
const softplus = (x: Tensor): Tensor => x.maximum(0).add(x.minimum(x.neg()).exp().log1p());

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;
const LAPLACE_MEAN = 0.707107;
const LAPLACE_STD = 0.282095;

/** One kernel each in torch: in half precision rounded once. */
const KERNELS = {
  gelu: geluErf,
  gelu_pytorch_tanh: (x: Tensor) => geluTanh(x),
  leaky_relu: (x: Tensor) => x.maximum(0).add(x.minimum(0).mul(0.01)),
  mish: (x: Tensor) => x.mul(softplus(x).tanh()),
  relu: (x: Tensor) => x.maximum(0),
  relu6: (x: Tensor) => x.maximum(0).minimum(6),
  selu: (x: Tensor) => x.maximum(0).add(x.minimum(0).exp().sub(1).mul(SELU_ALPHA)).mul(SELU_SCALE),
  sigmoid,
  silu,
  swish: silu,
  tanh: (x: Tensor) => x.tanh(),
};

/** Source: transformers/activations.py; those it writes in Python take several of torch's kernels. */
const ACTIVATIONS: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  ...KERNELS,
  gelu_10: (x) => activation(x, 'gelu').maximum(-10).minimum(10),
  gelu_accurate: (x) => geluTanh(x),
  gelu_fast: (x) => geluTanh(x, FAST_SLOPE),
  gelu_new: (x) => geluTanh(x),
  gelu_python: geluErf,
  laplace: (x) =>
    x
      .sub(LAPLACE_MEAN)
      .div(LAPLACE_STD * Math.SQRT2)
      .erf()
      .add(1)
      .mul(0.5),
  linear: (x) => x.mul(1),
  quick_gelu: (x) => x.mul(activation(x.mul(1.702), 'sigmoid')),
  relu2: (x) => x.maximum(0).mul(x.maximum(0)),
};

/** All of them, by HF's names. */
export const ACTIVATION_NAMES: readonly string[] = /* @__PURE__ */ Object.keys(ACTIVATIONS);

/** Whether torch has a kernel of its own for it. */
export const isKernel = (kind: Activation): boolean => kind in KERNELS;
