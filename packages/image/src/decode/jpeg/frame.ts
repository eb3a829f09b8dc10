// A JPEG frame: the picture's size and its components, and how blocks of 8x8 samples tile them.
// No decoding happens here.
import { broken } from '../errors.ts';

export interface Component {
  readonly id: number;
  /** Sampling factors: blocks of this component in an MCU, across and down. */
  readonly h: number;
  readonly v: number;
  readonly quantSlot: number;
  /** Size in samples: the picture's, scaled by h / hMax and v / vMax, rounded up. */
  readonly width: number;
  readonly height: number;
  /** Size in blocks that hold at least one sample of the picture. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Blocks in a row of `coefficients`: whole MCUs, so some hold nothing of the picture. */
  readonly stride: number;
  /** Quantisation steps in natural order, copied at the component's first scan. */
  quant?: Uint16Array;
  /** 64 coefficients per block, natural order: the whole component, or one row of MCUs (`oneScan`). */
  coefficients: Int16Array;
  /** Of each block in several scans: which coefficient is the last, in zigzag order, that is not 0 (DC aside). */
  last: Uint8Array;
  /** Decoded samples, `blocksAcross` * 8 in a row, `blocksDown` * 8 rows. */
  samples: Uint8Array;
}

export interface Frame {
  readonly progressive: boolean;
  /** Arithmetic-coded; else by Huffman codes. */
  readonly arithmetic: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  readonly hMax: number;
  readonly vMax: number;
  readonly mcusAcross: number;
  readonly mcusDown: number;
}

/** From a SOF segment's content (T.81 B.2.2). Allocates no samples. */
export function readFrame(segment: Uint8Array, progressive: boolean, arithmetic: boolean): Frame {
  const height = (segment[1]! << 8) | segment[2]!;
  const width = (segment[3]! << 8) | segment[4]!;
  const count = segment[5]!;
  if (segment.length !== 6 + 3 * count) throw broken('jpeg: bad SOF length');
  if (segment[0] !== 8) throw broken(`jpeg: ${segment[0]} bits a sample`);
  // libjpeg's limit, a little below the 65535 that the format could say.
  if (width > 65500 || height > 65500) throw broken(`jpeg: ${width}x${height} is too big`);
  const rows = Array.from({ length: count }, (_, i) => segment.subarray(6 + 3 * i, 9 + 3 * i));
  const factors = rows.map((row) => ({ h: row[1]! >> 4, v: row[1]! & 15 }));
  if (factors.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw broken('jpeg: bad sampling factors');
  }
  // eslint-disable-next-line house/no-spread-list -- four components at most
  const hMax = Math.max(...factors.map(({ h }) => h));
  // eslint-disable-next-line house/no-spread-list -- likewise
  const vMax = Math.max(...factors.map(({ v }) => v));
  const mcusAcross = Math.ceil(width / (8 * hMax));
  const mcusDown = Math.ceil(height / (8 * vMax));
  const components = rows.map((row, i): Component => {
    const { h, v } = factors[i]!;
    return {
      id: row[0]!,
      h,
      v,
      quantSlot: row[2]!,
      width: Math.ceil((width * h) / hMax),
      height: Math.ceil((height * v) / vMax),
      blocksAcross: Math.ceil((width * h) / (8 * hMax)),
      blocksDown: Math.ceil((height * v) / (8 * vMax)),
      stride: mcusAcross * h,
      coefficients: new Int16Array(0),
      last: new Uint8Array(0),
      samples: new Uint8Array(0),
    };
  });
  return { progressive, arithmetic, width, height, components, hMax, vMax, mcusAcross, mcusDown };
}

/** Allocates coefficients for the whole picture, or for one row of MCUs at a time. */
export function allocate(frame: Frame, oneScan: boolean): void {
  for (const c of frame.components) {
    const rows = oneScan ? c.v : frame.mcusDown * c.v;
    c.coefficients = new Int16Array(rows * c.stride * 64);
    c.last = new Uint8Array(oneScan ? 0 : rows * c.stride);
    c.samples = new Uint8Array(c.blocksAcross * c.blocksDown * 64);
  }
}
