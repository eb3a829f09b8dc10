// What decides the numbers of a run, and what its names stand for.
import {
  adafactor,
  adamw,
  lion,
  schedule,
  type ScheduleOptions,
  type UpdateRule,
} from '@siglip-ts/train';

/** What decides every number of a run. It is resumed with the same, or with one that would have led there too. */
export interface Recipe {
  /** In all. */
  readonly steps: number;
  /** Pairs of a step. */
  readonly batch_size: number;
  /** At full schedule. */
  readonly learning_rate: number;
  /** As torch's: multiplied by the rate. */
  readonly weight_decay: number;
  /** Steps of linear growth from 0. */
  readonly warmup: number;
  /** How the rate falls after that. */
  readonly schedule: ScheduleOptions['decay'];
  /** Steps at the end over which the rate goes to 0. */
  readonly cooldown: number;
  /** Which rule moves the parameters. */
  readonly optimizer: keyof typeof RULES;
  /** The largest global norm of the gradients; 0: no limit. */
  readonly clip: number;
  /** A regular expression over HF keys, '' for none: `^vision_model\.` is SigLiT. */
  readonly freeze: string;
  /** Decides the order of the pairs and the masks of dropout. */
  readonly seed: number;
}

/** The rules that parameters are moved by. */
export const RULES = { adamw, lion, adafactor } satisfies Record<string, () => UpdateRule>;

/** By which the full rate is multiplied, step by step. */
export const scheduleOf = ({ steps, schedule: decay, warmup, cooldown }: Recipe) =>
  schedule({ steps, decay, warmup, cooldown });
