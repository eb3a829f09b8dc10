// The memory of backend-cpu: one typed array a handle, seen through ndarray views. Half types are kept as bits.
import ndarray, { type NdArray } from 'ndarray';
import { type DType, type Operand, type Shape, size, type Values } from '@siglip-ts/core';
import { expectAlive, expectNoHalf, zeros } from '@siglip-ts/core/kit';

export class Buffer {
  /** null once it was released. */
  values: Values | null;
  constructor(values: Values) {
    this.values = values;
  }
}

export type Floats = Float32Array | Float64Array;
export type View = NdArray<Values>;

export function valuesOf(x: Operand): Values {
  const { values } = x.handle as Buffer;
  expectAlive('cpu', x, values !== null);
  return values!;
}

/** The values of an operand of arithmetic, which this backend does in float32 and float64 alone. */
export function floatsOf(op: string, x: Operand): Floats {
  expectNoHalf('cpu', op, x, 'cpu()');
  return valuesOf(x) as Floats;
}

/** Zeros. */
export const allocate = (dtype: DType, shape: Shape): Values => zeros(dtype, size(shape));

export const viewOf = (x: Operand): View => ndarray(valuesOf(x), [...x.shape]);

/** A view of a larger shape on the same values, by strides of 0: NumPy's broadcasting. */
export function broadcastTo(view: View, shape: Shape): View {
  const lead = shape.length - view.shape.length;
  const strides = shape.map((_, i) =>
    i < lead || view.shape[i - lead] === 1 ? 0 : view.stride[i - lead]!,
  );
  return ndarray(view.data, [...shape], strides, view.offset);
}

/**
 * Walks views of one shape together, row by row in row-major order. `row` gets, for each view, where its row begins
 * in its data; along the row a view moves by its last stride.
 */
export function eachRow(views: readonly View[], row: (at: readonly number[]) => void): void {
  const { shape } = views[0]!;
  const at = views.map((v) => v.offset);
  if (size(shape) === 0) return;
  const index = new Array<number>(shape.length).fill(0);
  for (;;) {
    row(at);
    let axis = shape.length - 2;
    for (; axis >= 0; axis--) {
      const more = ++index[axis]! < shape[axis]!;
      const step = more ? 1 : 1 - shape[axis]!;
      if (!more) index[axis] = 0;
      views.forEach((v, i) => (at[i]! += step * v.stride[axis]!));
      if (more) break;
    }
    if (axis < 0) return;
  }
}

/** The length of a row, and a view's step along it. A scalar is a row of one. */
export const rowLength = (view: View): number => view.shape.at(-1) ?? 1;
export const rowStep = (view: View): number => view.stride.at(-1) ?? 1;

/** Copies what one view shows into another. */
export function assign(target: View, source: View): void {
  const n = rowLength(source);
  const [p, q] = [rowStep(target), rowStep(source)];
  const [to, from] = [target.data, source.data];
  eachRow([target, source], ([i, j]) => {
    for (let k = 0; k < n; k++) to[i! + k * p] = from[j! + k * q]!;
  });
}

/** What a view shows, contiguous. */
export function contiguous(view: View, dtype: DType): Values {
  const out = allocate(dtype, view.shape);
  assign(ndarray(out, [...view.shape]), view);
  return out;
}
