// HostTensor: values on their way from a backend to the host, which is what public calls return.
// Not something to compute with.
import type { DType, Shape, Values } from './backend.ts';
import { isHalf } from './backend.ts';
import { fromBits, toBits } from './half.ts';

/** Numbers nested as deep as a shape has axes. */
export type Nested = number | Nested[];

export class HostTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly #values: Promise<Values>;

  constructor(shape: Shape, dtype: DType, values: Values | Promise<Values>) {
    this.shape = shape;
    this.dtype = dtype;
    this.#values = Promise.resolve(values);
    this.#values.catch(() => {}); // whoever awaits hears of it; nobody else has to
  }

  /** The values in row-major order; those of a half type widened to Float32Array. */
  async data(): Promise<Float32Array | Float64Array | Int32Array> {
    const v = await this.#values;
    if (isHalf(this.dtype)) return fromBits(v as Uint16Array, this.dtype);
    return v as Float32Array | Float64Array | Int32Array;
  }
  /** The 16-bit patterns of a half tensor. Throws TypeError for other dtypes. */
  async bits(): Promise<Uint16Array> {
    if (!isHalf(this.dtype))
      throw new TypeError(`bits: ${this.dtype}, expected float16 or bfloat16`);
    const v = await this.#values;
    return v instanceof Uint16Array ? v : toBits(v, this.dtype);
  }
  /** The values as nested arrays; a single number for a scalar. */
  async toArray(): Promise<Nested> {
    return nest(await this.data(), this.shape);
  }
  /** The one number of a tensor of size 1. */
  async item(): Promise<number> {
    const v = await this.data();
    if (v.length !== 1) throw new RangeError(`item: ${v.length} values, expected one`);
    return v[0]!;
  }
}

function nest(values: ArrayLike<number>, shape: Shape): Nested {
  let at = 0;
  const level = (axis: number): Nested => {
    if (axis === shape.length) return values[at++]!;
    return Array.from({ length: shape[axis]! }, () => level(axis + 1));
  };
  return level(0);
}
