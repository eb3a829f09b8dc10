// HostTensor: values on their way from a backend to the host, which is what public calls return.
// Not something to compute with.
import type { Shape } from '../contract/backend.ts';
import { type DType, isHalf, type Values } from '../contract/dtypes.ts';
import { fromBits, toBits } from '../contract/half.ts';

/** Numbers nested as deep as a shape has axes. */
export type Nested = number | Nested[];

/** Values of a tensor that are on the host, or on their way; what models return. */
export class HostTensor {
  /** The size of each axis. */
  readonly shape: Shape;
  /** What the numbers are. */
  readonly dtype: DType;
  readonly #values: Promise<Values>;
  /** The same once they are here. */
  #arrived: Values | undefined;

  constructor(shape: Shape, dtype: DType, values: Values | Promise<Values>) {
    this.shape = shape;
    this.dtype = dtype;
    this.#values = Promise.resolve(values);
    this.#values.then(
      (v) => (this.#arrived = v),
      () => {}, // whoever awaits it gets the error; nobody else has to
    );
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
  /** What it is, with its first numbers if they have come to the host; how Node, Deno and Bun print it. */
  toString(): string {
    const first = this.#arrived?.slice(0, SHOWN) ?? [];
    const floats = first instanceof Uint16Array && isHalf(this.dtype);
    const numbers = Array.from(floats ? fromBits(first, this.dtype) : first, shorter);
    if ((this.#arrived?.length ?? 0) > SHOWN) numbers.push('…');
    return `HostTensor ${this.dtype} [${this.shape.join(', ')}] { ${numbers.join(', ') || '…'} }`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
  /** The one number of a tensor of size 1. */
  async item(): Promise<number> {
    const v = await this.data();
    if (v.length !== 1) throw new RangeError(`item: ${v.length} values, expected one`);
    return v[0]!;
  }
}

/** How many numbers are printed. */
const SHOWN = 6;
const shorter = (x: number): string => String(Number(x.toPrecision(5)));

function nest(values: ArrayLike<number>, shape: Shape): Nested {
  let at = 0;
  const level = (axis: number): Nested => {
    if (axis === shape.length) return values[at++]!;
    return Array.from({ length: shape[axis]! }, () => level(axis + 1));
  };
  return level(0);
}
