// Moving numbers about in JavaScript: one strided copy serves permute, slice, pad and expand.
import type { Shape } from '@siglip-ts/core';

export type Numbers = Float32Array | Int32Array | Uint16Array;

export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** The strides that show `from` as `to`, by NumPy's broadcasting: 0 where it repeats. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : strides[i - lead]!));
}

/** A place in an array, and its steps along each axis. */
export interface Strided {
  readonly data: Numbers;
  readonly at: number;
  readonly strides: readonly number[];
}

/** target[i, j, …] = source[i, j, …] for all of `shape`. */
export function copyStrided(shape: Shape, target: Strided, source: Strided): void {
  const rank = shape.length;
  if (shape.includes(0)) return;
  const n = rank > 0 ? shape[rank - 1]! : 1;
  const p = rank > 0 ? target.strides[rank - 1]! : 1;
  const q = rank > 0 ? source.strides[rank - 1]! : 1;
  const index = new Array<number>(rank).fill(0);
  let [i, j] = [target.at, source.at];
  for (;;) {
    copyRow(n, target.data, i, p, source.data, j, q);
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      i += target.strides[axis]!;
      j += source.strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
      i -= shape[axis]! * target.strides[axis]!;
      j -= shape[axis]! * source.strides[axis]!;
    }
    if (axis < 0) return;
  }
}

function copyRow(
  n: number,
  to: Numbers,
  i: number,
  p: number,
  from: Numbers,
  j: number,
  q: number,
): void {
  if (p === 1 && q === 1 && n > 16) to.set(from.subarray(j, j + n), i);
  else for (let k = 0; k < n; k++) to[i + k * p] = from[j + k * q]!;
}
