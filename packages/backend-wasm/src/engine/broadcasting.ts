// Shapes side by side, as kernels see them: what repeats by itself, and which matrices belong together. Copies nothing.
import { type Shape, size } from '@siglip-ts/core';

/** Whether a kernel can repeat a right side of this shape by itself. */
export const repeats = (shape: Shape, out: Shape): boolean =>
  size(shape) === size(out) || size(shape) === 1 || isTail(shape, out) || isColumn(shape, out);

/** Whether a shape is the end of another: [D] of [B, T, D]. */
export function isTail(shape: Shape, out: Shape): boolean {
  const own = shape.slice(shape.findIndex((n) => n !== 1));
  return own.every((n, i) => n === out[out.length - own.length + i]);
}
/** Whether a shape is another with its last axis 1. */
const isColumn = (shape: Shape, out: Shape): boolean =>
  shape.length === out.length && shape.every((n, i) => n === (i === out.length - 1 ? 1 : out[i]));

/** Which matrix of each side every matrix of the result is made of. */
export function batches(a: Shape, b: Shape, out: Shape): [number, number][] {
  const lead = out.slice(0, -2);
  const count = size(lead);
  const index = (shape: Shape, n: number): number => {
    const own = shape.slice(0, -2);
    let [at, step, rest] = [0, 1, n];
    for (let i = lead.length - 1; i >= 0; i--) {
      const here = rest % lead[i]!;
      rest = Math.floor(rest / lead[i]!);
      const length = own[i - lead.length + own.length] ?? 1;
      if (length !== 1) at += here * step;
      step *= length;
    }
    return at;
  };
  return Array.from({ length: count }, (_, n) => [index(a, n), index(b, n)]);
}
