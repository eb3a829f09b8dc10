// Attention dropout whose masks a seed decides: the same in a chunk as in the whole batch, when computed again and when a
// run is resumed. Only the encoders have it; HF's pooling head has none.
import {
  generator,
  type Run,
  type SiglipTextConfig,
  type SiglipVisionConfig,
  size,
} from '@siglip-ts/core';

/** What decides all masks of a step. */
export interface Dropout {
  /** A whole number; of the run. */
  readonly seed: number;
  /** Counts from 0; of the run. */
  readonly step: number;
}

/**
 * For a Scope's run: 0 with probability p, else 1 / (1 - p), as torch.nn.functional.dropout. The numbers of pair i are
 * generator("seed/step/module/i")'s, in the order of its weights [H, T, S]. `first`: which pair of the batch is first here.
 */
export const attentionDropout =
  ({ seed, step }: Dropout, first = 0): NonNullable<Run['dropout']> =>
  (path, p, shape) => {
    const factors = new Float64Array(size(shape));
    const n = factors.length / shape[0]!;
    for (let i = 0; i < shape[0]!; i++) {
      const random = generator(`${seed}/${step}/${path}/${first + i}`);
      for (let j = 0; j < n; j++) factors[i * n + j] = random() < p ? 0 : 1 / (1 - p);
    }
    return factors;
  };

/** Throws Error where a tower asks for dropout, for what trains without. */
export function expectNoDropout(
  ...towers: readonly (SiglipTextConfig | SiglipVisionConfig)[]
): void {
  for (const { attention_dropout } of towers)
    if (attention_dropout > 0)
      throw new Error(
        `attention_dropout: ${attention_dropout}, expected 0 where no seed and step of \`dropout\` are given`,
      );
}
