// The definitions of the composites, side by side: what fused kernels must agree with, and what decorators fall back to.
import { composeActivation } from './activation.ts';
import { composeAttention, tiledAttention } from './attention.ts';
import { composeL2Norm } from './l2-norm.ts';
import { composeLayerNorm } from './layer-norm.ts';
import { composeLinear } from './linear.ts';
import { composeSoftmax } from './softmax.ts';

/** The composites by primitives, under the names that `Fused` has for their kernels. Gradients are those of these. */
export const compose = {
  linear: composeLinear,
  activation: composeActivation,
  layerNorm: composeLayerNorm,
  softmax: composeSoftmax,
  l2Norm: composeL2Norm,
  attention: composeAttention,
  /** The numbers of attention to rounding, block by block of the keys, in less memory. */
  tiledAttention,
};
