// Brings a component to the picture's full width and height, row by row, as libjpeg-turbo does by default:
// "fancy" (triangle filter) for factors of 2, repeated samples for any other whole factor.
import type { PixelKernels } from '../../pixel-kernels.ts';
import { broken } from '../errors.ts';
import type { Component, Frame } from './frame.ts';

/** Gives the full-width samples of row y. The array is reused by the next call. */
export type RowSource = (y: number) => Uint8Array;

export function upsampler(frame: Frame, c: Component, kernels?: PixelKernels): RowSource {
  const across = frame.hMax / c.h;
  const down = frame.vMax / c.v;
  if (!Number.isInteger(across) || !Number.isInteger(down)) {
    throw broken('jpeg: fractional sampling factors');
  }
  if (across === 1 && down === 1) return (y) => rowOf(c, y);
  if (across === 1 && down === 2) return fancyDown(c);
  // libjpeg repeats samples where a row has at most 2: its fancy loop needs 3.
  if (across === 2 && down === 1 && c.width > 2) return fancyAcross(c, kernels);
  if (across === 2 && down === 2 && c.width > 2) return fancyBoth(c, kernels);
  return repeated(c, across, down);
}

/** Whether a component's rows are made from two of its own. */
export function isInterpolated({ hMax, vMax }: Frame, c: Component): boolean {
  return vMax === 2 * c.v && (hMax === c.h || (hMax === 2 * c.h && c.width > 2));
}

/** Samples of a row, rows outside the component cut to its edge. */
function rowOf(c: Component, y: number): Uint8Array {
  const stride = c.blocksAcross * 8;
  const row = Math.min(Math.max(y, 0), c.height - 1);
  return c.samples.subarray(row * stride, row * stride + c.width);
}

/** The row that is 1/4 row away, for output row y, lies above for even y and below for odd y. */
function neighbour(y: number): number {
  return (y >> 1) + (y & 1 ? 1 : -1);
}

function fancyDown(c: Component): RowSource {
  const out = new Uint8Array(c.width);
  return (y) => {
    const near = rowOf(c, y >> 1);
    const far = rowOf(c, neighbour(y));
    const bias = y & 1 ? 2 : 1; // alternates, so that rounding does not drift
    for (let x = 0; x < out.length; x++) out[x] = (near[x]! * 3 + far[x]! + bias) >> 2;
    return out;
  };
}

function fancyAcross(c: Component, kernels: PixelKernels | undefined): RowSource {
  const n = c.width;
  const out = new Uint8Array(2 * n);
  return (y) => {
    const row = rowOf(c, y);
    if (kernels?.upsample(row, row, out, 8)) return out;
    out[0] = row[0]!;
    out[2 * n - 1] = row[n - 1]!;
    for (let x = 0; x < n - 1; x++) {
      out[2 * x + 1] = (row[x]! * 3 + row[x + 1]! + 2) >> 2;
      out[2 * x + 2] = (row[x + 1]! * 3 + row[x]! + 1) >> 2;
    }
    return out;
  };
}

/** The two filters in one, rounded once: sums of the column first, in quarters, then across. */
function fancyBoth(c: Component, kernels: PixelKernels | undefined): RowSource {
  const n = c.width;
  const out = new Uint8Array(2 * n);
  return (y) => {
    const near = rowOf(c, y >> 1);
    const far = rowOf(c, neighbour(y));
    if (kernels?.upsample(near, far, out, 7)) return out;
    let here = near[0]! * 3 + far[0]!;
    out[0] = (here * 4 + 8) >> 4;
    for (let x = 0; x < n - 1; x++) {
      const next = near[x + 1]! * 3 + far[x + 1]!;
      out[2 * x + 1] = (here * 3 + next + 7) >> 4;
      out[2 * x + 2] = (next * 3 + here + 8) >> 4;
      here = next;
    }
    out[2 * n - 1] = (here * 4 + 7) >> 4;
    return out;
  };
}

function repeated(c: Component, across: number, down: number): RowSource {
  const out = new Uint8Array(c.width * across);
  return (y) => {
    const row = rowOf(c, Math.floor(y / down));
    for (let x = 0; x < row.length; x++) out.fill(row[x]!, x * across, (x + 1) * across);
    return out;
  };
}
