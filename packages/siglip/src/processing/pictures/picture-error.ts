// How an error says which picture it is of: by its place in a list, and by its name. It knows no decoder, since a page whose
// pipeline is in a worker needs none.
import { type ImageInput, isUrl } from './portable.ts';
import { inFront } from './text-image.ts';

/** The error of a picture in a list. */
export interface PictureError extends Error {
  /** Where it is in the list. */
  index: number;
  /** Its path, address or file name, if it has one. */
  image?: string;
}

/** The error with what it is of. */
export function pictureError(error: unknown, index: number, image: ImageInput): PictureError {
  const found = inFront(
    `images[${index}]`,
    error instanceof Error ? error : new Error(String(error)),
  );
  return Object.assign(found as Error, {
    index,
    image: nameOf(image) || undefined,
  }) as PictureError;
}

/** Where bytes came from; nothing for those that were given, and for a text that may hold them. */
export function nameOf(image: ImageInput): string {
  if (isUrl(image)) return nameOf(image.href);
  const { currentSrc, url, name: file } = image as unknown as Record<string, string | undefined>; // <img>, Response, File
  const name = typeof image === 'string' ? image : (currentSrc ?? url ?? file ?? '');
  return name.length > 200 || /^data:/i.test(name) ? '' : name;
}
