// Pillow's errors for bad files, in its words, with our reason where it gives none.
/** `Image.open` does not know the file, or its header makes no sense. */
export function unidentified(reason: string): Error {
  return new Error(`cannot identify image file: ${reason}`);
}

/** The header is fine, but there is no picture. */
export function unloadable(reason: string): Error {
  return new Error(`cannot load this image: ${reason}`);
}

/** A segment or chunk outside the pixel data says it is longer than the file. */
export function cutRead(): Error {
  return new Error('Truncated File Read');
}

/** The pixel data ends too early. The number is ours: Pillow counts what its decoder had buffered. */
export function truncated(left: number): Error {
  return new Error(`image file is truncated (${left} bytes not processed)`);
}

/** The pixel data makes no sense. */
export function broken(reason: string): Error {
  return new Error(`broken data stream when reading image file: ${reason}`);
}
