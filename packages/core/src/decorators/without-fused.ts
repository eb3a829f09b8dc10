// withoutFused(b): b with the definitions in place of its fused kernels.
import type { Backend } from '../contract/backend.ts';

/** `b` with every composite made of primitives, gradients included. */
export function withoutFused(b: Backend): Backend {
  const { fused: _, fusedGradients: __, ...rest } = b;
  return { ...rest, name: `withoutFused(${b.name})` };
}
