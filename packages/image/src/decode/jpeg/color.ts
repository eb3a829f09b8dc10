// From JPEG's components to the samples Pillow shows: gray, RGB or CMYK.
// Which colours the components are is a guess from markers and ids, made as libjpeg makes it.
import type { PixelKernels } from '../../pixel-kernels.ts';
import type { Frame } from './frame.ts';
import type { RowSource } from './upsample.ts';

export type ColorSpace = 'gray' | 'ycc' | 'rgb' | 'ycck' | 'cmyk';

export function colorSpace(frame: Frame, jfif: boolean, adobe: number | undefined): ColorSpace {
  const ids = frame.components.map((c) => c.id).join();
  if (frame.components.length === 1) return 'gray';
  if (frame.components.length === 4) return adobe === undefined || adobe === 0 ? 'cmyk' : 'ycck';
  if (jfif) return 'ycc';
  if (adobe !== undefined) return adobe === 0 ? 'rgb' : 'ycc';
  return ids === '82,71,66' ? 'rgb' : 'ycc'; // the ids spell "RGB"
}

// YCbCr to RGB in 16-bit fixed point, ITU-R BT.601 at full range (JFIF): round(x * 2^16).
const RED_CR = 91881; //    1.402
const GREEN_CB = 22554; //  0.344136
const GREEN_CR = 46802; //  0.714136
const BLUE_CB = 116130; //  1.772
const HALF = 1 << 15;

/** Writes all rows to `out`, channels last. CMYK comes out inverted, as Adobe files hold it so. */
export function writeColors(
  space: ColorSpace,
  frame: Frame,
  rows: readonly RowSource[],
  out: Uint8Array,
  kernels: PixelKernels | undefined,
): void {
  const { width, height } = frame;
  const channels = rows.length;
  const rgb = new Uint8Array(space === 'ycck' ? 3 * width : 0);
  for (let y = 0; y < height; y++) {
    const samples = rows.map((row) => row(y));
    const line = out.subarray(y * width * channels, (y + 1) * width * channels);
    if (space === 'ycc') writeYcc(samples, line, kernels);
    else if (space === 'cmyk') writeInverted(samples, line);
    else if (space === 'ycck') {
      writeYcc(samples, rgb, kernels);
      addInvertedBlack(rgb, samples[3]!, line);
    } else for (let i = 0; i < channels; i++) interleave(samples[i]!, line, i, channels);
  }
}

function interleave(samples: Uint8Array, line: Uint8Array, first: number, channels: number): void {
  for (let to = first, x = 0; to < line.length; to += channels, x++) line[to] = samples[x]!;
}

function writeInverted(samples: Uint8Array[], line: Uint8Array): void {
  const [c, m, y, k] = samples as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  for (let x = 0, to = 0; to < line.length; x++, to += 4) {
    line[to] = 255 - c[x]!;
    line[to + 1] = 255 - m[x]!;
    line[to + 2] = 255 - y[x]!;
    line[to + 3] = 255 - k[x]!;
  }
}

/** YCCK's C, M and Y are 255 - R, G and B, so inverted they are these. */
function addInvertedBlack(rgb: Uint8Array, black: Uint8Array, line: Uint8Array): void {
  for (let x = 0, from = 0, to = 0; to < line.length; x++, from += 3, to += 4) {
    line[to] = rgb[from]!;
    line[to + 1] = rgb[from + 1]!;
    line[to + 2] = rgb[from + 2]!;
    line[to + 3] = 255 - black[x]!;
  }
}

/** Y, Cb and Cr to R, G and B. */
function writeYcc(
  samples: Uint8Array[],
  line: Uint8Array,
  kernels: PixelKernels | undefined,
): void {
  const [luma, blue, red] = samples as [Uint8Array, Uint8Array, Uint8Array];
  if (kernels?.yccToRgb(luma, blue, red, line)) return;
  for (let x = 0, to = 0; to < line.length; x++, to += 3) {
    const y = luma[x]!;
    const cb = blue[x]! - 128;
    const cr = red[x]! - 128;
    line[to] = clamp(y + ((RED_CR * cr + HALF) >> 16));
    line[to + 1] = clamp(y + ((HALF - GREEN_CB * cb - GREEN_CR * cr) >> 16));
    line[to + 2] = clamp(y + ((BLUE_CB * cb + HALF) >> 16));
  }
}

function clamp(x: number): number {
  return x < 0 ? 0 : x > 255 ? 255 : x;
}
