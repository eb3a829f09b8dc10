// What each optimiser makes of a gradient: AdamW, Lion, and Adafactor as in ScalingViT. Rates, decay and clipping are
// the optimiser's, which walks the parameters.
import type { DType, Shape, Tensor } from '@siglip-ts/core';

/** A parameter's memory between steps, by name. */
export type Slots = Readonly<Record<string, Tensor>>;

/** What one slot of a parameter holds. */
interface SlotKind {
  /** The size of each axis. */
  shape: Shape;
  /** Default: the parameter's. */
  dtype?: DType | undefined;
}

/** What an optimiser does with one parameter's gradient. */
export interface UpdateRule {
  /** The shapes of the slots for a parameter of this shape; zeros at first. A dtype, where it is not the parameter's. */
  slots(shape: Shape): Readonly<Record<string, SlotKind>>;
  /** `t` counts from 1. The parameter moves against `update`. Slots come and go in the gradient's dtype. */
  update(
    g: Tensor,
    slots: Slots,
    t: number,
  ): {
    /** Of the gradient's shape. */
    update: Tensor;
    /** As they are at the next step. */
    slots: Slots;
  };
}

/** Options of `adamw`. */
export interface AdamWOptions {
  /** How much of the first moment stays at a step. Default 0.9. */
  readonly beta1?: number;
  /** 0.95, as in the paper: with 0.999 the loss spikes at large batches. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly eps?: number;
  /** Of the first moment: bfloat16 halves its memory, as big_vision does. */
  readonly momentum?: DType;
}

/** Adam's direction; the decoupled decay is the optimiser's. Loshchilov and Hutter, 2019. */
export function adamw(o: AdamWOptions = {}): UpdateRule {
  const { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, momentum } = o;
  return {
    slots: (shape) => ({ m: { shape, dtype: momentum }, v: { shape } }),
    update(g, slots, t) {
      const m = mix(slots.m!, g, beta1);
      const v = mix(slots.v!, g.mul(g), beta2);
      const deviation = v
        .div(1 - beta2 ** t)
        .sqrt()
        .add(eps);
      return { update: m.div(1 - beta1 ** t).div(deviation), slots: { m, v } };
    },
  };
}

/** Options of `lion`. */
export interface LionOptions {
  /** How much of the momentum is in what the sign is taken of. Default 0.9. */
  readonly beta1?: number;
  /** How much of the momentum stays at a step. Default 0.99. */
  readonly beta2?: number;
  /** The momentum's dtype. Default: the gradient's. */
  readonly momentum?: DType;
}

/** The sign of a mixture of momentum and gradient. Chen et al., 2023. */
export function lion({ beta1 = 0.9, beta2 = 0.99, momentum }: LionOptions = {}): UpdateRule {
  return {
    slots: (shape) => ({ m: { shape, dtype: momentum } }),
    update(g, slots) {
      const c = mix(slots.m!, g, beta1);
      const sign = c.greater(0).sub(c.neg().greater(0));
      return { update: sign, slots: { m: mix(slots.m!, g, beta2) } };
    },
  };
}

/** Options of `adafactor`. */
export interface AdafactorOptions {
  /** The second moment's memory is 1 - t^-decay, at most `cap`. */
  readonly decay?: number;
  /** Default 0.999. */
  readonly cap?: number;
  /** Matrices with two sizes from here on keep row and column means instead of every second moment. */
  readonly factored?: number;
  /** How much of the first moment stays at a step. Default 0.9. */
  readonly beta1?: number;
  /** The first moment's dtype. Default bfloat16. */
  readonly momentum?: DType;
}

/** big_vision's scale_by_adafactor: factored second moments, a first moment in bfloat16, no clipping, no debiasing. */
export function adafactor(o: AdafactorOptions = {}): UpdateRule {
  const { decay = 0.8, cap = 0.999, factored = 32, beta1 = 0.9, momentum = 'bfloat16' } = o;
  return {
    slots(shape) {
      const m = { shape, dtype: momentum };
      const [row, column] = factoredAxes(shape, factored);
      if (row === undefined) return { m, v: { shape } };
      const without = (axis: number) => shape.map((n, i) => (i === axis ? 1 : n));
      return { m, rows: { shape: without(row) }, columns: { shape: without(column!) } };
    },
    update(g, slots, t) {
      const beta2 = Math.min(cap, 1 - t ** -decay);
      const squares = g.mul(g).add(1e-30);
      const [row, column] = factoredAxes(g.shape, factored);
      let scaled: Tensor;
      let seconds: Slots;
      if (row === undefined) {
        const v = mix(slots.v!, squares, beta2);
        [scaled, seconds] = [g.div(v.sqrt()), { v }];
      } else {
        const rows = mix(slots.rows!, squares.mean(row), beta2);
        const columns = mix(slots.columns!, squares.mean(column!), beta2);
        const size = rows.mean(column!); // the mean of all
        scaled = g.div(rows.div(size).sqrt()).div(columns.sqrt());
        seconds = { rows, columns };
      }
      const m = mix(slots.m!, scaled, beta1);
      return { update: m, slots: { ...seconds, m } };
    },
  };
}

/** The largest and the second largest axis, if both are large enough; on a tie the later counts as larger. */
function factoredAxes(shape: Shape, smallest: number): readonly number[] {
  const axes = shape.map((_, i) => i).sort((a, b) => shape[a]! - shape[b]!);
  const [second, first] = axes.slice(-2);
  return first !== undefined && second !== undefined && shape[second]! >= smallest
    ? [first, second]
    : [];
}

/** beta old + (1 - beta) new. */
const mix = (old: Tensor, x: Tensor, beta: number): Tensor => old.mul(beta).add(x.mul(1 - beta));
