// Gradient clipping by the global norm, on the backend: nothing is read.
import type { NamedTensors } from '@siglip-ts/autograd';
import { l2Norm, size, Tensor } from '@siglip-ts/core';

/** The l2 norm of all gradients together, [1]. */
export function globalNorm(gradients: NamedTensors): Tensor {
  const norms = [...gradients.values()].map((g) => l2Norm(g.reshape([size(g.shape)])));
  const squares = norms.map((n) => n.mul(n)).reduce((sum, n) => sum.add(n));
  return squares.sqrt();
}

/** Gradients whose global norm is at most `max`, as optax.clip_by_global_norm (torch adds 1e-6 to the norm). */
export function clipByGlobalNorm(gradients: NamedTensors, max: number): Map<string, Tensor> {
  const excess = globalNorm(gradients).div(max).maximum(1); // [1]
  return new Map([...gradients].map(([key, g]) => [key, g.div(excess)]));
}
