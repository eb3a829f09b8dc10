// Tensor: a shape, a dtype and a handle of some backend, with NumPy's operations as methods. Makes every shape
// and dtype error, so that kernels need not. Always contiguous: there are no views or strides.
import type {
  Backend,
  BinaryOp,
  Handle,
  Operand,
  ReduceOp,
  Shape,
  UnaryOp,
} from '../contract/backend.ts';
import { type DType, isHalf, pack, type Values } from '../contract/dtypes.ts';
import { broadcastShapes, sameShape, showShape, size, withSize } from '../contract/shapes.ts';
import { HostTensor } from './host-tensor.ts';

/**
 * Numbers in a backend's memory with NumPy's operations. Throws RangeError for shapes, TypeError for dtypes that do
 * not fit.
 */
export class Tensor implements Operand {
  /** What computes with it. */
  readonly backend: Backend;
  /** The size of each axis. */
  readonly shape: Shape;
  /** What the numbers are. */
  readonly dtype: DType;
  /** Where they are, in the backend's memory. */
  readonly handle: Handle;

  constructor(backend: Backend, shape: Shape, dtype: DType, handle: Handle) {
    this.backend = backend;
    this.shape = shape;
    this.dtype = dtype;
    this.handle = handle;
  }

  /** An activation from numbers (or, for a half type, from its bits in a Uint16Array). */
  static from(b: Backend, numbers: ArrayLike<number>, shape: Shape, dtype: DType = 'float32') {
    return new Tensor(b, shape, dtype, b.upload(filling(numbers, shape, dtype), shape, dtype));
  }
  /** A weight: lives until it is freed, whatever is marked and released. */
  static constant(b: Backend, numbers: ArrayLike<number>, shape: Shape, dtype: DType = 'float32') {
    return new Tensor(b, shape, dtype, b.constant(filling(numbers, shape, dtype), shape, dtype));
  }

  /** Starts copying the values to the host, as they are now. A failure shows when the copy is awaited. */
  host(): HostTensor {
    return new HostTensor(this.shape, this.dtype, this.backend.read(this));
  }
  /** The values, half types widened to Float32Array. */
  data(): Promise<Float32Array | Float64Array | Int32Array> {
    return this.host().data();
  }

  /** -x */
  neg(): Tensor {
    return this.unary('neg');
  }
  /** eˣ */
  exp(): Tensor {
    return this.unary('exp');
  }
  /** The natural logarithm. */
  log(): Tensor {
    return this.unary('log');
  }
  /** log(1 + x), exact near 0. */
  log1p(): Tensor {
    return this.unary('log1p');
  }
  /** √x */
  sqrt(): Tensor {
    return this.unary('sqrt');
  }
  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return this.unary('tanh');
  }
  /** The error function. */
  erf(): Tensor {
    return this.unary('erf');
  }
  /** x + y, broadcasting as NumPy does; so do the following. */
  add(y: Tensor | number): Tensor {
    return this.binary('add', y);
  }
  /** x - y */
  sub(y: Tensor | number): Tensor {
    return this.binary('sub', y);
  }
  /** x y */
  mul(y: Tensor | number): Tensor {
    return this.binary('mul', y);
  }
  /** x / y */
  div(y: Tensor | number): Tensor {
    return this.binary('div', y);
  }
  /** The larger of x and y. */
  maximum(y: Tensor | number): Tensor {
    return this.binary('max', y);
  }
  /** The smaller of x and y. */
  minimum(y: Tensor | number): Tensor {
    return this.binary('min', y);
  }
  /** 1 where greater, else 0, in the same dtype. */
  greater(y: Tensor | number): Tensor {
    return this.binary('greater', y);
  }
  /** 1 where equal, else 0, in the same dtype. */
  equal(y: Tensor | number): Tensor {
    return this.binary('equal', y);
  }
  /** Reductions keep the axis, with size 1. */
  sum(axis: number): Tensor {
    return this.reduce('sum', axis);
  }
  /** The largest number along the axis, which is kept with size 1. */
  max(axis: number): Tensor {
    return this.reduce('max', axis);
  }
  /** The mean along the axis, which is kept with size 1. */
  mean(axis: number): Tensor {
    const at = this.#axis('mean', axis);
    return this.sum(at).div(this.shape[at]!);
  }

  /** The operation of that name, of every number. Throws TypeError for int32. */
  unary(op: UnaryOp): Tensor {
    this.#expectFloating(op);
    return this.made(this.shape, this.backend.unary(op, this));
  }
  /** The operation of that name, broadcasting. A number takes this tensor's dtype. */
  binary(op: BinaryOp, y: Tensor | number): Tensor {
    if (typeof y === 'number')
      return this.made(this.shape, this.backend.binary(op, this, y, this.shape));
    this.expectPartner(op, y);
    const out = broadcastShapes(op, this.shape, y.shape);
    return this.made(out, this.backend.binary(op, this, y, out));
  }
  /** The reduction of that name; the axis is kept with size 1, negative ones count from the end. */
  reduce(op: ReduceOp, axis: number): Tensor {
    const at = this.#axis(op, axis);
    return this.made(withSize(this.shape, at, 1), this.backend.reduce(op, this, at));
  }

  /** [..., M, K] by [..., K, N], either one transposed on request. Leading axes broadcast. */
  matmul(y: Tensor, { transA = false, transB = false } = {}): Tensor {
    this.expectPartner('matmul', y);
    if (this.shape.length < 2 || y.shape.length < 2)
      throw new RangeError(
        `matmul: shapes ${showShape(this.shape)} and ${showShape(y.shape)}, expected two axes or more`,
      );
    const [M, K] = lastTwo(this.shape, transA);
    const [K2, N] = lastTwo(y.shape, transB);
    if (K !== K2)
      throw new RangeError(
        `matmul: inner sizes ${K} and ${K2} differ, for ${showShape(this.shape)}${transA ? 'ᵀ' : ''} and ${showShape(y.shape)}${transB ? 'ᵀ' : ''}`,
      );
    const batch = broadcastShapes('matmul', this.shape.slice(0, -2), y.shape.slice(0, -2));
    const out = [...batch, M, N];
    return this.made(out, this.backend.matmul(this, y, transA, transB, out));
  }

  /** Free: only the label changes. */
  reshape(shape: Shape): Tensor {
    if (size(shape) !== size(this.shape))
      throw new RangeError(`reshape: ${showShape(this.shape)} does not fit ${showShape(shape)}`);
    return this.made(shape, this.handle);
  }
  /** Axis i of the result is this tensor's axis axes[i]. */
  permute(...axes: number[]): Tensor {
    const sorted = [...axes].sort((a, b) => a - b);
    if (axes.length !== this.shape.length || sorted.some((a, i) => a !== i))
      throw new RangeError(`permute: axes ${axes.join(', ')} for shape ${showShape(this.shape)}`);
    const out = axes.map((a) => this.shape[a]!);
    return this.made(out, this.backend.permute(this, axes));
  }
  /** The block of shape `out` that begins at `begin`. */
  slice(begin: readonly number[], out: Shape): Tensor {
    const fits = (n: number, i: number) =>
      begin[i]! >= 0 && out[i]! >= 0 && begin[i]! + out[i]! <= n;
    if (
      begin.length !== this.shape.length ||
      out.length !== begin.length ||
      !this.shape.every(fits)
    )
      throw new RangeError(
        `slice: ${showShape(out)} at ${showShape(begin)} is not inside ${showShape(this.shape)}`,
      );
    return this.made(out, this.backend.slice(this, begin, out));
  }
  /** Zeros of shape `out` with this tensor at `before`. */
  pad(before: readonly number[], out: Shape): Tensor {
    const fits = (n: number, i: number) => before[i]! >= 0 && before[i]! + n <= out[i]!;
    if (before.length !== out.length || out.length !== this.shape.length || !this.shape.every(fits))
      throw new RangeError(
        `pad: ${showShape(this.shape)} at ${showShape(before)} is not inside ${showShape(out)}`,
      );
    return this.made(out, this.backend.pad(this, before, out));
  }
  /** Axes of size 1 repeated to shape `out`. */
  expand(out: Shape): Tensor {
    if (sameShape(out, this.shape)) return this;
    if (!sameShape(broadcastShapes('expand', this.shape, out), out))
      throw new RangeError(`expand: ${showShape(this.shape)} does not expand to ${showShape(out)}`);
    return this.made(out, this.backend.expand(this, out));
  }
  /** The rows that `ids` names: ids.shape in place of the first axis. */
  take(ids: Tensor): Tensor {
    this.#expectIntegers('take', ids);
    const out = [...ids.shape, ...this.shape.slice(1)];
    return this.made(out, this.backend.take(this, ids));
  }
  /** Zeros of shape `out`, to whose rows `ids` these rows are added. */
  scatterAdd(ids: Tensor, out: Shape): Tensor {
    this.#expectIntegers('scatterAdd', ids);
    if (!sameShape(this.shape, [...ids.shape, ...out.slice(1)]))
      throw new RangeError(
        `scatterAdd: rows ${showShape(this.shape)} for ids ${showShape(ids.shape)} into ${showShape(out)}`,
      );
    return this.made(out, this.backend.scatterAdd(ids, this, out));
  }
  /** The same numbers in another dtype, rounded to it. */
  cast(dtype: DType): Tensor {
    if (dtype === this.dtype) return this;
    return new Tensor(this.backend, this.shape, dtype, this.backend.cast(this, dtype));
  }

  /** A tensor of this one's backend and dtype. */
  made(shape: Shape, handle: Handle): Tensor {
    return new Tensor(this.backend, shape, this.dtype, handle);
  }
  #axis(op: string, axis: number): number {
    const at = axis < 0 ? axis + this.shape.length : axis;
    if (!(at in this.shape))
      throw new RangeError(
        `${op}: axis ${axis} is out of range for shape ${showShape(this.shape)}`,
      );
    return at;
  }
  #expectFloating(op: string): void {
    if (this.dtype === 'int32')
      throw new TypeError(`${op}: int32, expected a floating-point dtype`);
  }
  #expectIntegers(op: string, ids: Tensor): void {
    if (ids.dtype !== 'int32') throw new TypeError(`${op}: ids are ${ids.dtype}, expected int32`);
    this.#expectSamePlace(op, ids);
  }
  /** Throws TypeError naming `op` unless y has this tensor's dtype and backend. */
  expectPartner(op: string, y: Tensor): void {
    if (y.dtype !== this.dtype)
      throw new TypeError(`${op}: ${this.dtype} with ${y.dtype}; cast one of them`);
    this.#expectSamePlace(op, y);
  }
  #expectSamePlace(op: string, y: Tensor): void {
    if (y.backend !== this.backend)
      throw new TypeError(`${op}: a tensor of ${this.backend.name} with one of ${y.backend.name}`);
  }
}

const lastTwo = (shape: Shape, transposed: boolean): [number, number] => {
  const [m, n] = shape.slice(-2) as [number, number];
  return transposed ? [n, m] : [m, n];
};

function filling(numbers: ArrayLike<number>, shape: Shape, dtype: DType): Values {
  if (numbers.length !== size(shape))
    throw new RangeError(`tensor: ${numbers.length} values do not fill shape ${showShape(shape)}`);
  if (isHalf(dtype) && numbers instanceof Uint16Array) return numbers;
  return pack(numbers, dtype);
}
