// From the bytes of a file to a picture: looks at the first bytes and calls the decoder.
// PNG and JPEG are built in; other formats are the caller's, as plug-ins.
import type { KernelOption } from '../pixel-kernels.ts';
import { isRawImage, type RawImage } from '../raw-image.ts';
import { unidentified } from './errors.ts';
import { imageFormat, kindOf } from './format.ts';
import { decodeJpeg } from './jpeg/decode-jpeg.ts';
import { type DecodeLimits, expectLimits, expectPixels } from './limits.ts';
import { decodePng } from './png/decode-png.ts';

/** A decoder for one more format, or a faster one: plug-ins are asked before the built-in ones. */
export interface ImageDecoder {
  /** Whether the file with these bytes is this decoder's; formats are known by the first few. */
  matches(bytes: Uint8Array): boolean;
  /** The picture; its size is checked again, the limits only let a decoder refuse it sooner. */
  decode(bytes: Uint8Array, limits: DecodeLimits): RawImage | Promise<RawImage>;
}

/** How a file becomes a picture. */
export interface DecodeImageOptions extends DecodeLimits, KernelOption {
  /** Asked in their order, before the built-in ones. */
  readonly decoders?: readonly ImageDecoder[];
}

/**
 * The picture in a PNG or JPEG file, in its own mode and not turned upright, as `PIL.Image.open(...)` and
 * `.load()` give it: sample for sample.
 *
 * @throws Error with Pillow's message for a bad file, or naming the format if no decoder knows it;
 *   RangeError for more than `maxPixels` pixels; TypeError for a limit that is none, and if a plug-in answers with a promise
 */
export function decodeImage(bytes: Uint8Array, options: DecodeImageOptions = {}): RawImage {
  const image = decode(bytes, options);
  if ('then' in image) {
    image.then(undefined, () => {}); // its failure would be nobody's
    throw new TypeError('decodeImage: a plug-in decoder is asynchronous; use decodeImageAsync');
  }
  return checked(image, options);
}

/** `decodeImage` for plug-ins that answer with a promise. */
export async function decodeImageAsync(
  bytes: Uint8Array,
  options: DecodeImageOptions = {},
): Promise<RawImage> {
  return checked(await decode(bytes, options), options);
}

function decode(bytes: Uint8Array, options: DecodeImageOptions): RawImage | Promise<RawImage> {
  expectLimits(options);
  const plugin = options.decoders?.find((decoder) => decoder.matches(bytes));
  if (plugin) return plugin.decode(bytes, options);
  const format = imageFormat(bytes);
  if (format === 'PNG') return decodePng(bytes, options);
  if (format === 'JPEG') return decodeJpeg(bytes, options);
  throw unidentified(
    format
      ? `${format} needs a plug-in, see the option decoders`
      : `neither PNG nor JPEG, it is ${kindOf(bytes)}`,
  );
}

function checked(image: RawImage, options: DecodeImageOptions): RawImage {
  if (!isRawImage(image)) throw new TypeError('decodeImage: a plug-in gave no RawImage');
  expectPixels(image.width, image.height, options);
  return image;
}
