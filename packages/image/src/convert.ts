// `Image.convert("RGB")` of Pillow 13 from every mode that decoding gives. No other conversion.
import { channelsOf, type RawImage } from './raw-image.ts';

/** A pixel's red, green or blue (i = 0, 1, 2) from the samples at `at`. */
type Pick = (data: RawImage['data'], at: number, i: number) => number;

/**
 * The picture in RGB; itself if it is RGB already. Alpha is dropped and not composed over any colour:
 * what lies under transparent pixels shows. 16-bit gray is cut off at 255 and not scaled, as in Pillow.
 */
export function convertRgb(image: RawImage): RawImage {
  if (image.mode === 'RGB') return image;
  const { width, height, data, orientation = 1 } = image;
  const pick = pickOf(image);
  const channels = channelsOf(image.mode);
  const out = new Uint8Array(width * height * 3);
  for (let at = 0, to = 0; to < out.length; at += channels, to += 3) {
    out[to] = pick(data, at, 0);
    out[to + 1] = pick(data, at, 1);
    out[to + 2] = pick(data, at, 2);
  }
  return { mode: 'RGB', width, height, data: out, orientation };
}

function pickOf({ mode, palette }: RawImage): Pick {
  if (mode === 'RGBA') return (data, at, i) => data[at + i]!;
  if (mode === 'CMYK') return (data, at, i) => cmyk(data[at + i]!, data[at + 3]!);
  if (mode === 'I;16') return (data, at) => Math.min(data[at]!, 255);
  if (mode !== 'P' && mode !== 'PA') return (data, at) => data[at]!;
  // An index past the palette's end is black.
  return (data, at, i) => palette?.[3 * data[at]! + i] ?? 0;
}

/** 255 - K, less its share of ink. `(x + (x >> 8)) >> 8` divides by 255 and rounds. */
function cmyk(ink: number, black: number): number {
  const light = 255 - black;
  const x = ink * light + 128;
  return Math.max(0, light - ((x + (x >> 8)) >> 8));
}
