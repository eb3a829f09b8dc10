// From lines of packed PNG samples to Pillow's modes. It keeps 8 of 16 bits, except in gray.
import type { Mode } from '../../raw-image.ts';

/** How one colour type and depth are stored and shown. */
export interface Layout {
  readonly mode: Mode;
  /** Bits of a pixel in the file. */
  readonly bits: number;
  /** Writes a line's pixels to `out` at `to`, `to + step`, ... (in samples). */
  unpack(
    line: Uint8Array,
    width: number,
    out: Uint8Array | Uint16Array,
    to: number,
    step: number,
  ): void;
}

export function layoutOf(colorType: number, depth: number): Layout {
  if (colorType === 0 && depth === 16) return { mode: 'I;16', bits: 16, unpack: gray16 };
  if (colorType === 0 && depth === 1) return small('1', 1, 255);
  if (colorType === 0 && depth < 8) return small('L', depth, 255 / ((1 << depth) - 1));
  if (colorType === 3 && depth < 8) return small('P', depth, 1);
  const { mode, picks } = WIDE[colorType]!;
  // A 16-bit sample's first byte is its high one. Pillow has no 16-bit mode with alpha: LA becomes RGBA.
  if (depth === 8) return bytes(mode, picks, 1);
  return colorType === 4 ? bytes('RGBA', [0, 0, 0, 1], 2, 2) : bytes(mode, picks, 2);
}

const WIDE: Readonly<Record<number, { mode: Mode; picks: readonly number[] }>> = {
  0: { mode: 'L', picks: [0] },
  2: { mode: 'RGB', picks: [0, 1, 2] },
  3: { mode: 'P', picks: [0] },
  4: { mode: 'LA', picks: [0, 1] },
  6: { mode: 'RGBA', picks: [0, 1, 2, 3] },
};

/** Samples of 1 or 2 bytes: `picks` says which of a pixel's samples go out, of which the first byte. */
function bytes(mode: Mode, picks: readonly number[], width: 1 | 2, samples = picks.length): Layout {
  return {
    mode,
    bits: samples * width * 8,
    unpack(line, pixels, out, to, step) {
      for (let i = 0; i < picks.length; i++) {
        let at = picks[i]! * width;
        for (let x = 0; x < pixels; x++, at += samples * width) out[to + x * step + i] = line[at]!;
      }
    },
  };
}

/** Samples of 1, 2 or 4 bits, the first in the high bits of its byte. */
function small(mode: Mode, bits: number, scale: number): Layout {
  const mask = (1 << bits) - 1;
  return {
    mode,
    bits,
    unpack(line, pixels, out, to, step) {
      for (let x = 0; x < pixels; x++) {
        const bit = x * bits;
        const value = (line[bit >> 3]! >> (8 - bits - (bit & 7))) & mask;
        out[to + x * step] = value * scale;
      }
    },
  };
}

function gray16(
  line: Uint8Array,
  pixels: number,
  out: Uint8Array | Uint16Array,
  to: number,
  step: number,
) {
  for (let x = 0; x < pixels; x++) out[to + x * step] = (line[2 * x]! << 8) | line[2 * x + 1]!;
}
