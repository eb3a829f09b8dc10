// PNG files to pixels, byte for byte what Pillow 13 gives: every colour type, depth and interlace.
// Gamma, colour profiles and tRNS change no sample, as in Pillow; APNG gives its default picture.
import type { RawImage } from '../../raw-image.ts';
import { broken, truncated } from '../errors.ts';
import { type DecodeLimits, expectLimits } from '../limits.ts';
import { readPng } from './chunks.ts';
import { inflate } from './inflate.ts';
import { Lines } from './lines.ts';
import { layoutOf } from './samples.ts';
import { type Pass, passesOf } from './scanlines.ts';

/**
 * @returns mode 1, L, LA, P, RGB, RGBA or I;16
 * @throws Error with Pillow's message and ours; RangeError above `maxPixels`
 */
export function decodePng(bytes: Uint8Array, limits: DecodeLimits = {}): RawImage {
  expectLimits(limits);
  const pad = limits.truncated === 'pad';
  const file = readPng(bytes, limits);
  const { width, height, palette, orientation } = file;
  const layout = layoutOf(file.colorType, file.depth);
  const passes = passesOf(width, height, layout.bits, file.interlaced);
  const wanted = passes.reduce((sum, pass) => sum + pass.height * (pass.lineBytes + 1), 0);

  // What cannot become a picture, since deflate shrinks by 1032 at most, takes no memory for one.
  const deflated = file.pixels.reduce((sum, chunk) => sum + chunk.length, 0);
  const lines =
    pad || deflated * 1032 >= wanted ? new Lines(passes, layout, width, height) : undefined;
  const { state, total } = inflate(file.pixels, wanted, pad, (part) => lines?.push(part));
  if (!pad && state === 'broken') throw broken('png: damaged zlib stream');
  // zlib reports the end of a short stream together with its last whole line, or not at all.
  const ends = state === 'full' || (state === 'ended' && endsWithLine(passes, total));
  if (!lines || (!pad && !ends)) throw truncated(0);
  if (!lines.known && !pad)
    throw new Error('unrecognized data stream contents when reading image file');
  const { data } = lines;
  const image: RawImage = { mode: layout.mode, width, height, data, orientation };
  return layout.mode === 'P' ? { ...image, palette: entriesOf(palette) } : image;
}

/** Whole entries of three bytes, at most 256: Pillow leaves out what remains, and refuses more. */
function entriesOf(palette: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (palette.length > 3 * 256 + 2) throw new Error('invalid palette size');
  return palette.slice(0, palette.length - (palette.length % 3));
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
