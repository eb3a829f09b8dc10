// What backends refuse, in one wording. `backend` is what messages call it: 'wasm'. Shapes are not checked here, which
// Tensor does.
import type { Operand } from '../contract/backend.ts';
import { type DType, isHalf, type Values } from '../contract/dtypes.ts';
import { showShape } from '../contract/shapes.ts';

/** Throws Error for a tensor that was released or freed. */
export function expectAlive(backend: string, x: Operand, alive: boolean): void {
  if (!alive)
    throw new Error(
      `${backend}: a tensor of shape ${showShape(x.shape)} was used after its release`,
    );
}

/** Throws TypeError for half types, for a backend that only stores and moves them. `made`: how one makes it. */
export function expectNoHalf(backend: string, op: string, x: Operand, made = 'b'): void {
  if (isHalf(x.dtype))
    throw new TypeError(
      `${backend}: ${op} on ${x.dtype}; wrap the backend: rounded(${made}, '${x.dtype}')`,
    );
}

/** The operand, for a backend that computes in float32 alone. Throws TypeError for every other dtype. */
export function expectFloat32(backend: string, op: string, x: Operand): Operand {
  expectNoHalf(backend, op, x);
  if (x.dtype !== 'float32')
    throw new TypeError(
      `${backend}: ${op} on ${x.dtype}, expected float32; backend-cpu has float64`,
    );
  return x;
}

/** The values, for a backend that has no float64. Throws TypeError for that. */
export function expectNoFloat64(
  backend: string,
  values: Values,
  dtype: DType,
): Exclude<Values, Float64Array> {
  if (values instanceof Float64Array)
    throw new TypeError(`${backend}: ${dtype} is not stored; backend-cpu has float64`);
  return values;
}
