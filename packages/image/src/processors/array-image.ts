// Pictures as arrays of numbers, as NumPy and torch hold them: the other kind of input to a processor, and
// the only kind of output. No views or strides: moving an axis copies.
import { channelsOf, type RawImage } from '../raw-image.ts';

/** The typed arrays that hold pictures. */
export type Samples =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** NumPy's names of what the numbers are. */
export type SampleType =
  'bool' | 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

/** `data` in row-major order of `shape`. `dtype` follows from the typed array, but for `bool` (bytes 0, 1). */
export interface ArrayImage {
  /** In row-major order of `shape`. */
  readonly data: Samples;
  /** [H, W], [H, W, C] or [C, H, W]. */
  readonly shape: readonly number[];
  /** Default: what the typed array says. */
  readonly dtype?: SampleType;
}

/** An ArrayImage whose dtype is spelled out. */
export type TypedImage = ArrayImage & {
  /** What the numbers are. */
  readonly dtype: SampleType;
};

/** What processors take: one picture, a list, or a list of lists. 4-D arrays are batches. */
export type ProcessorImages =
  | RawImage
  | ArrayImage
  | readonly (RawImage | ArrayImage)[]
  | readonly (readonly (RawImage | ArrayImage)[])[];

export function dtypeOf({ data, dtype }: ArrayImage): SampleType {
  if (dtype !== undefined) return dtype;
  if (data instanceof Uint8ClampedArray) return 'uint8';
  return data.constructor.name.replace('Array', '').toLowerCase() as SampleType;
}

export function isFloat(dtype: SampleType): boolean {
  return dtype === 'float32' || dtype === 'float64';
}

/** Whether a value is an array whose shape fits its data. */
export function isArrayImage(value: unknown): value is ArrayImage {
  if (typeof value !== 'object' || value === null) return false;
  const { data, shape } = value as Partial<ArrayImage>;
  if (!ArrayBuffer.isView(data) || data instanceof DataView || !Array.isArray(shape)) return false;
  return data.length === shape.reduce((product: number, n: number) => product * n, 1);
}

/** `np.array(image)`: [height, width], or [height, width, channels]. */
export function toArray(image: RawImage): TypedImage {
  const { mode, width, height } = image;
  const channels = channelsOf(mode);
  const shape = channels === 1 ? [height, width] : [height, width, channels];
  if (mode === '1') return { data: image.data.map((v) => v & 1), shape, dtype: 'bool' };
  return { data: image.data, shape, dtype: mode === 'I;16' ? 'uint16' : 'uint8' };
}

/** [a, b, c] to [c, a, b]: channels last to first. */
export function lastToFirst<Image extends ArrayImage>(image: Image): Image {
  const [a, b, c] = image.shape as [number, number, number];
  return { ...image, data: transposed(image.data, a * b, c), shape: [c, a, b] };
}

/** [a, b, c] to [b, c, a]: channels first to last. */
export function firstToLast<Image extends ArrayImage>(image: Image): Image {
  const [a, b, c] = image.shape as [number, number, number];
  return { ...image, data: transposed(image.data, a, b * c), shape: [b, c, a] };
}

/** A rows x columns matrix, turned over. */
function transposed(data: Samples, rows: number, columns: number): Samples {
  const out = data.slice();
  for (let r = 0, from = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[from++]!;
  }
  return out;
}

/** The pictures of a batch: `list(array)`. */
export function unstacked(batch: ArrayImage): ArrayImage[] {
  const [count, ...shape] = batch.shape as [number, ...number[]];
  const size = batch.data.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, i) => ({
    ...batch,
    data: batch.data.subarray(i * size, (i + 1) * size),
    shape,
  }));
}

/** Pictures of one shape as one array. */
export function stacked(images: readonly TypedImage[]): TypedImage {
  const { data: first, shape, dtype } = images[0]!;
  const data = new (first.constructor as new (n: number) => Samples)(first.length * images.length);
  images.forEach((image, i) => data.set(image.data, i * first.length));
  return { data, shape: [images.length, ...shape], dtype };
}

/** `height` x `width` of [C, H, W] from (top, left) on; what lies outside is 0. */
export function cropped(
  image: TypedImage,
  { height, width }: { readonly height: number; readonly width: number },
  top: number,
  left: number,
): TypedImage {
  const [channels, fromHeight, fromWidth] = image.shape as [number, number, number];
  const size = channels * height * width;
  const data = new (image.data.constructor as new (n: number) => Samples)(size);
  for (let i = 0; i < size; i++) {
    const x = (i % width) + left;
    const y = (Math.floor(i / width) % height) + top;
    const inside = x >= 0 && x < fromWidth && y >= 0 && y < fromHeight;
    const plane = Math.floor(i / (width * height)) * fromHeight;
    if (inside) data[i] = image.data[(plane + y) * fromWidth + x]!;
  }
  return { data, shape: [channels, height, width], dtype: image.dtype };
}
