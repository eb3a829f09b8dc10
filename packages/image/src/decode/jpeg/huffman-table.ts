// Huffman tables: from the 16 counts and the list of symbols of a DHT segment to what a decoder needs.
// Also the four tables of T.81 annex K, which MJPEG frames leave out.
import { broken } from '../errors.ts';

/** Codes up to this long are found by one look into a table of 512 entries. */
export const LOOKAHEAD = 9;

export interface HuffmanTable {
  /** For each 9-bit prefix: length << 8 | symbol, or 0 if the code is longer. */
  readonly lookup: Uint16Array;
  /** By code length: the largest code, -1 if there is none. */
  readonly maxCode: Int32Array;
  /** By code length: what to add to a code to find its symbol's place. */
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
  /**
   * For each prefix of AT_ONCE bits that holds a code and the whole amplitude behind it:
   * amplitude << 16 | coefficients to pass over << 8 | bits taken; 0 if it does not.
   */
  readonly atOnce: Int32Array;
}

/** Most codes and their amplitudes together are no longer than this. */
export const AT_ONCE = 11;
/** What `atOnce` says is passed over at the end of a block: everything. */
const REST = 63;

/**
 * @param counts how many codes there are of 1..16 bits
 * @param symbols the symbols in the order of their codes (T.81 annex C)
 * @throws Error if the counts are no prefix code: a code of all ones is not allowed either
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const lookup = new Uint16Array(1 << LOOKAHEAD);
  const maxCode = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++, code <<= 1) {
    const count = counts[length - 1]!;
    if (count === 0) continue;
    offset[length] = place - code;
    for (let i = 0; i < count; i++, code++, place++) {
      if (length > LOOKAHEAD) continue;
      const first = code << (LOOKAHEAD - length);
      const last = first + (1 << (LOOKAHEAD - length));
      lookup.fill((length << 8) | symbols[place]!, first, last);
    }
    maxCode[length] = code - 1;
    if (code >= 1 << length) throw broken('jpeg: bad Huffman table');
  }
  const padded = new Uint8Array(256);
  padded.set(symbols);
  return { lookup, maxCode, offset, symbols: padded, atOnce: atOnce(lookup) };
}

function atOnce(lookup: Uint16Array): Int32Array {
  const entries = new Int32Array(1 << AT_ONCE);
  for (let prefix = 0; prefix < entries.length; prefix++) {
    const entry = lookup[prefix >> (AT_ONCE - LOOKAHEAD)]!;
    const size = entry & 15;
    const run = (entry >> 4) & 15;
    const taken = (entry >> 8) + size;
    if (entry === 0 || taken > AT_ONCE) continue;
    const value = (prefix >> (AT_ONCE - taken)) & ((1 << size) - 1);
    const over = size > 0 || run === 15 ? run : REST;
    entries[prefix] = ((size > 0 ? extended(value, size) : 0) << 16) | (over << 8) | taken;
  }
  return entries;
}

/** A signed amplitude of `size` bits (T.81 figure F.12): a leading 0 bit marks a negative one. */
export function extended(value: number, size: number): number {
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/** Tables by slot (0..3), DC and AC. */
export interface HuffmanTables {
  readonly dc: (HuffmanTable | undefined)[];
  readonly ac: (HuffmanTable | undefined)[];
}

/** The table of a slot. DC symbols are sizes of at most 15 bits. */
export function tableOf(tables: HuffmanTables, kind: 'dc' | 'ac', slot: number): HuffmanTable {
  const table = tables[kind][slot];
  if (!table) throw broken(`jpeg: no ${kind.toUpperCase()} Huffman table ${slot}`);
  if (kind === 'dc' && table.symbols.some((symbol) => symbol > 15)) {
    throw broken('jpeg: bad DC Huffman table');
  }
  return table;
}

/** Fills slots 0 (luminance) and 1 (chrominance) where the file has not, with T.81 tables K.3 - K.6. */
export function addStandardTables(tables: HuffmanTables): void {
  for (const slot of [0, 1]) {
    const dc = Uint8Array.from({ length: 12 }, (_, size) => size);
    const ac = Uint8Array.from(new Set([...bytes(AC_SYMBOLS[slot]!), ...ALL_AC]));
    tables.dc[slot] ??= huffmanTable(bytes(DC_COUNTS[slot]!), dc);
    tables.ac[slot] ??= huffmanTable(bytes(AC_COUNTS[slot]!), ac);
  }
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}

const DC_COUNTS = ['00010501010101010100000000000000', '00030101010101010101010000000000'];
const AC_COUNTS = ['0002010303020403050504040000017d', '00020102040403040705040400010277'];
/** The symbols of shorter codes; those of the longest are all others, by run and size. */
const AC_SYMBOLS = [
  '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282',
  '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1',
];
const ALL_AC = Array.from(
  { length: 16 * 10 },
  (_, i) => (Math.floor(i / 10) << 4) | ((i % 10) + 1),
);
