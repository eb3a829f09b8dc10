// What permute, slice, pad and expand do, said by strides: which number of a source goes where. For kernels that move
// numbers on a device, and for `copyView`, which moves those on the host. A tensor itself is always contiguous.
import type { Shape } from '../contract/backend.ts';
import type { Values } from '../contract/dtypes.ts';

/** A block of the result shows the source; all around it is 0. */
export interface View {
  /** Of the result. */
  readonly out: Shape;
  /** Where the block begins in it: 0 along every axis but for pad. */
  readonly begin: readonly number[];
  /** Of the block. */
  readonly shape: Shape;
  /** Which number of the source the block's first one is. */
  readonly at: number;
  /** How far the next one is along each axis of the block. */
  readonly strides: readonly number[];
}

/** The steps along each axis of contiguous numbers. */
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

/** Where a number is that has these coordinates. */
export const placeOf = (coordinates: readonly number[], strides: readonly number[]): number =>
  coordinates.reduce((sum, c, i) => sum + c * strides[i]!, 0);

const whole = (out: Shape, strides: readonly number[], at = 0): View => ({
  out,
  begin: out.map(() => 0),
  shape: out,
  at,
  strides,
});

/** Axis i of the result is axis axes[i] of the source. */
export function permuted(from: Shape, axes: readonly number[]): View {
  const strides = stridesOf(from);
  return whole(
    axes.map((a) => from[a]!),
    axes.map((a) => strides[a]!),
  );
}

/** The block of shape `out` that begins at `begin`. */
export function sliced(from: Shape, begin: readonly number[], out: Shape): View {
  const strides = stridesOf(from);
  return whole(out, strides, placeOf(begin, strides));
}

/** Zeros of shape `out` with the source at `before`. */
export const padded = (from: Shape, before: readonly number[], out: Shape): View => ({
  out,
  begin: before,
  shape: from,
  at: 0,
  strides: stridesOf(from),
});

/** Axes of size 1 repeated, and new ones before them. */
export const expanded = (from: Shape, out: Shape): View => whole(out, broadcastStrides(from, out));

/** Fills `to`, which begins as zeros, with what a view shows of `from`. */
export function copyView(to: Values, from: Values, view: View): void {
  const { shape, strides } = view;
  if (shape.includes(0)) return;
  const own = stridesOf(view.out);
  const last = shape.length - 1;
  const [n, step] = [shape[last] ?? 1, strides[last] ?? 1];
  const index = new Array<number>(shape.length).fill(0);
  let [i, j] = [placeOf(view.begin, own), view.at];
  for (;;) {
    if (step === 1 && n > 16) to.set(from.subarray(j, j + n), i);
    else for (let k = 0; k < n; k++) to[i + k] = from[j + k * step]!;
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      i += own[axis]!;
      j += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
      i -= shape[axis]! * own[axis]!;
      j -= shape[axis]! * strides[axis]!;
    }
    if (axis < 0) return;
  }
}
