// Where a model's parameters are: all resident as tensors, or in a checkpoint from which they are read when a layer
// needs them. Neither knows what they mean.
import type { Backend, Shape } from '../contract/backend.ts';
import type { DType, Values } from '../contract/dtypes.ts';
import { sameShape, showShape, size } from '../contract/shapes.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Token or position ids on the host. */
export interface Ids {
  /** Row-major. */
  readonly data: Int32Array;
  /** The size of each axis. */
  readonly shape: Shape;
}

/** A model's parameters by HF key. */
export interface Parameters {
  /** Throws if there is no such parameter, or if it has another shape. */
  expect(key: string, shape: Shape): void;
  /** A loaded parameter or a range of its rows. */
  param(key: string, rows: readonly [number, number] | null): Tensor;
  /** Makes the wanted parameters usable by `param`. */
  load(wanted: (key: string) => boolean): Promise<void>;
  /** Says what the next `load` will want: it may be read while kernels run. Never fails. */
  soon?(wanted: (key: string) => boolean): void;
  /** The rows `ids` of a table: [...ids.shape, width]. */
  rows(key: string, ids: Ids): Promise<Tensor>;
}

/** Parameters that are tensors already. Rows are slices and takes of them, so gradients reach the whole tensor. */
export function resident(params: ReadonlyMap<string, Tensor>): Parameters {
  const whole = (key: string) => params.get(key)!;
  return {
    expect: (key, shape) => expectShape(key, params.get(key)?.shape, shape),
    param(key, rows) {
      const x = whole(key);
      if (!rows) return x;
      const begin = x.shape.map((_, i) => (i === 0 ? rows[0] : 0));
      return x.slice(begin, [rows[1] - rows[0], ...x.shape.slice(1)]);
    },
    load: async () => {},
    rows: async (key, ids) => {
      const table = whole(key);
      return table.take(Tensor.from(table.backend, ids.data, ids.shape, 'int32'));
    },
  };
}

/** What a checkpoint offers: names and shapes at once, values when asked for. */
export interface Checkpoint {
  /** Of every tensor in it, by HF key. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Rows begin..end (of the first axis; the one row of a scalar is 0..1), converted to `dtype`. The caller owns them. */
  read(key: string, begin: number, end: number, dtype: DType): Promise<Values>;
}

/**
 * Parameters of a checkpoint as constants of `b`, made when first used. With `keep` they stay until `dispose`;
 * without, each load frees those of the load before, so that one layer's weights are the most there is at a time.
 */
export function fromCheckpoint(
  b: Backend,
  checkpoint: Checkpoint,
  dtype: DType,
  { keep = true }: { keep?: boolean } = {},
): Parameters & {
  /** Frees the constants; the store is not used again. */
  dispose(): void;
} {
  /** Values that were read and are not yet constants, and the constants by key and range. */
  let host = new Map<string, Values>();
  /** Reads under way for the next load. */
  let ahead = new Map<string, Promise<Values>>();
  const made = new Map<string, Map<string, Tensor>>();
  const shapeOf = (key: string) => checkpoint.shapes.get(key)!;
  const read = (key: string): Promise<Values> =>
    checkpoint.read(key, 0, shapeOf(key)[0] ?? 1, dtype);
  const missing = (wanted: (key: string) => boolean): string[] =>
    [...checkpoint.shapes.keys()].filter((key) => wanted(key) && !made.has(key));

  function constant(key: string, rows: readonly [number, number] | null): Tensor {
    const values = host.get(key);
    if (!values) throw new Error(`"${key}" is not loaded: its place was not made ready`);
    const shape = shapeOf(key);
    if (!rows) return Tensor.constant(b, values, shape, dtype);
    const width = size(shape.slice(1));
    const part = values.subarray(rows[0] * width, rows[1] * width);
    return Tensor.constant(b, part, [rows[1] - rows[0], ...shape.slice(1)], dtype);
  }
  function dispose(): void {
    for (const ranges of made.values()) for (const x of ranges.values()) b.free(x);
    made.clear();
  }

  return {
    expect: (key, shape) => expectShape(key, checkpoint.shapes.get(key), shape),
    param(key, rows) {
      const ranges = made.get(key) ?? new Map<string, Tensor>();
      const range = rows ? rows.join(':') : '';
      const x = ranges.get(range) ?? constant(key, rows);
      made.set(key, ranges.set(range, x));
      return x;
    },
    async load(wanted) {
      if (!keep) dispose();
      host = new Map(); // the layer that needed them has run: what it used are constants now
      const begun = ahead;
      ahead = new Map();
      for (const key of missing(wanted)) host.set(key, await (begun.get(key) ?? read(key)));
    },
    soon(wanted) {
      for (const key of missing(wanted)) {
        const values = read(key);
        values.catch(() => {}); // the load that waits for it throws
        ahead.set(key, values);
      }
    },
    async rows(key, ids) {
      const width = size(shapeOf(key).slice(1));
      const seen = new Map<number, Values>();
      for (const id of ids.data)
        if (!seen.has(id)) seen.set(id, await checkpoint.read(key, id, id + 1, dtype));
      const first = seen.values().next().value ?? new Float32Array(0);
      const table = new (first.constructor as new (n: number) => Values)(ids.data.length * width);
      ids.data.forEach((id, i) => table.set(seen.get(id)!, i * width));
      return Tensor.from(b, table, [...ids.shape, width], dtype);
    },
    dispose,
  };
}

function expectShape(key: string, found: Shape | undefined, expected: Shape): void {
  if (!found)
    throw new Error(`checkpoint: no tensor "${key}", expected one of shape ${showShape(expected)}`);
  if (!sameShape(found, expected))
    throw new RangeError(
      `checkpoint: tensor "${key}" has shape ${showShape(found)}, expected ${showShape(expected)}`,
    );
}
