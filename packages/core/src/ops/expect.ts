// What kernels never check: the shapes, dtypes and backends of a composite's tensors.
import { showShape } from '../contract/shapes.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Throws TypeError naming `op` unless all have x's dtype and backend. */
export function expectAlike(op: string, x: Tensor, ...others: (Tensor | null)[]): void {
  for (const y of others) if (y) x.expectPartner(op, y);
}

/** Throws RangeError with the shapes found and, in `words`, those expected, unless all of `fits` hold. */
export function expectShapes(
  op: string,
  found: (Tensor | null)[],
  words: string,
  fits: boolean[],
): void {
  if (fits.every(Boolean)) return;
  const shapes = found.flatMap((x) => (x ? [showShape(x.shape)] : [])).join(', ');
  throw new RangeError(`${op}: shapes ${shapes}, expected ${words}`);
}
