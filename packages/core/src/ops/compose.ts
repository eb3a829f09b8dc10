// The definitions of the composites, side by side: what fused kernels must agree with, and what decorators fall back to.
import { composeActivation } from './activation.ts';
import { composeAttention, tiledAttention } from './attention.ts';
import { composeL2Norm } from './l2-norm.ts';
import { composeLayerNorm } from './layer-norm.ts';
import { composeLinear } from './linear.ts';
import { composeSoftmax } from './softmax.ts';

/** The composites by primitives, under the names that `Fused` has for their kernels. Gradients are those of these. */
export const compose = {
  /** x Wᵀ + b, then the activation. */
  linear: composeLinear,
  /** The function of that name, of every number. */
  activation: composeActivation,
  /** Over the last axis, by the variance of the population + eps; then weight and bias. */
  layerNorm: composeLayerNorm,
  /** Over the last axis. */
  softmax: composeSoftmax,
  /** Over the last axis, kept with size 1. */
  l2Norm: composeL2Norm,
  /** q [B, T, D], k and v [B, S, D] to [B, T, D]. */
  attention: composeAttention,
  /** The numbers of attention to rounding, block by block of the keys, in less memory. */
  tiledAttention,
};
