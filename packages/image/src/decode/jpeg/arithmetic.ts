// Blocks of arithmetic-coded scans, sequential and progressive: T.81 annex D, F.2.4 and G.2.3, and what libjpeg does with
// damaged ones. Each bit is a decision whose odds are learned in a "bin". Not Huffman: see `sequential.ts`, `progressive.ts`.
import { broken } from '../errors.ts';
import type { BitReader } from './bit-reader.ts';
import { type BlockDecoder, type ScanHeader, ZIGZAG } from './scan.ts';

/**
 * How bins are chosen, as DAC segments say it (T.81 B.2.4.3): for DC slots 0 - 15 the bounds of small differences, low and
 * high in four bits each; for AC slots, from 16 on, the last place in zigzag order that counts as low.
 */
export type Conditioning = Uint8Array;

export function conditioning(): Conditioning {
  return new Uint8Array(32).fill(0x10, 0, 16).fill(5, 16);
}

export function readConditioning(segment: Uint8Array, whole: boolean, to: Conditioning): void {
  for (let at = 0; at < segment.length; at += 2) {
    const slot = segment[at]!;
    const value = segment[at + 1];
    if (value === undefined && !whole) return;
    if (slot > 31 || value === undefined || (slot < 16 && (value & 15) > value >> 4))
      throw broken('jpeg: bad DAC');
    to[slot] = value;
  }
}

/**
 * T.81 table D.3, what a bin's state says: the size Qe of the improbable part, with 0x8000 where an improbable value turns
 * the bin round. At the end a state that is even for ever.
 */
const SIZES =
  'da1d25861114080b03d801da00e5006f0036001a000d000600030001da7f3f252cf2207c17b911820cef09a1072f' +
  '055c04060303024001b1014400f500b7008a0068004e003b002cdae1484c3a0d2ef1261f1f3319a8151811770e74' +
  '0bfb09f80861070605cd04de040f036302d4025c01f801a40160012500f600cb00ab008fdb124d04412c37d82fe8' +
  '293c23791edf1aa9174e1424119c0f6b0d510bb60a40d8324d1c438e3bdd34ee2eae299a2516d5704ca944d93e22' +
  '382432b42e17d6a84f4647e541cf3c3d375e52314c0f4639415ed62750e74b855597504fda105522d9eb5a1d';
/** The next state after an improbable value and after a probable one, as 33 or 1 above the state's own number less a digit. */
const LESS =
  'wkjihfecb98zzywcbbbaa9988776554433zzw6655554444333zyzzzzzzzzzzyzwiiiiihhiyzyzzyzxqqqqqqyxrrrqryxssssytttyxvvvvxwxx';
const MORE =
  '00000000000001000000000000000000000r000000000000000000000000000w000000000000000w0000000h00000090000080006005030321';
const STATES = [...LESS].map((digit, i) => ({
  size: parseInt(SIZES.slice(4 * i, 4 * i + 4), 16) & 0x7fff,
  less: (i + 33 - parseInt(digit, 36)) ^ (parseInt(SIZES[4 * i]!, 16) > 7 ? 0x80 : 0),
  more: i + 1 - parseInt(MORE[i]!, 36),
}));

/** A bin: its state, and 0x80 if 1 is the probable value. */
type Bins = Uint8Array;

/** Reads decisions, T.81 D.2; registers as in libjpeg, which shifts the code and not the interval. */
function decisions(reader: BitReader): (bins: Bins, at: number) => number {
  let code = 0;
  let interval = 0;
  /** Unused bits in the code register; below 0 its first bytes are still to come. */
  let spare = -16;
  return (bins, at) => {
    for (; interval < 0x8000; interval <<= 1) {
      if (--spare < 0) {
        code = (code << 8) | reader.byte();
        spare += 8;
        if (spare < 0 && ++spare === 0) interval = 0x8000;
      }
    }
    const bin = bins[at]!;
    const { size, less, more } = STATES[bin & 0x7f]!;
    interval -= size;
    const limit = interval << spare;
    const upper = code >= limit;
    if (!upper && interval >= 0x8000) return bin >> 7;
    // The smaller part is the improbable one, whichever that is: T.81 D.2.5, "conditional exchange".
    const improbable = upper === interval >= size;
    if (upper) {
      code -= limit;
      interval = size;
    }
    bins[at] = (bin & 0x80) ^ (improbable ? less : more);
    return (bin >> 7) ^ Number(improbable);
  };
}

/** @param progressive whether the scan sends a band or a bit only, as its header says */
export function arithmeticBlocks(
  scan: ScanHeader,
  conditions: Conditioning,
  reader: BitReader,
  progressive: boolean,
): BlockDecoder {
  const even: Bins = Uint8Array.of(STATES.length - 1);
  const [from, to, low] = progressive ? [scan.from, scan.to, scan.low] : [0, 63, 0];
  const first = !progressive || scan.high === 0;
  const bit = 1 << low;
  let next = decisions(reader);
  /** By slot: 64 for DC, 256 for AC. */
  const bins: Bins[] = [];
  const slots = [...scan.dcSlots, ...scan.acSlots.map((slot) => 16 + slot)];
  /** By component: the last DC value, and where the bins of the next difference begin, by the size of the one before. */
  let predictions: number[] = [];
  let contexts: number[] = [];
  /** The first bit of the latest value less 1. */
  let top = 0;
  /** What no encoder writes: blocks stay as they are until the next restart. */
  let failed = false;

  /** The size of a value that is not 0, T.81 figures F.23 and F.24; its higher bits by the bins from `far`. */
  function magnitude(own: Bins, at: number, far: number, isAc: boolean): number {
    top = next(own, at);
    if (top && (!isAc || next(own, at))) {
      if (isAc) top = 2;
      for (at = far; !failed && next(own, at); at++) failed = (top <<= 1) === 0x8000;
    }
    let value = top;
    for (let bit = top >> 1; !failed && bit; bit >>= 1) if (next(own, at + 14)) value |= bit;
    return value + 1;
  }

  function readDc(i: number, coefficients: Int16Array, place: number): void {
    const slot = scan.dcSlots[i]!;
    const own = bins[slot]!;
    const at = contexts[i]!;
    contexts[i] = 0;
    if (next(own, at)) {
      const sign = next(own, at + 1);
      const size = magnitude(own, at + 2 + sign, 20, false);
      if (failed) return;
      const bounds = conditions[slot]!;
      if (top >= (1 << (bounds & 15)) >> 1)
        contexts[i] = (top > (1 << (bounds >> 4)) >> 1 ? 12 : 4) + sign * 4;
      predictions[i]! += sign ? -size : size;
    }
    coefficients[place] = predictions[i]! << low;
  }

  /** Coefficients of the band, or the next bit of those that are known and the first of others. */
  function readAc(i: number, coefficients: Int16Array, place: number): void {
    const slot = 16 + scan.acSlots[i]!;
    const own = bins[slot]!;
    const known = (k: number) => (first ? 0 : coefficients[place + ZIGZAG[k]!]!);
    let last = to;
    while (last > 0 && !known(last)) last--;
    for (let k = from || 1; k <= to; k++) {
      if (k > last && next(own, 3 * k - 3)) return; // the rest of the block is zero
      while (!known(k) && !next(own, 3 * k - 2)) {
        failed = ++k > to;
        if (failed) return;
      }
      let value = known(k);
      if (value) value += next(own, 3 * k - 1) && (value < 0 ? -bit : bit);
      else {
        const sign = next(even, 0);
        const far = k > conditions[slot]! ? 217 : 189;
        const size = first ? magnitude(own, 3 * k - 1, far, true) : 1;
        if (failed) return;
        value = (sign ? -size : size) << low;
      }
      coefficients[place + ZIGZAG[k]!] = value;
    }
  }

  function restart(): void {
    next = decisions(reader);
    for (const slot of slots) bins[slot] = new Uint8Array(256);
    predictions = [0, 0, 0, 0];
    contexts = [0, 0, 0, 0];
    failed = false;
  }

  restart();
  return {
    restart,
    block(i, coefficients, at) {
      if (failed) return;
      if (from === 0 && first) readDc(i, coefficients, at);
      else if (from === 0 && next(even, 0)) coefficients[at]! |= bit;
      if (!failed) readAc(i, coefficients, at);
    },
  };
}
