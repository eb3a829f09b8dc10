// The pictures of one call of a pipeline: one, or a list of them.
import type { ImageDecoder, RawImage } from '@siglip-ts/image';
import {
  type ImageInput,
  type ImageReach,
  loadImage,
  type LoadImageOptions,
} from '../processing/pictures/load-image.ts';
import { type PictureError, pictureError } from '../processing/pictures/picture-error.ts';
import { READ } from '../processing/pictures/text-image.ts';
import type { All } from '../runtime/options.ts';
import type { RunOptions } from '../runtime/running.ts';
import { FUNCTION } from '../runtime/values.ts';

export type Pictures = ImageInput | readonly ImageInput[];

/** Whether the answer is one for each, not one. */
export const isList = (images: Pictures): images is readonly ImageInput[] => Array.isArray(images);

/**
 * What every pipeline's call takes. What its pictures may reach is the pipeline's to say: a call may be made with a stranger's
 * options.
 */
export interface PictureOptions
  extends Omit<LoadImageOptions, 'images'>, Pick<RunOptions, 'breathe'> {
  /** 'collect': the error of a picture in a list stands in its place, and the others are done. Default: it is thrown. */
  on_error?: 'throw';
}
/** A call's options where errors are collected. */
export type Collecting<O> = Omit<O, 'on_error'> & {
  /** Errors stand in the place of their pictures. */
  readonly on_error: 'collect';
};

/**
 * What `of` makes of one picture, or of each of a list, loaded one after another. Throws TypeError before the first for a list
 * with holes. In a list an error says which picture it is of.
 */
export async function eachPicture<T>(
  images: Pictures,
  o: (PictureOptions | Collecting<PictureOptions>) & {
    on_image?: (done: number, total: number) => void;
  },
  of: (picture: RawImage) => Promise<T>,
): Promise<T | (T | PictureError)[]> {
  if (!['throw', 'collect'].includes(o.on_error ?? 'throw'))
    throw new TypeError(`on_error: ${String(o.on_error)}, expected throw or collect`);
  const list = isList(images) ? [...images] : [images];
  const hole = list.findIndex((image: unknown) => image == null);
  if (isList(images) && hole >= 0)
    throw new TypeError(`images[${hole}]: ${list[hole]}, expected a picture`);
  const results: (T | PictureError)[] = [];
  for (const [i, image] of list.entries()) {
    try {
      results.push(await of(await loadImage(image, o)));
    } catch (error) {
      if (!isList(images) || o.signal?.aborted) throw error;
      const found = pictureError(error, i, image);
      if (o.on_error !== 'collect') throw found;
      results.push(found);
    }
    o.on_image?.(results.length, list.length);
  }
  return isList(images) ? results : (results[0] as T);
}

/** What a pipeline says of the pictures of every call. */
export interface OfAllPictures {
  /** Asked after the call's own. */
  readonly decoders?: readonly ImageDecoder[] | undefined;
  readonly images?: ImageReach | undefined;
}

/** A call's options with those of its pipeline. */
export const withThose = <O extends PictureOptions>(
  o: O,
  { decoders = [], images }: OfAllPictures,
): O & LoadImageOptions => ({ ...o, decoders: [...(o.decoders ?? []), ...decoders], images });

const { images: _, ...OF_EACH } = READ;

/** The options that every pipeline's call has. */
// prettier-ignore
export const PICTURE: All<PictureOptions> = {
  ...OF_EACH, breathe: FUNCTION, on_error: 0,
};

/** Throws for a score that is none: as JSON it would be null, and every comparison with it false. */
export function expectNumbers<T extends ArrayLike<number>>(scores: T, dtype: string): T {
  for (let i = 0; i < scores.length; i++)
    if (Number.isNaN(scores[i]))
      throw new RangeError(
        `score ${i} is NaN: the weights or the pixel_values hold numbers that are none, or they overflow in ${dtype}`,
      );
  return scores;
}
