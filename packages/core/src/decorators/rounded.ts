// rounded(b, half): arithmetic in float16 or bfloat16 as torch's CPU kernels do it, on a backend that only stores,
// moves and casts half types. One rounding a torch kernel, so not one an operation of a fused chain.
import type { Backend, Handle, Operand } from '../contract/backend.ts';
import type { HalfType } from '../contract/half.ts';
import { scopedSync } from '../tensor/lifetimes.ts';
import { type Call, COMPOSITES, decorate } from './decorate.ts';
import { torchKernels } from './torch-kernels.ts';

/**
 * Each operation and composite widens to float32, computes on `b` and rounds once. So `sdpa` is rounded once, which
 * is a little better than torch's blocked kernel; `eager` is rounded step by step, as torch's is. torch's kernels
 * compute in float32 throughout: with `withoutFused`, backend-cpu does so too and gives torch's bits.
 */
export function rounded(b: Backend, half: HalfType): Backend {
  const cast = (x: Operand, dtype: 'float32' | HalfType): Operand => ({
    shape: x.shape,
    dtype,
    handle: b.cast(x, dtype),
  });
  const around = (call: Call): Handle => {
    if (call.moves || call.dtype !== half) return call.on(b, call.inputs);
    return scopedSync(b, () => {
      const wide = call.inputs.map((x) => (x.dtype === half ? cast(x, 'float32') : x));
      return cast({ shape: call.shape, dtype: 'float32', handle: call.on(b, wide) }, half);
    }).handle;
  };
  const name = `rounded(${b.name}, ${half})`;
  return torchKernels(decorate(b, name, COMPOSITES, around));
}
