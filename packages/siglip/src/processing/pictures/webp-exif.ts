// The EXIF orientation of a WebP file, taken out of it: browsers ignore it today, in JPEG and AVIF they do not, and a
// picture must not be turned twice by one that learns to. For no other format, and no other use.
import { exifOrientation } from '@siglip-ts/image';

/** The file without its EXIF, and the orientation that it named; the file itself if it has none. */
export function withoutExif(file: Uint8Array): { bytes: Uint8Array; orientation: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // "RIFF", length, "WEBP", then chunks: a name, a length, data, padded to an even length.
  for (let at = 12; at + 8 <= file.length;) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at) === EXIF) {
      const orientation = exifOrientation(file.subarray(at + 8, at + 8 + length)) ?? 1;
      const bytes = file.slice();
      bytes.set(UNKNOWN, at); // a chunk that decoders must skip
      bytes[20]! &= ~0x08; // "has EXIF" in the flags of the first chunk, VP8X
      return { bytes, orientation };
    }
    at += 8 + length + (length % 2);
  }
  return { bytes: file, orientation: 1 };
}

const EXIF = 0x45584946;
const UNKNOWN = [0x6e, 0x6f, 0x6e, 0x65];
