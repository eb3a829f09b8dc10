// What users pass as tensors: typed array and shape, tensors, or nested arrays. Checked here, computed on elsewhere.
import { type DType, HostTensor, type Ids, showShape, size, Tensor } from '@siglip-ts/core';

type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export type NestedNumbers = number | readonly NestedNumbers[];

/** Numbers in row-major order with a shape, a tensor, or arrays nested as deep as there are axes. */
export type TensorLike =
  | {
      /** Row-major. */
      readonly data: NumberArray | readonly number[];
      /** The size of each axis. */
      readonly shape: readonly number[];
    }
  | HostTensor
  | Tensor
  | readonly NestedNumbers[];

/** The numbers of an input on the host. */
export interface HostNumbers {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
  /** Whether they came as integers: from an integer array or, nested, all whole. */
  readonly integers: boolean;
}

/** Throws TypeError for what is no tensor, RangeError for a shape that the numbers do not fill. */
export async function numbersOf(name: string, x: TensorLike): Promise<HostNumbers> {
  if (Array.isArray(x)) return fromNested(name, x);
  if (x instanceof Tensor || x instanceof HostTensor)
    return { data: await x.data(), shape: x.shape, integers: x.dtype === 'int32' };
  const { data, shape } = x as { data?: NumberArray; shape?: readonly number[] };
  if (!data || typeof data.length !== 'number' || !Array.isArray(shape))
    throw new TypeError(`${name}: expected { data, shape }, a tensor or nested arrays`);
  if (data.length !== size(shape))
    throw new RangeError(`${name}: ${data.length} values do not fill shape ${showShape(shape)}`);
  const big = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const numbers = big ? Float64Array.from(data, Number) : data;
  const floats = data instanceof Float32Array || data instanceof Float64Array;
  return {
    data: numbers,
    shape,
    integers: !floats && Array.prototype.every.call(numbers, Number.isInteger),
  };
}

/** Token ids, masks and positions: whole numbers, at least one and at most two axes (one means a single row). */
export async function idsOf(name: string, x: TensorLike): Promise<Ids> {
  const { data, shape } = await numbersOf(name, x);
  const bad = Array.prototype.find.call(data, (v: number) => !Number.isSafeInteger(v));
  if (bad !== undefined) throw new TypeError(`${name}: ${bad}, expected whole numbers`);
  if (shape.length < 1 || shape.some((n) => n === 0))
    throw new RangeError(`${name}: shape ${showShape(shape)}, expected [batch, tokens]`);
  const T = shape.at(-1)!; // HF flattens the leading axes
  return { data: Int32Array.from(data), shape: [size(shape) / T, T] };
}

/** Uploads an input in a dtype. */
export async function upload(
  name: string,
  x: TensorLike,
  b: Tensor['backend'],
  dtype: DType,
): Promise<Tensor> {
  const { data, shape } = await numbersOf(name, x);
  return Tensor.from(b, data instanceof Uint16Array ? Float32Array.from(data) : data, shape, dtype);
}

function fromNested(name: string, x: readonly NestedNumbers[]): HostNumbers {
  const shape: number[] = [];
  for (let v: NestedNumbers | undefined = x; Array.isArray(v); v = v[0]) shape.push(v.length);
  const data: number[] = [];
  const walk = (v: NestedNumbers, axis: number): void => {
    if (axis === shape.length) {
      if (typeof v !== 'number') throw new TypeError(`${name}: ${typeof v}, expected a number`);
      data.push(v);
      return;
    }
    if (!Array.isArray(v) || v.length !== shape[axis])
      throw new RangeError(
        `${name}: rows of different lengths, expected shape ${showShape(shape)}`,
      );
    v.forEach((row: NestedNumbers) => walk(row, axis + 1));
  };
  walk(x, 0);
  return { data, shape, integers: data.every(Number.isInteger) };
}
