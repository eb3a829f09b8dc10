// PNG files to pixels, byte for byte what Pillow 13 gives: every colour type, depth and interlace.
// Gamma, colour profiles and tRNS change no sample, as in Pillow; APNG gives its default picture.
import { channelsOf, type RawImage } from '../../raw-image.ts';
import { broken, truncated } from '../errors.ts';
import { type DecodeLimits, expectPixels } from '../limits.ts';
import { readPng } from './chunks.ts';
import { inflate } from './inflate.ts';
import { type Layout, layoutOf } from './samples.ts';
import { type Pass, passesOf, unfilter } from './scanlines.ts';

/**
 * @returns mode 1, L, LA, P, RGB, RGBA or I;16
 * @throws Error with Pillow's message and ours; RangeError above `maxPixels`
 */
export function decodePng(bytes: Uint8Array, limits: DecodeLimits = {}): RawImage {
  const pad = limits.truncated === 'pad';
  const file = readPng(bytes, pad, (width, height) => expectPixels(width, height, limits));
  const { width, height, palette, orientation } = file;
  const layout = layoutOf(file.colorType, file.depth);
  const passes = passesOf(width, height, layout.bits, file.interlaced);
  const wanted = passes.reduce((sum, pass) => sum + pass.height * (pass.lineBytes + 1), 0);

  const lines = inflate(file.pixels, wanted, pad);
  if (!pad && lines.state === 'broken') throw broken('png: damaged zlib stream');
  if (!pad && lines.state === 'cut') throw truncated(0);
  // zlib reports the end of a short stream together with its last whole line, or not at all.
  if (!pad && lines.state === 'ended' && !endsWithLine(passes, lines.bytes.length))
    throw truncated(0);

  const samples = width * height * channelsOf(layout.mode);
  const data = layout.mode === 'I;16' ? new Uint16Array(samples) : new Uint8Array(samples);
  const known = writePasses(passes, layout, lines.bytes, data, width);
  if (!known && !pad) throw new Error('unrecognized data stream contents when reading image file');
  const image: RawImage = { mode: layout.mode, width, height, data, orientation };
  return layout.mode === 'P' ? { ...image, palette: entriesOf(palette) } : image;
}

/** Whole entries of three bytes, at most 256: Pillow leaves out what remains, and refuses more. */
function entriesOf(palette: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (palette.length > 3 * 256 + 2) throw new Error('invalid palette size');
  return palette.slice(0, palette.length - (palette.length % 3));
}

/** Unfilters and unpacks all whole lines. False if it met an unknown filter, where it stops. */
function writePasses(
  passes: readonly Pass[],
  layout: Layout,
  bytes: Uint8Array,
  data: Uint8Array | Uint16Array,
  width: number,
): boolean {
  const channels = channelsOf(layout.mode);
  const step = Math.max(1, layout.bits >> 3);
  let at = 0;
  for (const pass of passes) {
    let above: Uint8Array = new Uint8Array(pass.lineBytes);
    for (let row = 0; row < pass.height; row++) {
      const end = at + 1 + pass.lineBytes;
      if (end > bytes.length) return true;
      const line = bytes.subarray(at + 1, end);
      if (!unfilter(bytes[at]!, line, above, step)) return false;
      const to = (pass.y + row * pass.stepY) * width + pass.x;
      layout.unpack(line, pass.width, data, to * channels, pass.stepX * channels);
      above = line;
      at = end;
    }
  }
  return true;
}

function endsWithLine(passes: readonly Pass[], length: number): boolean {
  let left = length;
  for (const { height, lineBytes } of passes) {
    const rows = Math.min(height, Math.floor(left / (lineBytes + 1)));
    left -= rows * (lineBytes + 1);
    if (rows < height) break;
  }
  return left === 0 && length > 0;
}
