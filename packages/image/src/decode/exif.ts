// EXIF orientation: finding it where Pillow's `getexif()` does, and turning pictures upright.
// No other EXIF field is read.
import { channelsOf, type RawImage } from '../raw-image.ts';

const ORIENTATION = 0x0112;
const SHORT = 3;
const LONG = 4;

/**
 * The orientation tag of the first image directory of an EXIF block (a TIFF file in small), or undefined.
 *
 * @param exif the block, with or without "Exif\0\0" in front
 */
export function exifOrientation(exif: Uint8Array): number | undefined {
  let block = exif;
  while (latin1(block.subarray(0, 6)) === 'Exif\0\0') block = block.subarray(6);
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const mark = latin1(block.subarray(0, 4));
  if (mark !== 'II*\0' && mark !== 'MM\0*') return undefined;
  const little = mark === 'II*\0';
  if (block.length < 8) return undefined;
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > block.length) return undefined;
    if (view.getUint16(at, little) !== ORIENTATION) continue;
    const type = view.getUint16(at + 2, little);
    if (type === SHORT) return view.getUint16(at + 8, little);
    if (type === LONG) return view.getUint32(at + 8, little);
    return undefined;
  }
  return undefined;
}

/** The orientation that an XMP packet names, or undefined: Pillow's second choice. */
export function xmpOrientation(xmp: string): number | undefined {
  const match = /tiff:Orientation(="|>)([0-9])/.exec(xmp);
  return match ? Number(match[2]) : undefined;
}

/** Bytes as characters 0..255. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return text;
}

/**
 * Where each orientation's output pixel (x, y) comes from, as [start, step x, step y] in pixels of an input
 * of width w and height h. The names are Pillow's `Image.Transpose`.
 */
const WALKS: Readonly<Record<number, (w: number, h: number) => [number, number, number]>> = {
  2: (w) => [w - 1, -1, w], //               FLIP_LEFT_RIGHT
  3: (w, h) => [w * h - 1, -1, -w], //       ROTATE_180
  4: (w, h) => [w * (h - 1), 1, -w], //      FLIP_TOP_BOTTOM
  5: (w) => [0, w, 1], //                    TRANSPOSE
  6: (w, h) => [w * (h - 1), -w, 1], //      ROTATE_270 (a quarter clockwise)
  7: (w, h) => [w * h - 1, -w, -1], //       TRANSVERSE
  8: (w) => [w - 1, w, -1], //               ROTATE_90
};

/**
 * The picture turned upright, as `PIL.ImageOps.exif_transpose`: a new image with orientation 1.
 * Orientations outside 2..8 change nothing.
 */
export function exifTranspose(image: RawImage): RawImage {
  const { width: w, height: h } = image;
  const orientation = image.orientation ?? 1;
  const walk = WALKS[orientation];
  if (!walk) return image;
  const channels = channelsOf(image.mode);
  const [start, stepX, stepY] = walk(w, h);
  const [width, height] = orientation < 5 ? [w, h] : [h, w];
  // Not slice(): that of Node's Buffer does not copy.
  const data = new (image.data instanceof Uint16Array ? Uint16Array : Uint8Array)(
    image.data.length,
  );
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (start + x * stepX + y * stepY) * channels;
      for (let i = 0; i < channels; i++) data[to++] = image.data[from + i]!;
    }
  }
  return { ...image, width, height, data, orientation: 1 };
}
