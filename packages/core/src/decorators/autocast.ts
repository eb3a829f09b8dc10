// autocast(b, half): a float32 model in mixed precision, as under torch.autocast('cpu', half). Tensors stay labelled
// float32; those that torch would hold in half precision only have half's values.
import type { Backend, Handle, Operand } from '../contract/backend.ts';
import type { HalfType } from '../contract/half.ts';
import { scopedSync } from '../tensor/lifetimes.ts';
import { type Call, COMPOSITES, decorate } from './decorate.ts';
import { torchKernels } from './torch-kernels.ts';

/** torch's CPU lists (aten/autocast_mode.h): products run in half precision, norms in float32, the rest promotes. */
const LOWERED: readonly string[] = ['linear', 'matmul', 'attention'];
const FLOAT32: readonly string[] = ['l2Norm'];

/** `b` in mixed precision of that half type; in `half` it computes what torch's CPU lists say. */
export function autocast(b: Backend, half: HalfType): Backend {
  /** What torch would hold in half precision. */
  const halves = new WeakSet<Handle>();
  const round = (x: Operand): Operand => {
    const handle = b.cast({ shape: x.shape, dtype: half, handle: b.cast(x, half) }, 'float32');
    return { shape: x.shape, dtype: 'float32', handle };
  };
  const around = (call: Call): Handle => {
    if (call.dtype !== 'float32' || call.op === 'upload') return call.on(b, call.inputs);
    const lower = LOWERED.includes(call.op);
    const tensors = call.op === 'layerNorm' ? call.inputs.slice(0, 1) : call.inputs; // its weights do not promote
    const isHalf = lower || (!FLOAT32.includes(call.op) && tensors.every(fits));
    const { handle } = scopedSync(b, () => {
      const inputs = lower ? call.inputs.map((x) => (fits(x) ? x : round(x))) : call.inputs;
      const y: Operand = { shape: call.shape, dtype: 'float32', handle: call.on(b, inputs) };
      return isHalf && !call.moves ? round(y) : y;
    });
    if (isHalf) halves.add(handle);
    return handle;
  };
  /** Whether torch would not round it for a product. */
  const fits = (x: Operand) => x.dtype !== 'float32' || halves.has(x.handle);

  const name = `autocast(${b.name}, ${half})`;
  return torchKernels(decorate(b, name, COMPOSITES, around));
}
