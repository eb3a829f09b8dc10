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

/** The size upright: a quarter turn swaps the sides. */
export const sizeOf = ({ width, height, orientation }: Row): [number, number] =>
  orientation < 5 ? [width, height] : [height, width];
