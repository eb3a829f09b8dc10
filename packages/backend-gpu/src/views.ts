// Views: which number of an array each number of a result is. They say what permute, slice, pad and expand do, for the
// kernel that moves numbers on the device and for `gather`, which moves those that stay on the host.
import { size, type Shape, type Values } from '@siglip-ts/core';

/** Result [c0, c1, …] is the source's number offset + Σ c_i strides_i, or 0 where a c_i is not inside its range. */
export interface View {
  /** Of the result. */
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly inside?: readonly (readonly [low: number, high: number])[];
}

function stridesOf(shape: Shape): number[] {
  return shape.map((_, i) => size(shape.slice(i + 1)));
}

/** The strides that show `from` as `to`, by NumPy's broadcasting: 0 where it repeats. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : strides[i - lead]!));
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);

export function permuted(from: Shape, axes: readonly number[]): View {
  const strides = stridesOf(from);
  return { shape: axes.map((a) => from[a]!), strides: axes.map((a) => strides[a]!), offset: 0 };
}

export function sliced(from: Shape, begin: readonly number[], shape: Shape): View {
  const strides = stridesOf(from);
  return { shape, strides, offset: dot(begin, strides) };
}

export function padded(from: Shape, before: readonly number[], shape: Shape): View {
  const strides = stridesOf(from);
  const inside = from.map((n, i) => [before[i]!, before[i]! + n] as const);
  return { shape, strides, offset: 0 - dot(before, strides), inside };
}

export const expanded = (from: Shape, shape: Shape): View => ({
  shape,
  strides: broadcastStrides(from, shape),
  offset: 0,
});

/** What a view shows of values on the host. */
export function gather(values: Values, { shape, strides, offset, inside }: View): Values {
  const n = size(shape);
  const y = empty(values, n);
  const own = stridesOf(shape);
  for (let i = 0; i < n; i++) {
    const c = shape.map((length, axis) => Math.floor(i / own[axis]!) % length);
    if (inside && !c.every((x, axis) => x >= inside[axis]![0] && x < inside[axis]![1])) continue;
    y[i] = values[offset + dot(c, strides)]!;
  }
  return y;
}

/** Zeros, in an array of the same type. */
export const empty = (like: Values, n: number): Values =>
  new (like.constructor as new (n: number) => Values)(n);
