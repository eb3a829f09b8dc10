// Blocks of a progressive scan, T.81 annex G: a band of coefficients, or one more bit of them.
// Four kinds of scan: DC or AC, sent for the first time or refined by a bit.
import { broken } from '../errors.ts';
import type { BitReader } from './bit-reader.ts';
import type { Component, Frame } from './frame.ts';
import { type HuffmanTables, tableOf } from './huffman-table.ts';
import { type BlockDecoder, type ScanHeader, ZIGZAG } from './scan.ts';

/** How precisely coefficients are known: the lowest bit sent, -1 for nothing sent. */
export interface Progress {
  readonly bits: Int8Array;
  /** The same before the component's latest scan. */
  readonly before: Int8Array;
}

export function progressOf(frame: Frame): Map<Component, Progress> {
  const none = () => new Int8Array(64).fill(-1);
  return new Map(frame.components.map((c) => [c, { bits: none(), before: none() }]));
}

/** Checks a scan's band and bits, and notes what will be known after it. */
export function noteProgress(scan: ScanHeader, progress: Map<Component, Progress>, first: boolean) {
  const { from, to, high, low } = scan;
  const bandOk = from === 0 ? to === 0 : from <= to && to < 64 && scan.components.length === 1;
  if (!bandOk || (high !== 0 && low !== high - 1) || low > 13) {
    throw broken(`jpeg: bad progressive scan ${from}-${to}, bits ${high}-${low}`);
  }
  for (const component of scan.components) {
    const { bits, before } = progress.get(component)!;
    // libjpeg keeps the earlier state of the band and of the coefficients that smoothing guesses.
    for (let k = Math.min(from, 1); k <= Math.max(to, 9); k++) before[k] = first ? 0 : bits[k]!;
    bits.fill(low, from, to + 1);
  }
}

export function progressiveBlocks(
  scan: ScanHeader,
  tables: HuffmanTables,
  reader: BitReader,
): BlockDecoder {
  if (scan.from > 0)
    return scan.high === 0 ? acFirst(scan, tables, reader) : acRefine(scan, tables, reader);
  return scan.high === 0 ? dcFirst(scan, tables, reader) : dcRefine(scan, reader);
}

function dcFirst(scan: ScanHeader, tables: HuffmanTables, reader: BitReader): BlockDecoder {
  const dc = scan.dcSlots.map((slot) => tableOf(tables, 'dc', slot));
  const predictions = new Int32Array(scan.components.length);
  return {
    block(i, coefficients, at) {
      const size = reader.symbol(dc[i]!);
      if (size > 0) predictions[i]! += reader.amplitude(size);
      coefficients[at] = predictions[i]! << scan.low;
    },
    restart() {
      predictions.fill(0);
    },
  };
}

function dcRefine(scan: ScanHeader, reader: BitReader): BlockDecoder {
  return {
    block(_, coefficients, at) {
      if (reader.bits(1)) coefficients[at]! |= 1 << scan.low;
    },
    restart() {},
  };
}

function acFirst(scan: ScanHeader, tables: HuffmanTables, reader: BitReader): BlockDecoder {
  const table = tableOf(tables, 'ac', scan.acSlots[0]!);
  const { from, to, low } = scan;
  const { last } = scan.components[0]!;
  let emptyBlocks = 0; // how many more blocks end at once: an "end of band" run
  return {
    block(_, coefficients, at) {
      if (emptyBlocks > 0) {
        emptyBlocks--;
        return;
      }
      for (let k = from; k <= to; k++) {
        const symbol = reader.symbol(table);
        const bits = symbol & 15;
        const run = symbol >> 4;
        if (bits > 0) {
          k += run;
          coefficients[at + ZIGZAG[k]!] = reader.amplitude(bits) << low;
          note(last, at, k);
        } else if (run === 15) k += 15;
        else {
          emptyBlocks = (1 << run) - 1 + (run > 0 ? reader.bits(run) : 0);
          break;
        }
      }
    },
    restart() {
      emptyBlocks = 0;
    },
  };
}

function acRefine(scan: ScanHeader, tables: HuffmanTables, reader: BitReader): BlockDecoder {
  const table = tableOf(tables, 'ac', scan.acSlots[0]!);
  const { from, to } = scan;
  const { last } = scan.components[0]!;
  const bit = 1 << scan.low;
  let emptyBlocks = 0; // blocks, this one included, with no new coefficients
  return {
    block(_, coefficients, at) {
      let k = from;
      while (emptyBlocks === 0 && k <= to) {
        const symbol = reader.symbol(table);
        const run = symbol >> 4;
        let value = 0;
        if ((symbol & 15) > 0) value = reader.bits(1) ? bit : -bit;
        else if (run < 15) {
          emptyBlocks = (1 << run) + (run > 0 ? reader.bits(run) : 0);
          break;
        }
        k = refine(scan, reader, coefficients, at, k, to, run);
        if (value !== 0) {
          coefficients[at + ZIGZAG[k]!] = value;
          note(last, at, k);
        }
        k++;
      }
      if (emptyBlocks > 0) {
        // What is 0 behind the last known one stays so: blocks without any cost nothing, in however many scans.
        refine(scan, reader, coefficients, at, k, Math.min(to, last[at >> 6]!), Infinity);
        emptyBlocks--;
      }
    },
    restart() {
      emptyBlocks = 0;
    },
  };
}

/** Notes that a block's coefficient k is not 0. Damaged files reach past the last one, 63. */
function note(last: Uint8Array, at: number, k: number): void {
  const block = at >> 6;
  last[block] = Math.max(last[block]!, Math.min(k, 63));
}

/**
 * Gives each coefficient known already its next bit, from `start` to `end`, and passes `zeros` unknown ones.
 * Returns where it stopped: at the unknown one after those, or past the band.
 */
function refine(
  { low }: ScanHeader,
  reader: BitReader,
  coefficients: Int16Array,
  at: number,
  start: number,
  end: number,
  zeros: number,
): number {
  const bit = 1 << low;
  let left = zeros;
  let k = start;
  for (; k <= end; k++) {
    const place = at + ZIGZAG[k]!;
    const value = coefficients[place]!;
    if (value === 0) {
      if (--left < 0) break;
    } else if (reader.bits(1) && (value & bit) === 0) {
      coefficients[place] = value + (value > 0 ? bit : -bit);
    }
  }
  return k;
}
