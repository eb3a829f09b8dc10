// One step of a computation and its gradient, and the sums that broadcasting asks for. Knows nothing of recording.
import type { Shape, Tensor } from '@siglip-ts/core';

/** How to get the gradient of one input. Asked only where the input is trained. */
export type Pull = () => Tensor;

export interface Step {
  run(inputs: readonly Tensor[]): Tensor;
  /** From the gradient of the output to that of each input; null for an input that has none (ids, a mask). */
  back(g: Tensor, inputs: readonly Tensor[], output: Tensor): readonly (Pull | null)[];
}

/** Sums a gradient over the axes that broadcasting had repeated. */
export function unbroadcast(g: Tensor, shape: Shape): Tensor {
  const lead = g.shape.length - shape.length;
  for (const [i, n] of g.shape.entries())
    if (n !== 1 && (i < lead || shape[i - lead] === 1)) g = g.sum(i);
  return g.reshape(shape);
}
