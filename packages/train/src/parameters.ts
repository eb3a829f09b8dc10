// NamedTensors as constants: from a checkpoint, back to the host, and in another dtype. Knows no file format.
import type { NamedTensors } from '@siglip-ts/autograd';
import {
  type Backend,
  type Checkpoint,
  type DType,
  type HostTensor,
  scopedSync,
  Tensor,
} from '@siglip-ts/core';

/** Every parameter of a checkpoint as a constant of b, or those that `wanted` names. */
export async function loadParameters(
  b: Backend,
  checkpoint: Checkpoint,
  { dtype = 'float32', wanted }: { dtype?: DType; wanted?: Iterable<string> } = {},
): Promise<Map<string, Tensor>> {
  const parameters = new Map<string, Tensor>();
  for (const key of wanted ?? checkpoint.shapes.keys()) {
    const shape = checkpoint.shapes.get(key);
    if (!shape) throw new Error(`checkpoint: no tensor "${key}"`);
    const values = await checkpoint.read(key, 0, shape[0] ?? 1, dtype);
    parameters.set(key, new Tensor(b, shape, dtype, b.constant(values, shape, dtype)));
  }
  return parameters;
}

/** Their values, as they are now. */
export const hostParameters = (parameters: NamedTensors): Map<string, HostTensor> =>
  new Map([...parameters].map(([key, x]) => [key, x.host()]));

/**
 * t' = log 10 and b = -10, with which the paper starts; HF's constructor leaves 0 and 0, which cost the
 * paper nine points on ImageNet (Table 4).
 */
export function startAsPaper(parameters: NamedTensors): void {
  for (const [key, value] of [
    ['logit_scale', Math.log(10)] as const,
    ['logit_bias', -10] as const,
  ]) {
    const x = parameters.get(key);
    if (!x) throw new Error(`parameters: no "${key}"`);
    const b = x.backend;
    scopedSync(b, () => b.assign(x, Tensor.from(b, [value], x.shape, x.dtype)));
  }
}

/**
 * The parameters in another dtype, differentiably: master weights in float32, a model in bfloat16. The backend must
 * compute in that dtype, as rounded(b, 'bfloat16') does; gradients come in the masters' dtype.
 */
export const inDType = (parameters: NamedTensors, dtype: DType): Map<string, Tensor> =>
  new Map([...parameters].map(([key, x]) => [key, x.cast(dtype)]));
