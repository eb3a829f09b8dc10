// Learning rate schedules as big_vision's create_learning_rate_schedule: the fraction of the rate at each step.

/** How the rate goes over a run. */
export interface ScheduleOptions {
  /** Steps in all. */
  readonly steps: number;
  /** How it falls between warm-up and cool-down. */
  readonly decay: 'cosine' | 'linear' | 'rsqrt' | 'constant';
  /** Steps of linear growth from 0. */
  readonly warmup?: number;
  /** rsqrt: steps after which the rate has fallen to 1/√2. Default 10,000. */
  readonly timescale?: number;
  /** Steps at the end over which the rate goes to 0. */
  readonly cooldown?: number;
}

/** At step 0, 1, ...: 0 to 1. Throws RangeError unless warm-up and cool-down fit into the steps. */
export function schedule(o: ScheduleOptions): (step: number) => number {
  const { steps, decay, warmup = 0, timescale = 10_000, cooldown = 0 } = o;
  if (!(steps > 0 && warmup >= 0 && cooldown >= 0 && warmup + cooldown <= steps))
    throw new RangeError(
      `schedule: warm-up ${warmup} and cool-down ${cooldown}, expected to fit into ${steps} steps`,
    );
  return (step) => {
    const progress = Math.min(Math.max((step - warmup) / (steps - warmup || 1), 0), 1);
    const rate = {
      constant: 1,
      linear: 1 - progress,
      cosine: 0.5 * (1 + Math.cos(Math.PI * progress)),
      rsqrt: step >= warmup ? 1 / Math.sqrt(1 + (step - warmup) / timescale) : 1,
    }[decay];
    const up = warmup > 0 ? Math.min(1, step / warmup) : 1;
    const down = cooldown > 0 ? Math.min(1, Math.max(0, steps - step) / cooldown) : 1;
    return rate * up * down;
  };
}
