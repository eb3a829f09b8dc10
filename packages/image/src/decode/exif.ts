// EXIF orientation: finding it where Pillow's `getexif()` does, and turning pictures upright.
// No other EXIF field is read.
import { channelsOf, type RawImage } from '../raw-image.ts';

const ORIENTATION = 0x0112;

/** How a value of a TIFF type is read, and how many bytes it takes; null for text and bytes, which turn nothing. */
type Reader = ((view: DataView, at: number, little: boolean) => number) | null;
const TYPES: Readonly<Record<number, readonly [bytes: number, read: Reader]>> = {
  1: [1, null], //  BYTE
  2: [1, null], //  ASCII
  3: [2, (v, at, little) => v.getUint16(at, little)],
  4: [4, (v, at, little) => v.getUint32(at, little)],
  5: [8, (v, at, little) => v.getUint32(at, little) / v.getUint32(at + 4, little)], // RATIONAL
  6: [1, (v, at) => v.getInt8(at)],
  7: [1, null], //  UNDEFINED
  8: [2, (v, at, little) => v.getInt16(at, little)],
  9: [4, (v, at, little) => v.getInt32(at, little)],
  10: [8, (v, at, little) => v.getInt32(at, little) / v.getInt32(at + 4, little)],
  11: [4, (v, at, little) => v.getFloat32(at, little)],
  12: [8, (v, at, little) => v.getFloat64(at, little)],
  13: [4, (v, at, little) => v.getUint32(at, little)], // IFD
  16: [8, (v, at, little) => Number(v.getBigUint64(at, little))], // LONG8
};

/** TIFF's two marks, and those with their second half turned round, which Pillow reads too. */
const LITTLE = ['II*\0', 'II\0*'];
const BIG = ['MM\0*', 'MM*\0', 'MM\0+'];

/**
 * The orientation tag of the first image directory of an EXIF block (a TIFF file in small): undefined where there is
 * none, NaN where the block or the tag cannot be read, for which Pillow asks no XMP packet either.
 *
 * @param exif the block, with or without "Exif\0\0" in front
 */
export function exifOrientation(exif: Uint8Array): number | undefined {
  const block = exif.subarray(/^(Exif\0\0){0,2}/.exec(latin1(exif.subarray(0, 12)))![0].length);
  if (block.length === 0) return undefined;
  const mark = latin1(block.subarray(0, 4));
  const little = LITTLE.includes(mark);
  if ((!little && !BIG.includes(mark)) || block.length < 8) return NaN;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  let at = view.getUint32(4, little);
  if (at + 2 > block.length) return undefined;
  const entries = view.getUint16(at, little);
  at += 2;
  let behind = 0; // bytes of values that lie elsewhere, of all tags before
  for (let i = 0; i < entries && at + 12 <= block.length; i++, at += 12) {
    const [bytes, read] = TYPES[view.getUint16(at + 2, little)] ?? [0, null];
    const size = bytes * view.getUint32(at + 4, little);
    if (size === 0) continue;
    let from = at + 8;
    if (size > 4) {
      behind += size;
      if (behind > block.length) continue;
      from = view.getUint32(from, little);
      if (from + size > block.length) return undefined; // Pillow reads no further
    }
    if (view.getUint16(at, little) === ORIENTATION) return read ? read(view, from, little) : NaN;
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
