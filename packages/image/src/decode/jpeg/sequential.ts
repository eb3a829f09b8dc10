// Blocks of a sequential scan (baseline and extended): all 64 coefficients at once, T.81 F.2.2.
import type { BitReader } from './bit-reader.ts';
import { type HuffmanTables, tableOf } from './huffman-table.ts';
import { type BlockDecoder, type ScanHeader, ZIGZAG } from './scan.ts';

export function sequentialBlocks(
  scan: ScanHeader,
  tables: HuffmanTables,
  reader: BitReader,
): BlockDecoder {
  const dc = scan.dcSlots.map((slot) => tableOf(tables, 'dc', slot));
  const ac = scan.acSlots.map((slot) => tableOf(tables, 'ac', slot));
  const predictions = new Int32Array(scan.components.length);
  return {
    block(i, coefficients, at) {
      const size = reader.symbol(dc[i]!);
      if (size > 0) predictions[i]! += reader.amplitude(size);
      coefficients[at] = predictions[i]!;
      const table = ac[i]!;
      for (let k = 1; k < 64; k++) {
        k = reader.quickly(table, ZIGZAG, coefficients, at, k);
        if (k >= 64) break;
        const symbol = reader.symbol(table);
        const bits = symbol & 15;
        const run = symbol >> 4;
        if (bits > 0) {
          k += run;
          coefficients[at + ZIGZAG[k]!] = reader.amplitude(bits);
        } else if (run === 15) k += 15;
        else break; // the rest of the block is zero
      }
    },
    restart() {
      predictions.fill(0);
    },
  };
}
