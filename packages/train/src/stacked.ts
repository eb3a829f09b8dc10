// Concatenation, which is none of the contract's operations: parts padded with zeros, added one by one.
import { scopedSync, type Tensor } from '@siglip-ts/core';
import { accumulator } from './accumulator.ts';

/** Rows of several tensors below one another. Needs the memory of the result, however many parts there are. */
export function stacked(parts: readonly Tensor[]): Tensor {
  const { backend } = parts[0]!;
  const rows = parts.reduce((n, x) => n + x.shape[0]!, 0);
  const sum = accumulator(backend);
  let at = 0;
  for (const x of parts) {
    scopedSync(backend, () => sum.add('', x.pad([at, 0], [rows, x.shape[1]!])));
    at += x.shape[0]!;
  }
  return sum.take().get('')!;
}
