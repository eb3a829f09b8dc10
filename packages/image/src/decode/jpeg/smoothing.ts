// Guesses coefficients that an unfinished progressive file has not sent yet, from the DC values of the
// 5x5 blocks around, so that a half-loaded picture looks smooth and not blocky.
// The idea is T.81 annex K.8; window and weights are those of libjpeg-turbo 2.1 and later, which Pillow
// shows. Complete files never come here.
import type { Component, Frame } from './frame.ts';
import { inverseDct } from './idct.ts';
import type { Progress } from './progressive.ts';

/** Natural places of the first 9 AC coefficients, in zigzag order; index 0 is the DC value. */
const PLACES = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24] as const;

/** A weight per block of the window, row by row. Sums are in 256ths. */
type Weights = readonly number[];

/** With some AC coefficients known, only the first 5 are guessed. */
const SHARP: readonly (Weights | undefined)[] = [
  undefined,
  window(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -7, 50, 0, -50, 7),
  window(0, 0, -7, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, -50, 0, 0, 0, 0, 7),
  window(0, 0, -1, 0, 0, 0, 0, 13, 0, 0, 0, 0, -24, 0, 0, 0, 0, 13, 0, 0, 0, 0, -1),
  window(0, -1, 0, 1, 0, -1, 10, 0, -10, 1, 0, 0, 0, 0, 0, 1, -10, 0, 10, -1, 0, 1, 0, -1),
  window(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 13, -24, 13, -1),
];

/** With nothing but DC known, 9 are guessed, and the DC values themselves are smoothed. */
// prettier-ignore
const SOFT: readonly (Weights | undefined)[] = [
  window(-2, -6, -8, -6, -2, -6, 6, 42, 6, -6, -8, 42, 152, 42, -8, -6, 6, 42, 6, -6, -2, -6, -8, -6, -2),
  window(-1, -1, 0, 1, 1, -3, 13, 0, -13, 3, -3, 38, 0, -38, 3, -3, 13, 0, -13, 3, -1, -1, 0, 1, 1),
  window(-1, -3, -3, -3, -1, -1, 13, 38, 13, -1, 0, 0, 0, 0, 0, 1, -13, -38, -13, 1, 1, 3, 3, 3, 1),
  window(0, 0, 1, 0, 0, 0, 2, 7, 2, 0, 0, -5, -14, -5, 0, 0, 2, 7, 2, 0, 0, 0, 1),
  window(-1, 0, 0, 0, 1, 0, 9, 0, -9, 0, 0, 0, 0, 0, 0, 0, -9, 0, 9, 0, 1, 0, 0, 0, -1),
  window(0, 0, 0, 0, 0, 0, 2, -5, 2, 0, 1, 7, -14, 7, 1, 0, 2, -5, 2),
  window(0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, 2, 0, -2, 0, 0, 1, 0, -1),
  window(0, 0, 0, 0, 0, 0, 1, -3, 1, 0, 0, 0, 0, 0, 0, 0, -1, 3, -1),
  window(0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, -3, 0, 3, 0, 0, 1, 0, -1),
  window(0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, -1, -2, -1),
];

function window(...weights: number[]): Weights {
  return [...weights, ...new Array<number>(25 - weights.length).fill(0)];
}

/** Whether libjpeg would smooth: all DC values sent, no zero steps, and some AC bits still missing. */
export function smoothingHelps(frame: Frame, progress: Map<Component, Progress>): boolean {
  let missing = false;
  for (const c of frame.components) {
    const { bits } = progress.get(c)!;
    if (!c.quant || PLACES.some((place) => c.quant![place] === 0) || bits[0]! < 0) return false;
    missing ||= bits.subarray(1, 10).some((bit) => bit !== 0);
  }
  return missing;
}

/**
 * Decodes a component's samples from smoothed copies of its blocks.
 *
 * @param lastGoodRow rows of MCUs after this one were not reached by the last scan
 * @param scans how many scans there were
 */
export function smoothComponent(
  frame: Frame,
  c: Component,
  { bits, before }: Progress,
  lastGoodRow: number,
  scans: number,
): void {
  const work = new Int16Array(64);
  const around = new Int32Array(25);
  const earlier = scans > 1 ? before : new Int8Array(64).fill(-1);
  for (let row = 0; row < c.blocksDown; row++) {
    const known = Math.floor(row / c.v) > lastGoodRow ? earlier : bits;
    const rows = windowRows(frame, c, row);
    for (let column = 0; column < c.blocksAcross; column++) {
      const at = (row * c.stride + column) * 64;
      work.set(c.coefficients.subarray(at, at + 64));
      for (let i = 0; i < 25; i++) {
        const x = Math.min(Math.max(column + (i % 5) - 2, 0), c.blocksAcross - 1);
        around[i] = c.coefficients[(rows[Math.floor(i / 5)]! * c.stride + x) * 64]!;
      }
      guess(work, around, c.quant!, known);
      const stride = c.blocksAcross * 8;
      inverseDct(work, 0, c.quant!, c.samples, row * 8 * stride + column * 8, stride);
    }
  }
}

/**
 * The five block rows around one, cut at the picture's edge. Two quirks of libjpeg: rows that only fill up
 * the last row of MCUs count as picture, seen from above; and seen from that last row, if it has fewer block
 * rows than the others, the picture seems to begin later than it does.
 */
function windowRows(frame: Frame, c: Component, row: number): number[] {
  const mcuRow = Math.floor(row / c.v);
  const inLast = mcuRow === frame.mcusDown - 1;
  const blockRows = inLast ? c.blocksDown - mcuRow * c.v : c.v;
  const rowAsCounted = mcuRow * blockRows + (row % c.v);
  const last = inLast ? c.blocksDown - 1 : frame.mcusDown * c.v - 1;
  const rows = [-2, -1, 0, 1, 2].map((d) => Math.min(Math.max(row + d, 0), last));
  if (rowAsCounted < 2) rows[0] = rows[1]!;
  return rows;
}

/** Fills in coefficients that are zero and not known to be zero; never beyond the bits still to come. */
function guess(work: Int16Array, around: Int32Array, quant: Uint16Array, known: Int8Array): void {
  const onlyDc = known.subarray(1, 10).every((bit) => bit === -1);
  const windows = onlyDc ? SOFT : SHARP;
  for (let k = 1; k < windows.length; k++) {
    const bit = known[k]!;
    const place = PLACES[k]!;
    if (bit === 0 || work[place] !== 0) continue;
    const value = estimate(windows[k]!, around, quant[0]!, quant[place]!);
    const limit = bit > 0 ? (1 << bit) - 1 : Infinity;
    work[place] = Math.sign(value) * Math.min(Math.abs(value), limit);
  }
  if (onlyDc) work[0] = estimate(windows[0]!, around, quant[0]!, quant[0]!);
}

/** Sum of weighted DC values, in steps of the coefficient, rounded half away from zero. */
function estimate(weights: Weights, around: Int32Array, q0: number, q: number): number {
  let sum = 0;
  for (let i = 0; i < 25; i++) sum += weights[i]! * around[i]!;
  const scaled = sum * q0;
  return Math.sign(scaled) * Math.floor((q * 128 + Math.abs(scaled)) / (q * 256));
}
