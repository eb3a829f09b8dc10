// Arithmetic on shapes. Knows nothing of values.
import type { Shape } from './backend.ts';

/** The number of elements. */
export const size = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** As text: "[2, 3]". */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Whether two shapes have the same sizes. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** The common shape of two operands by NumPy's rule. Throws RangeError naming `op` and both shapes. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new RangeError(`${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast`);
    return m === 1 ? n : m;
  });
}

/** A copy with one size replaced; a negative axis counts from the end. */
export const withSize = (shape: Shape, axis: number, n: number): number[] => {
  const at = axis < 0 ? axis + shape.length : axis;
  return shape.map((d, i) => (i === at ? n : d));
};
