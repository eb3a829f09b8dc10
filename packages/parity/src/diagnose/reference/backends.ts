// Where variations are computed, and how their numbers get out.
import { cpu } from '@siglip-ts/backend-cpu';
import {
  type Backend,
  type DType,
  isHalf,
  rounded,
  type Tensor,
  withoutFused,
} from '@siglip-ts/core';
import type { Numbers } from '../catalogue/mistake.ts';

/** `b` that lets go of nothing at a release: what was received stays readable until the run is over. */
export const unreleased = (b: Backend): Backend => ({ ...b, mark: () => ({}), release() {} });

export function backendFor(dtype: DType): Backend {
  const b = unreleased(cpu());
  return isHalf(dtype) ? rounded(withoutFused(b), dtype) : b;
}

export async function hosted(x: Tensor): Promise<Numbers> {
  const data = await x.host().data();
  return { shape: x.shape, data: data instanceof Float64Array ? data : new Float64Array(data) };
}
