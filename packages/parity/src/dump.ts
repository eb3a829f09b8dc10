// What an implementation computed on the way: tensors by name, in the order in which they came. Where they were stored is
// ./formats.

/** One forward of an implementation. */
export interface Dump {
  readonly schema: 1;
  /** Who computed it: "torch 2.13.0", "siglip-ts 0.1.0". */
  readonly producer: string;
  readonly model?: string;
  /** What arithmetic was in, as far as is known. */
  readonly dtype: string;
  /** By HF's module path, output field or argument: vision_model.encoder.layers.0, logits_per_image, pixel_values. */
  readonly taps: ReadonlyMap<string, DumpTensor>;
  /** Arrays of the file that are none of numbers, and why: "notes.npy: dtype <U5, expected ...". */
  readonly skipped?: readonly string[];
}

/** The tensors of a dump, where who made them does not matter. */
export type Taps = Pick<Dump, 'taps'>;

export interface DumpTensor {
  readonly shape: readonly number[];
  /** As it was stored: float32, float16, int64, … */
  readonly dtype: string;
  /** Halves widened to float32; integers as int32. */
  readonly data: Float32Array | Float64Array | Int32Array;
}

/** What HF's forwards take: a dump that has these can be run again. */
export const ARGUMENTS: ReadonlySet<string> = new Set([
  'pixel_values',
  'input_ids',
  'attention_mask',
  'position_ids',
  'labels',
]);

/** The tensor with its axes in another order, reversed by default: numpy.transpose. */
export function transposed(
  x: DumpTensor,
  axes: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i),
): DumpTensor {
  const shape = axes.map((axis) => x.shape[axis]!);
  const strides = axes.map((axis) => x.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const data = x.data.slice();
  const index = shape.map(() => 0);
  for (let to = 0; to < data.length; to++) {
    data[to] = x.data[index.reduce((at, i, axis) => at + i * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]!; axis--)
      index[axis] = 0;
  }
  return { ...x, shape, data };
}
