// Position tables resized in the ways that ports resize them; the right way is core's interpolatePositions.
import { Tensor } from '@siglip-ts/core';
import { kernel } from './resize.ts';

export type PositionResize = 'bilinear' | 'nearest' | 'align-corners' | 'antialias';

/** A table [n * n, D] as [1, h * w, D]. */
export function positionsBy(kind: PositionResize, table: Tensor, h: number, w: number): Tensor {
  const [N, D] = table.shape as [number, number];
  const n = Math.round(Math.sqrt(N));
  const matrix = (to: number) =>
    Tensor.from(table.backend, weights(kind, n, to), [to, n], table.dtype);
  const rows = matrix(h).matmul(table.reshape([n, n * D])); // [h, n * D]
  return matrix(w)
    .matmul(rows.reshape([h, n, D]))
    .reshape([1, h * w, D]);
}

/** Row by row, what each of `to` places takes of `from` values. */
function weights(kind: PositionResize, from: number, to: number): Float64Array {
  const matrix = new Float64Array(from * to);
  for (let i = 0; i < to; i++) {
    const row = matrix.subarray(i * from, (i + 1) * from);
    const scale = from / to;
    if (kind === 'nearest') row[Math.min(from - 1, Math.floor(i * scale))] = 1;
    else if (kind === 'antialias') antialiased(row, (i + 0.5) * scale, Math.max(scale, 1));
    else {
      const corners = to > 1 ? (i * (from - 1)) / (to - 1) : 0;
      const at = kind === 'align-corners' ? corners : (i + 0.5) * scale - 0.5;
      neighbours(row, at, kind === 'bilinear' ? 'bilinear' : 'bicubic');
    }
  }
  return matrix;
}

function neighbours(row: Float64Array, at: number, kind: 'bilinear' | 'bicubic'): void {
  for (let tap = Math.floor(at) - 1; tap <= Math.floor(at) + 2; tap++)
    row[Math.min(row.length - 1, Math.max(0, tap))]! += kernel(at - tap, { kind, a: -0.75 });
}

/** torch's antialiased bicubic, whose constant is -0.5. */
function antialiased(row: Float64Array, center: number, stretch: number): void {
  const first = Math.max(0, Math.trunc(center - 2 * stretch + 0.5));
  const last = Math.min(row.length, Math.trunc(center + 2 * stretch + 0.5));
  let sum = 0;
  for (let at = first; at < last; at++)
    sum += row[at] = kernel((at - center + 0.5) / stretch, { kind: 'bicubic' });
  for (let at = first; at < last; at++) row[at]! /= sum;
}
