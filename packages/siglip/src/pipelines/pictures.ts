// The pictures of one call of a pipeline: one, or a list of them.
import type { ImageDecoder, RawImage } from '@siglip-ts/image';
import {
  type ImageInput,
  loadImage,
  type LoadImageOptions,
} from '../processing/pictures/load-image.ts';
import { inFront } from '../processing/pictures/text-image.ts';
import type { All } from '../runtime/options.ts';
import type { RunOptions } from '../runtime/running.ts';

export type Pictures = ImageInput | readonly ImageInput[];

/** Whether the answer is one for each, not one. */
export const isList = (images: Pictures): images is readonly ImageInput[] => Array.isArray(images);

/**
 * Loads them one after another. Throws TypeError before the first for a list with holes; an error in a list names the
 * index.
 */
export async function* picturesOf(
  images: Pictures,
  o: LoadImageOptions,
): AsyncGenerator<RawImage, void, undefined> {
  if (!isList(images)) return yield await loadImage(images, o);
  const hole = [...images].findIndex((image: unknown) => image == null);
  if (hole >= 0) throw new TypeError(`images[${hole}]: ${images[hole]}, expected a picture`);
  for (const [i, image] of images.entries())
    yield await loadImage(image, o).catch((error: unknown) => {
      throw o.signal?.aborted ? error : inFront(`images[${i}]`, error);
    });
}

/** A call's options with the decoders of its pipeline, which are asked after the call's own. */
export const withDecoders = <O extends LoadImageOptions>(
  o: O,
  decoders: readonly ImageDecoder[] = [],
): O => ({ ...o, decoders: [...(o.decoders ?? []), ...decoders] });

/** The options that every pipeline's call has. */
// prettier-ignore
export const PICTURE: All<LoadImageOptions & Pick<RunOptions, 'breathe'>> = {
  fetch: 0, signal: 0, timeout: 0, maxPixels: 0, truncated: 0, kernels: 0, decoders: 0, breathe: 0,
};
