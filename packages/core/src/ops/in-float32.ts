// Where torch has one kernel for several steps on half types, and so rounds once.
import { isHalf } from '../contract/dtypes.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * What torch does in one kernel it rounds once: a half tensor is widened, `block` runs in float32, the result is
 * rounded. Other tensors pass as they are.
 */
export const inFloat32 = (x: Tensor, block: (wide: Tensor) => Tensor): Tensor =>
  isHalf(x.dtype) ? block(x.cast('float32')).cast(x.dtype) : block(x);
