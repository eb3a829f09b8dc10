// load_image of transformers: a picture from wherever it is, turned upright by its EXIF tag, in RGB.
import { convertRgb, decodeImageAsync, exifTranspose, type RawImage } from '@siglip-ts/image';
import { pixelKernels } from './pixel-kernels.ts';
import { platformDecoder } from './platform-decoder.ts';
import { type ImageInput, isUrl, portable } from './portable.ts';
import { inFront, type ReadOptions } from './text-image.ts';

export type { Pixels } from './page-image.ts';
export type { ImageInput } from './portable.ts';
export type { ReadOptions as LoadImageOptions } from './text-image.ts';

/**
 * PNG and JPEG are decoded here, to the byte as Pillow does. Other formats are left to `decoders`, and then to the browser
 * or, in Node, to sharp where it is installed. A file is judged by its bytes, not by its name or type.
 *
 * Throws HF's ValueError text for a string that is no picture's, its TypeError text for other things, and for bytes that
 * are no picture an Error that says what they are.
 */
export async function loadImage(image: ImageInput, o: ReadOptions = {}): Promise<RawImage> {
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

/** Where bytes came from; nothing for those that were given, and for a text that may hold them. */
function nameOf(image: ImageInput): string {
  if (isUrl(image)) return nameOf(image.href);
  const { currentSrc, url, name: file } = image as unknown as Record<string, string | undefined>; // <img>, Response, File
  const name = typeof image === 'string' ? image : (currentSrc ?? url ?? file ?? '');
  return name.length > 200 || /^data:/i.test(name) ? '' : name;
}
