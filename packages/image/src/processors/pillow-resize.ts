// The slow processor's resize of any array: to bytes as HF makes them, Pillow's resize, and back.
import type { Mode, RawImage } from '../raw-image.ts';
import { type PillowResizeOptions, resizePillow } from '../resize/pillow.ts';
import { firstToLast, lastToFirst, type TypedImage } from './array-image.ts';
import { expectSize } from './options.ts';

const MODES: Readonly<Record<number, Mode>> = { 1: 'L', 2: 'LA', 3: 'RGB', 4: 'RGBA' };

/**
 * @param format where the channels are: the result has them there, too
 * @returns bytes; or float32 in 0..1 for an image of such values
 */
export function resizeArray(
  image: TypedImage,
  size: { readonly width: number; readonly height: number },
  format: string,
  how: PillowResizeOptions,
): TypedImage {
  expectSize(size);
  const scaled = needsRescale(image);
  const last = format === 'channels_first' ? firstToLast(image) : image;
  const resized = resizePillow(toPil(last, scaled), size, how);
  const channels = resized.data.length / (size.width * size.height);
  const out: TypedImage = {
    data: resized.data,
    shape: [size.height, size.width, channels],
    dtype: 'uint8',
  };
  const placed = format === 'channels_first' ? lastToFirst(out) : out;
  if (!scaled) return placed;
  const data = Float32Array.from(placed.data as Uint8Array, (value) => value * (1 / 255));
  return { ...placed, data, dtype: 'float32' };
}

/** `PIL.Image.fromarray` of the values as bytes, which cuts fractions off. */
function toPil(image: TypedImage, scaled: boolean): RawImage {
  const [height, width, channels = 1] = image.shape as [number, number, number?];
  const mode = MODES[channels];
  if (!mode || image.shape.length > 3) {
    throw new TypeError(`Cannot handle this data type: (1, 1, ${channels}), |u1`);
  }
  if (image.data instanceof Uint8Array) return { mode, width, height, data: image.data };
  const values = image.data as ArrayLike<number>;
  // In float32 between: 255 * k / 255 comes out whole again.
  const data = scaled
    ? Uint8Array.from(values, (value) => Math.fround(value * 255))
    : Uint8Array.from(values);
  return { mode, width, height, data };
}

/**
 * HF's `_rescale_for_pil_conversion`: whole numbers 0..255 are bytes, even if all are 0 or 1; other values
 * must lie in 0..1 and are multiplied by 255.
 */
function needsRescale({ data, dtype }: TypedImage): boolean {
  if (dtype === 'uint8') return false;
  let low = Infinity;
  let high = -Infinity;
  let whole = true;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    const floor = Math.trunc(value);
    low = Math.min(low, value);
    high = Math.max(high, value);
    whole &&= Math.abs(value - floor) <= 1e-8 + 1e-5 * Math.abs(floor); // np.allclose
  }
  const top = whole ? 255 : 1;
  if (low >= 0 && high <= top) return !whole;
  throw new RangeError(
    `The image to be converted to a PIL image contains values outside the range [0, ${top}], ` +
      `got [${pythonNumber(low, dtype)}, ${pythonNumber(high, dtype)}] which cannot be converted to uint8.`,
  );
}

/** As NumPy prints a scalar: as few digits as its type needs. */
function pythonNumber(value: number, dtype: string): string {
  if (!dtype.startsWith('float')) return String(value);
  let text = String(value);
  for (let digits = 1; dtype === 'float32' && digits <= 9; digits++) {
    text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) break;
  }
  return Number.isInteger(value) ? `${text}.0` : text;
}
