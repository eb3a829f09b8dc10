// What a file is, by its first bytes; never by its name or MIME type. For the formats that are not decoded here, so that
// others can be asked, and for what people take for pictures, so that the error helps.
import { latin1 } from './exif.ts';

/** Formats of pictures that decoders beside ours may know. */
export type ImageFormat =
  | 'PNG'
  | 'JPEG'
  | 'WebP'
  | 'GIF'
  | 'BMP'
  | 'TIFF'
  | 'AVIF'
  | 'HEIF'
  | 'JPEG 2000'
  | 'JPEG XL'
  | 'ICO';

const STARTS: readonly (readonly [string, ImageFormat])[] = [
  ['\x89PNG\r\n\x1a\n', 'PNG'],
  ['\xff\xd8\xff', 'JPEG'],
  ['GIF8', 'GIF'],
  ['BM', 'BMP'],
  ['II*\0', 'TIFF'],
  ['MM\0*', 'TIFF'],
  ['II+\0', 'TIFF'], // with 64-bit offsets
  ['MM\0+', 'TIFF'],
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
  ['\xff\x4f\xff\x51', 'JPEG 2000'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\xff\x0a', 'JPEG XL'],
  ['\0\0\x01\0', 'ICO'],
];

const AVIF = /^avi[fs]$/;
const HEIF = /^(hei[cxms]|hev[cxms]|mif1|msf1)$/;

/** The format of a picture, undefined for what is none of them. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = latin1(bytes.subarray(0, 12));
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'WebP';
  if (head.slice(4, 8) === 'ftyp') return brandOf(bytes);
  return STARTS.find(([start]) => head.startsWith(start))?.[1];
}

/** AVIF and HEIF are one container: the main brand may be that of both, then the others tell. */
function brandOf(bytes: Uint8Array): ImageFormat | undefined {
  const box = latin1(bytes.subarray(8, Math.max(12, Math.min(64, bytes[3]!))));
  const brands = [box.slice(0, 4), ...(box.slice(8).match(/.{4}/gs) ?? [])];
  if (brands.some((brand) => AVIF.test(brand))) return 'AVIF';
  return brands.some((brand) => HEIF.test(brand)) ? 'HEIF' : undefined;
}

const TEXTS: readonly (readonly [RegExp, string])[] = [
  [
    /^version https:\/\/git-lfs/,
    'a Git LFS pointer, not the file itself (git lfs pull fetches it)',
  ],
  [/^(<!--.*?-->\s*)*<(!doctype html|html|head|body)/is, 'an HTML page'],
  [/^(<\?xml.*?\?>\s*|<!--.*?-->\s*|<!doctype svg.*?>\s*)*<svg/is, 'SVG, which has no pixels'],
  [/^%PDF-/, 'PDF'],
];

/** What a file is that is no picture known here, as the end of "it is …". */
export function kindOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty';
  const text = latin1(bytes.subarray(0, 512)).replace(/^\xef\xbb\xbf/, '').trimStart(); // prettier-ignore
  const known = TEXTS.find(([pattern]) => pattern.test(text));
  if (known) return known[1];
  return /^[\t\n\r\x20-\x7e]+$/.test(text)
    ? `text that begins ${JSON.stringify(text.slice(0, 40))}`
    : 'none of the formats known here';
}
