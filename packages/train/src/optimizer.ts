// Applies an update rule to named parameters: clipping, rates and decay by groups, and the state to save and resume.
import { backendOf, type NamedTensors } from '@siglip-ts/autograd';
import { type Backend, scopedSync, size, Tensor } from '@siglip-ts/core';
import { clipByGlobalNorm } from './clipping.ts';
import type { UpdateRule } from './update-rules.ts';

/** NamedTensors whose key matches, and what multiplies their rate and their decay (1 each). */
export interface Group {
  /** Tested against HF keys. */
  readonly match: RegExp;
  /** Default 1. */
  readonly rate?: number;
  /** Default 1; 0: no decay. */
  readonly decay?: number;
}

/** Options of an optimiser, whatever its rule. */
export interface OptimizerOptions {
  /** The learning rate at full schedule. */
  readonly rate: number;
  /**
   * The fraction of a weight that goes in one step at full schedule. Decoupled from the rate, as big_vision applies it:
   * torch's `weight_decay` is this divided by the rate.
   */
  readonly decay?: number;
  /** Which parameters decay; default decays. */
  readonly decayed?: (key: string) => boolean;
  /** The first that matches counts. A pretrained tower: { match: /^vision_model/, rate: 0.1, decay: 0 }. */
  readonly groups?: readonly Group[];
  /** The largest global norm of the gradients. */
  readonly clip?: number;
}

/** Moves parameters by their gradients, and remembers what its rule needs. */
export interface Optimizer {
  /** Steps taken. */
  readonly steps: number;
  /** The memory of the rule as constants, by `<slot>.<HF key>`: with `steps`, all that resuming needs. */
  readonly state: NamedTensors;
  /** Goes on from a saved state. Throws if a tensor is missing. */
  resume(steps: number, state: ReadonlyMap<string, ArrayLike<number>>): void;
  /** Moves the parameters that have a gradient. `schedule` multiplies rate and decay. */
  step(gradients: NamedTensors, schedule?: number): void;
  /** Frees the memory of the rule, not the parameters. */
  dispose(): void;
}

/** What big_vision's wd_mults decay by default: `kernel`s, so neither biases, norms, tables nor the probe. */
export const decays = (key: string): boolean =>
  /(_proj|fc\d|patch_embedding|head|classifier)\.weight$|\.in_proj_weight$/.test(key);

/** The parameters, which it overwrites, must be constants. */
export function optimizer(
  rule: UpdateRule,
  parameters: NamedTensors,
  o: OptimizerOptions,
): Optimizer {
  const b = backendOf(parameters);
  const state = new Map<string, Tensor>();
  for (const [key, x] of parameters)
    for (const [slot, { shape, dtype = x.dtype }] of Object.entries(rule.slots(x.shape)))
      state.set(`${slot}.${key}`, Tensor.constant(b, new Float64Array(size(shape)), shape, dtype));
  let steps = 0;

  function move(key: string, g: Tensor, schedule: number): void {
    const x = parameters.get(key);
    if (!x) throw new Error(`optimizer: a gradient for "${key}", which is none of the parameters`);
    const group = o.groups?.find(({ match }) => match.test(key));
    const rate = o.rate * (group?.rate ?? 1) * schedule;
    const decay = (o.decayed ?? decays)(key) ? (o.decay ?? 0) * (group?.decay ?? 1) * schedule : 0;
    const names = Object.keys(rule.slots(x.shape));
    const old = names.map((slot) => [slot, state.get(`${slot}.${key}`)!.cast(x.dtype)]);
    const { update, slots } = rule.update(g, Object.fromEntries(old), steps);
    for (const [slot, value] of Object.entries(slots)) {
      const kept = state.get(`${slot}.${key}`)!;
      b.assign(kept, value.cast(kept.dtype));
    }
    const rest = decay ? x.sub(x.mul(decay)) : x;
    b.assign(x, rest.sub(update.mul(rate)));
  }

  return {
    get steps() {
      return steps;
    },
    state,
    resume(from, saved) {
      steps = from;
      for (const [name, x] of state) write(b, name, x, saved.get(name));
    },
    step(gradients, schedule = 1) {
      steps++;
      scopedSync(b, () => {
        const clipped = o.clip ? clipByGlobalNorm(gradients, o.clip) : gradients;
        for (const [key, g] of clipped) scopedSync(b, () => move(key, g, schedule));
      });
    },
    dispose() {
      for (const x of state.values()) b.free(x);
      state.clear();
    },
  };
}

function write(b: Backend, name: string, x: Tensor, values: ArrayLike<number> | undefined): void {
  if (values?.length !== size(x.shape))
    throw new RangeError(
      `optimizer: state "${name}" has ${values?.length} values, expected ${size(x.shape)}`,
    );
  scopedSync(b, () => b.assign(x, Tensor.from(b, values, x.shape, x.dtype)));
}
