// How HF's processors read their `images` argument and find the channel axis (`transformers.image_utils`).
import { isRawImage, type RawImage } from '../raw-image.ts';
import { type ArrayImage, isArrayImage, type ProcessorImages, unstacked } from './array-image.ts';

export type ChannelFormat = 'channels_first' | 'channels_last';

type Picture = RawImage | ArrayImage;

function isPicture(value: unknown): value is Picture {
  return isRawImage(value) || isArrayImage(value);
}

function isPictureList(value: unknown): value is readonly Picture[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPicture);
}

/**
 * All pictures in one list. Arrays must have 3 dimensions, or 4 for a batch.
 *
 * @throws TypeError "Could not make a flat list of images from ..."; RangeError for an empty list
 */
export function flatListOfImages(images: ProcessorImages): readonly Picture[] {
  if (Array.isArray(images) && images.length === 0) throw new RangeError('list index out of range');
  if (Array.isArray(images) && images.every(isPictureList)) return images.flat();
  if (isPictureList(images)) {
    const first = images[0]!;
    if (isRawImage(first) || first.shape.length === 3) return images;
    if (first.shape.length === 4) return images.flatMap((i) => unstacked(i as ArrayImage));
  }
  if (isPicture(images)) {
    if (isRawImage(images) || images.shape.length === 3) return [images];
    if (images.shape.length === 4) return unstacked(images);
  }
  throw new TypeError(`Could not make a flat list of images from ${described(images)}`);
}

/** Python would print the whole array here. */
function described(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(described).join(', ')}]`;
  if (isRawImage(value)) return `a ${value.mode} image of ${value.width}x${value.height}`;
  if (isArrayImage(value)) return `an array of shape ${pythonTuple(value.shape)}`;
  return String(value);
}

/**
 * Which end of a shape holds the channels: the one of 1 or 3, the first if both are.
 *
 * @param shown how the shape is written in the warning
 */
export function inferChannelFormat(
  shape: readonly number[],
  warn: (message: string) => void,
  shown: string,
): ChannelFormat {
  const n = shape.length;
  if (n !== 3 && n !== 4) throw new RangeError(`Unsupported number of image dimensions: ${n}`);
  const isChannels = (size: number) => size === 1 || size === 3;
  const first = isChannels(shape[n - 3]!);
  const last = isChannels(shape[n - 1]!);
  if (first && last) {
    warn(
      `The channel dimension is ambiguous. Got image shape ${shown}. ` +
        'Assuming channels are the first dimension.',
    );
  }
  if (first) return 'channels_first';
  if (last) return 'channels_last';
  throw new RangeError('Unable to infer channel dimension format');
}

/** As Python writes a tuple of ints. */
export function pythonTuple(shape: readonly number[]): string {
  return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}
