// `Image.resize` of Pillow on 8-bit pictures, byte for byte, with all of its filters. No box of the input, no reducing gap.
import type { Bytes, KernelOption, PixelKernels } from '../pixel-kernels.ts';
import { channelsOf, type RawImage } from '../raw-image.ts';
import { resizeAcross, resizeDown } from './passes.ts';
import { axisWeights, quantized, type ResizeFilter } from './weights.ts';

/**
 * Which pass comes first changes results by up to 30 levels, for each pass rounds to bytes. Pillow changed it:
 * up to 12.1 across first, always; 12.2 and 12.3 down first for very narrow pictures that shrink in height;
 * from 13.0 (the default) down first where that saves work.
 */
export type PillowOrder = 'pillow-13' | 'pillow-12.2' | 'pillow-12.1';

type Size = { readonly width: number; readonly height: number };

const DOWN_FIRST: Readonly<Record<PillowOrder, (from: Size, to: Size) => boolean>> = {
  'pillow-13': (from, to) =>
    to.height < from.height && from.height - to.height > 2 * (from.width - to.width),
  'pillow-12.2': (from, to) => from.height > 100 * from.width && to.height < from.height,
  'pillow-12.1': () => false,
};

/** Bits of the weights: 32, less 8 for the samples, less 2 for sums beyond 1 and the sign. */
const PRECISION = 22;

/** Options of resizePillow. */
export interface PillowResizeOptions extends KernelOption {
  /** Default bicubic, as Pillow's own. */
  readonly filter?: ResizeFilter | 'nearest';
  /** Which Pillow's order of the two passes. Default 'pillow-13'. */
  readonly order?: PillowOrder;
}

/**
 * The picture at a new size, whatever its shape was. Pictures with alpha are multiplied by it before, and
 * divided by it after, as Pillow does.
 *
 * @throws RangeError for modes 1, P, PA, CMYK and I;16 (convert them first) and for empty sizes
 */
export function resizePillow(
  image: RawImage,
  { width, height }: Size,
  options: PillowResizeOptions = {},
): RawImage {
  const { mode } = image;
  if (mode !== 'L' && mode !== 'LA' && mode !== 'RGB' && mode !== 'RGBA') {
    throw new RangeError(`resizePillow: mode ${mode} is not resized, convert it to RGB first`);
  }
  if (!(width >= 1 && height >= 1)) throw new RangeError('height and width must be > 0');
  const { filter = 'bicubic', order = 'pillow-13', kernels } = options;
  const alpha = filter !== 'nearest' && (mode === 'LA' || mode === 'RGBA');
  const same = width === image.width && height === image.height;
  const copied = alpha || same || !(image.data instanceof Uint8Array);
  const data = copied ? new Uint8Array(image.data) : image.data;
  if (same) return { ...image, data };
  const bytes: Bytes = { ...image, data, channels: channelsOf(mode) };
  if (filter === 'nearest')
    return { ...image, width, height, data: nearest(bytes, { width, height }) };
  if (alpha) multiplyByAlpha(bytes);
  const resized = resizeBytes(
    bytes,
    { width, height },
    filter,
    DOWN_FIRST[order](image, { width, height }),
    kernels,
  );
  if (alpha) divideByAlpha(resized);
  return { ...image, width, height, data: resized.data };
}

/** Pillow's ImagingScaleAffine: steps are added up, in doubles. */
function nearest({ data, channels, ...from }: Bytes, { width, height }: Size): Uint8Array {
  const places = (input: number, output: number): number[] => {
    const found: number[] = [];
    for (let at = (input / output) * 0.5; found.length < output; at += input / output)
      found.push(Math.trunc(at));
    return found;
  };
  const [xs, ys] = [places(from.width, width), places(from.height, height)];
  const out = new Uint8Array(width * height * channels);
  let to = 0;
  for (const y of ys)
    for (const x of xs)
      for (let c = 0; c < channels; c++) out[to++] = data[(y * from.width + x) * channels + c]!;
  return out;
}

function resizeBytes(
  image: Bytes,
  to: Size,
  filter: ResizeFilter,
  downFirst: boolean,
  kernels: PixelKernels | undefined,
): Bytes {
  const weights = (input: number, output: number) =>
    quantized(axisWeights(input, output, filter), PRECISION);
  const across = (x: Bytes) =>
    to.width === x.width ? x : resizeAcross(x, weights(x.width, to.width), PRECISION, kernels);
  const down = (x: Bytes) =>
    to.height === x.height ? x : resizeDown(x, weights(x.height, to.height), PRECISION, kernels);
  return downFirst ? across(down(image)) : down(across(image));
}

function multiplyByAlpha({ data, channels }: Bytes): void {
  for (let at = 0; at < data.length; at += channels) {
    const alpha = data[at + channels - 1]!;
    for (let i = 0; i < channels - 1; i++) {
      const x = data[at + i]! * alpha + 128;
      data[at + i] = (x + (x >> 8)) >> 8; // x / 255, rounded
    }
  }
}

function divideByAlpha({ data, channels }: Bytes): void {
  for (let at = 0; at < data.length; at += channels) {
    const alpha = data[at + channels - 1]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let i = 0; i < channels - 1; i++) {
      data[at + i] = Math.min(255, Math.floor((255 * data[at + i]!) / alpha));
    }
  }
}
