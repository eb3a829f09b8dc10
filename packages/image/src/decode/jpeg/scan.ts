// Walks the blocks of one scan in file order and keeps restart intervals.
// What is read per block is the caller's: see `sequential.ts` and `progressive.ts`.
import { broken } from '../errors.ts';
import type { BitReader } from './bit-reader.ts';
import type { Component, Frame } from './frame.ts';

/** A SOS segment (T.81 B.2.3): which components, with which tables, which coefficients and bits. */
export interface ScanHeader {
  readonly components: readonly Component[];
  readonly dcSlots: readonly number[];
  readonly acSlots: readonly number[];
  /** First and last coefficient, in zigzag order. */
  readonly from: number;
  readonly to: number;
  /** Bit positions: refines from `high` to `low`; `high` 0 sends coefficients for the first time. */
  readonly high: number;
  readonly low: number;
}

export interface BlockDecoder {
  /** Reads one block of the scan's i-th component into `coefficients` from `at`. */
  block(i: number, coefficients: Int16Array, at: number): void;
  /** At each restart: predictions and runs begin anew. */
  restart(): void;
}

/** What libjpeg does before an MCU that the reader's `ahead` says it tries on its fast path. */
export interface Rehearsal {
  readonly reader: BitReader;
  readonly decoder: BlockDecoder;
}

/** Natural (row by row) place of each coefficient in zigzag order; damaged files reach past 63. */
export const ZIGZAG = Uint8Array.from({ length: 64 + 16 }, (_, k) => {
  if (k > 63) return 63;
  // Diagonal s holds the cells with row + column = s; even ones are walked up, odd ones down.
  let s = 0;
  let first = 0;
  for (; first + diagonal(s) <= k; s++) first += diagonal(s);
  const step = k - first + Math.max(0, s - 7);
  const [row, column] = s % 2 === 0 ? [s - step, step] : [step, s - step];
  return row * 8 + column;
});

function diagonal(s: number): number {
  return s < 8 ? s + 1 : 15 - s;
}

/** @param length of the whole segment, which may be cut: then only what is wrong with the rest is of interest */
export function readScanHeader(segment: Uint8Array, frame: Frame, length: number): ScanHeader {
  const count = segment[0]!;
  const makesSense = count >= 1 && count <= 4 && length === 4 + 2 * count;
  if (!makesSense && segment.length > 0) throw broken('jpeg: bad SOS');
  const components: Component[] = [];
  for (let i = 0; i < count && 2 + 2 * i < segment.length; i++) {
    const id = segment[1 + 2 * i]!;
    // As libjpeg looks for it: the i-th of the frame is not found once the scan has an i-th.
    const found = frame.components.find((c, place) => c.id === id && !components[place]);
    if (!found || components.includes(found)) throw broken(`jpeg: bad component id ${id}`);
    components.push(found);
  }
  const blocks = components.reduce((sum, c) => sum + c.h * c.v, 0);
  if (count > 1 && blocks > 10) throw broken('jpeg: more than 10 blocks in an MCU');
  const slots = components.map((_, i) => segment[2 + 2 * i]!);
  const [from, to, bits] = segment.subarray(1 + 2 * count) as unknown as [number, number, number];
  return {
    components,
    dcSlots: slots.map((slot) => slot >> 4),
    acSlots: slots.map((slot) => slot & 15),
    from,
    to,
    high: bits >> 4,
    low: bits & 15,
  };
}

/**
 * Decodes a scan.
 *
 * @param restartInterval MCUs between restart markers, 0 for none
 * @param rowDone called after each row of MCUs of an interleaved scan, or of the same height else
 * @returns the last row of MCUs that began with data left, as libjpeg notes it for smoothing
 */
export function walkScan(
  frame: Frame,
  scan: ScanHeader,
  reader: BitReader,
  restartInterval: number,
  decoder: BlockDecoder,
  rowDone?: (row: number) => void,
  rehearsal?: Rehearsal,
): number {
  const single = scan.components.length === 1 ? scan.components[0]! : undefined;
  const across = single ? single.blocksAcross : frame.mcusAcross;
  const heights = single ? single.v : 1;
  const mcu = single ? [{ i: 0, c: single, h: 1, v: 1 }] : mcuOf(scan);
  let untilRestart = restartInterval;
  let nextRestart = 0;
  let lastGoodRow = 0;
  for (let row = 0; row < frame.mcusDown; row++) {
    const end = single ? Math.min(heights, single.blocksDown - row * heights) : 1;
    for (let y = 0; y < end; y++) {
      for (let x = 0; x < across; x++) {
        if (!reader.exhausted) lastGoodRow = row;
        if (restartInterval > 0 && untilRestart-- === 0) {
          reader.restart(nextRestart);
          nextRestart = (nextRestart + 1) & 7;
          decoder.restart();
          untilRestart = restartInterval - 1;
        }
        // Past the end of the data libjpeg leaves blocks as they are until the next restart.
        if (reader.exhausted) continue;
        const at = rowDone ? 0 : row;
        if (rehearsal) rehearse(rehearsal, reader, mcu, at, y, x);
        for (const part of mcu) readBlocks(part, decoder, at, y, x);
      }
    }
    rowDone?.(row);
  }
  return lastGoodRow;
}

/**
 * The fast path takes FF FF for a marker and goes on with zeros; then libjpeg reads the MCU again, slowly, over the
 * coefficients that it has written. Those that are not written again stay.
 */
function rehearse(
  { reader, decoder }: Rehearsal,
  real: BitReader,
  mcu: readonly Part[],
  row: number,
  y: number,
  x: number,
): void {
  const [{ ahead }, mine] = [real, reader.ahead!];
  if (!ahead) return;
  ahead.fast = ahead.tries(mcu.reduce((sum, { h, v }) => sum + h * v, 0));
  if (!ahead.fast) return;
  mine.copy(ahead);
  reader.rehearse(real, ahead);
  for (const part of mcu) readBlocks(part, decoder, row, y, x);
  ahead.fast = !mine.stopped;
}

/** What an MCU holds of one component: h x v blocks; a single block if the scan has one component only. */
interface Part {
  /** The component's place in the scan. */
  readonly i: number;
  readonly c: Component;
  readonly h: number;
  readonly v: number;
}

function mcuOf(scan: ScanHeader): Part[] {
  return scan.components.map((c, i) => ({ i, c, h: c.h, v: c.v }));
}

/** Reads a component's blocks of the x-th MCU in a row; y is the block row in it, if MCUs are single blocks. */
function readBlocks(
  { i, c, h, v }: Part,
  decoder: BlockDecoder,
  row: number,
  y: number,
  x: number,
): void {
  for (let j = 0; j < v; j++) {
    const at = ((row * c.v + y + j) * c.stride + x * h) * 64;
    for (let k = 0; k < h; k++) decoder.block(i, c.coefficients, at + k * 64);
  }
}
