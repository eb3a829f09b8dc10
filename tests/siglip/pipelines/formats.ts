// The pictures of fixtures/image/platform.bin, and which of them come out to the byte as Pillow gives them. Not a test.

export interface Row {
  name: string;
  offset: number;
  length: number;
  width: number;
  height: number;
  orientation: number;
  /** Of the RGB pixels, upright, as load_image of transformers gives them. */
  sha256_upright: string;
}

/** What a place makes of a picture: Pillow's pixels, others of the right size, or an error. */
export type Verdict = 'exact' | 'inexact' | 'refused';

/** sharp 0.35: AVIF's colours are upsampled otherwise, and a GIF's transparent pixels lose theirs. */
export const SHARP: Readonly<Record<string, Verdict>> = {
  'gif-transparent': 'inexact',
  'avif-420': 'inexact',
  'avif-444': 'inexact',
  'avif-alpha': 'inexact',
  'avif-exif-6': 'inexact',
  bmp: 'refused',
  'bmp-palette': 'refused',
  ico: 'refused',
  'jpeg-2000': 'refused',
};

/** Browsers: a canvas rounds colours under alpha, and loses those of transparent pixels. No TIFF but in Safari. */
const CANVAS: Readonly<Record<string, Verdict>> = {
  'webp-alpha': 'inexact',
  'webp-cut-out': 'inexact',
  'webp-lossy-alpha': 'inexact',
  'gif-transparent': 'inexact',
  'avif-alpha': 'inexact',
  ico: 'inexact',
  tiff: 'refused',
  'tiff-lzw': 'refused',
  'tiff-deflate': 'refused',
  'tiff-jpeg': 'refused',
  'tiff-gray': 'refused',
  'tiff-1bit': 'refused',
  'tiff-palette': 'refused',
  'tiff-alpha': 'refused',
  'tiff-cmyk': 'refused',
  'tiff-gray16': 'refused',
  'tiff-exif-6': 'refused',
  'jpeg-2000': 'refused',
};
export const BROWSERS_DECODE = {
  Chromium: CANVAS,
  Firefox: { ...CANVAS, 'avif-420': 'inexact', 'avif-exif-6': 'inexact' },
} as const satisfies Record<string, Readonly<Record<string, Verdict>>>;

/** The size upright: a quarter turn swaps the sides. */
export const sizeOf = ({ width, height, orientation }: Row): [number, number] =>
  orientation < 5 ? [width, height] : [height, width];
