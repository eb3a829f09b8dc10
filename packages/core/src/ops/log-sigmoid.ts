// The logarithm of the sigmoid, which the loss is made of. No backend has a kernel for it.
import type { Tensor } from '../tensor/tensor.ts';

/** log σ(z) = min(z, 0) - log(1 + e^-|z|), stable on both sides. */
export const logSigmoid = (z: Tensor): Tensor => z.minimum(0).sub(z.minimum(z.neg()).exp().log1p());
