// What Pillow itself reads of a JPEG file before libjpeg sees it (`JpegImagePlugin`): everything up to the
// first scan, for mode, size and orientation. `decode-jpeg.ts` then reads the file again, as libjpeg.
import type { Mode } from '../../raw-image.ts';
import { concat } from '../bytes.ts';
import { broken, cutRead, unidentified, unloadable } from '../errors.ts';
import { exifOrientation, latin1, xmpOrientation } from '../exif.ts';

export interface JpegHeader {
  readonly mode: Mode;
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
}

const MODES: Readonly<Record<number, Mode>> = { 1: 'L', 3: 'RGB', 4: 'CMYK' };
const XMP = 'http://ns.adobe.com/xap/1.0/\0';

/** @throws Error as `Image.open` does, or as `load` does where no scan was found */
export function openJpeg(data: Uint8Array): JpegHeader {
  let frame: Omit<JpegHeader, 'orientation'> | undefined;
  const exif: Uint8Array[] = [];
  let xmp = '';
  let sawScan = false;
  for (const [marker, segment] of headerSegments(data)) {
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    // Pillow reads these, so they are no damage that 'pad' may pass over.
    if (marker === 0xc3) throw broken('jpeg: lossless coding, which is not supported');
    if (isFrame || marker === 0xde) frame = openFrame(segment);
    else if (marker === 0xdb) expectQuantTables(segment);
    else if (marker === 0xe1) {
      const text = latin1(segment.subarray(0, 64));
      // A block of more than 64 kB comes in several segments.
      if (text.startsWith('Exif\0\0')) exif.push(segment.subarray(6));
      else if (text.startsWith(XMP)) xmp = latin1(segment.subarray(XMP.length));
    } else if (marker === 0xda) sawScan = true;
  }
  if (!frame || frame.width === 0 || frame.height === 0) throw unidentified('jpeg without a size');
  if (!sawScan) throw unloadable('jpeg without a scan');
  return { ...frame, orientation: exifOrientation(concat(exif)) ?? xmpOrientation(xmp) ?? 1 };
}

function openFrame(segment: Uint8Array) {
  if (segment.length < 6 || segment.length % 3 > 0)
    throw unidentified('jpeg with a cut frame header');
  if (segment[0] !== 8) throw unidentified(`jpeg with ${segment[0]}-bit layers`);
  const mode = MODES[segment[5]!];
  if (!mode) throw unidentified(`jpeg with ${segment[5]} layers`);
  const height = (segment[1]! << 8) | segment[2]!;
  const width = (segment[3]! << 8) | segment[4]!;
  return { mode, width, height };
}

function expectQuantTables(segment: Uint8Array): void {
  for (let at = 0; at < segment.length;) {
    at += 1 + 64 * (segment[at]! >> 4 === 0 ? 1 : 2);
    if (at > segment.length) throw unidentified('jpeg with a cut quantization table');
  }
}

/** The segments up to and with the first SOS, as [marker, content]; bytes between them are skipped. */
function* headerSegments(data: Uint8Array): Generator<[number, Uint8Array]> {
  let at = 2;
  for (;;) {
    while (at < data.length && data[at] !== 0xff) at++;
    while (at < data.length && data[at] === 0xff) at++;
    if (at >= data.length) return;
    const marker = data[at++]!;
    if (marker === 0) continue;
    if (marker < 0xc0) throw unidentified(`jpeg with marker ${marker}`);
    // RSTn, SOI, EOI, JPG and JPGn have no content as far as Pillow is concerned.
    if ((marker >= 0xd0 && marker <= 0xd9) || marker === 0xc8) continue;
    if (marker >= 0xf0 && marker <= 0xfd) continue;
    if (at + 2 > data.length) throw unidentified('jpeg with a cut segment');
    const length = Math.max(0, ((data[at]! << 8) | data[at + 1]!) - 2);
    at += 2;
    if (at + length > data.length) throw cutRead();
    yield [marker, data.subarray(at, at + length)];
    if (marker === 0xda) return;
    at += length;
  }
}
