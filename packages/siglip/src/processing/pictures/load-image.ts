// load_image of transformers: a picture from wherever it is, turned upright by its EXIF tag, in RGB.
import { convertRgb, decodeImageAsync, exifTranspose, type RawImage } from '@siglip-ts/image';
import { expectValues } from '../../runtime/options.ts';
import { nameOf } from './picture-error.ts';
import { pixelKernels } from './pixel-kernels.ts';
import { platformDecoder } from './platform-decoder.ts';
import { type ImageInput, portable } from './portable.ts';
import { inFront, READ, type ReadOptions } from './text-image.ts';

export type { Pixels } from './page-image.ts';
export type { ImageInput } from './portable.ts';
export type { ImageReach } from './reach.ts';
export type { ReadOptions as LoadImageOptions } from './text-image.ts';

/**
 * PNG and JPEG are decoded here, to the byte as Pillow does. Other formats are left to `decoders`, and then to the browser
 * or, in Node, to sharp where it is installed. A file is judged by its bytes, not by its name or type.
 *
 * Throws HF's ValueError text for a string that is no picture's, its TypeError text for other things, and for bytes that
 * are no picture an Error that says what they are. TypeError for a value that an option cannot have.
 */
export async function loadImage(image: ImageInput, o: ReadOptions = {}): Promise<RawImage> {
  expectValues(o, READ);
  const { image: found } = await portable(image, o);
  const raw = found instanceof Uint8Array ? await decoded(found, nameOf(image), o) : found;
  return convertRgb(exifTranspose(raw));
}

async function decoded(bytes: Uint8Array, name: string, o: ReadOptions): Promise<RawImage> {
  const decoders = [...(o.decoders ?? []), platformDecoder];
  try {
    return await decodeImageAsync(bytes, { kernels: pixelKernels(), ...o, decoders });
  } catch (error) {
    throw name ? inFront(name, error) : error;
  }
}
