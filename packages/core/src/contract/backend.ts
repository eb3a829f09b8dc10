// The contract between the model and whatever computes: memory, a few primitives, optional fused kernels.
// Not a tensor library: shapes and dtypes are checked by Tensor before anything gets here.
import type { DType, Values } from './dtypes.ts';

/** The size of each axis; [] is a scalar's. */
export type Shape = readonly number[];

/** Memory owned by one backend. Only the backend that made it may look inside. May hold a promise. */
export type Handle = object;

/** A point in a backend's stack of activations. Opaque: see `scoped`, which calls for marks and releases them. */
export type Mark = object;

/** What a kernel is given: contiguous, row-major, already checked. */
export interface Operand {
  /** The size of each axis. */
  readonly shape: Shape;
  /** What the numbers are. */
  readonly dtype: DType;
  /** Where they are, in the backend's memory. */
  readonly handle: Handle;
}

/** Operations number by number, by NumPy's names. */
export type UnaryOp = 'neg' | 'exp' | 'log' | 'log1p' | 'sqrt' | 'tanh' | 'erf';
/** Operations of two numbers, which broadcast. greater and equal give 1 or 0 in the operands' dtype. */
export type BinaryOp = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min' | 'greater' | 'equal';
/** Operations that make one axis a single number. */
export type ReduceOp = 'sum' | 'max';

/** The names of transformers' ACT2FN, but for the one with a parameter (prelu); and selu. */
export type Activation =
  | 'gelu'
  | 'gelu_10'
  | 'gelu_accurate'
  | 'gelu_fast'
  | 'gelu_new'
  | 'gelu_python'
  | 'gelu_pytorch_tanh'
  | 'laplace'
  | 'leaky_relu'
  | 'linear'
  | 'mish'
  | 'quick_gelu'
  | 'relu'
  | 'relu2'
  | 'relu6'
  | 'selu'
  | 'sigmoid'
  | 'silu'
  | 'swish'
  | 'tanh';

/**
 * Small, eager, synchronous to call; only reading is asynchronous.
 *
 * Methods never use `this`. Every operation returns a new handle, even where nothing changes. Kernels,
 * `assign`, `free` and `release` take effect in call order, also on a device that computes later.
 */
export interface Backend {
  /** What messages call it: 'wasm', 'cpu'. */
  readonly name: string;

  /** A weight: outside the stack, legal in every op. The array is the backend's from now on. */
  constant(values: Values, shape: Shape, dtype: DType): Handle;
  /** An activation: on the stack. The array is copied. */
  upload(values: Values, shape: Shape, dtype: DType): Handle;
  /** A copy of the values as they are at the time of the call. */
  read(x: Operand): Promise<Values>;
  /** Overwrites a constant: the only mutation there is. */
  assign(target: Operand, x: Operand): void;
  /** Gives up a constant. */
  free(x: Operand): void;
  /** The stack: everything made after `mark` goes at `release`, except `keep`, which joins what encloses it. */
  mark(): Mark;
  /** See mark. */
  release(since: Mark, keep: readonly Handle[]): void;
  /** Frees all memory, constants included; the backend is not used again. */
  dispose(): void;

  /** Of every number. */
  unary(op: UnaryOp, x: Operand): Handle;
  /** NumPy broadcasting. A number is rounded to float32 first unless the tensor is float64, as in torch. */
  binary(op: BinaryOp, a: Operand, b: Operand | number, out: Shape): Handle;
  /** Keeps the axis, with size 1. */
  reduce(op: ReduceOp, x: Operand, axis: number): Handle;
  /** Batched over the leading axes, which broadcast. */
  matmul(a: Operand, b: Operand, transA: boolean, transB: boolean, out: Shape): Handle;
  /** Axis i of the result is axis axes[i] of x. */
  permute(x: Operand, axes: readonly number[]): Handle;
  /** The block of shape `out` that begins at `begin`. */
  slice(x: Operand, begin: readonly number[], out: Shape): Handle;
  /** Surrounds with zeros: undoes slice. */
  pad(x: Operand, before: readonly number[], out: Shape): Handle;
  /** Repeats axes of size 1. */
  expand(x: Operand, out: Shape): Handle;
  /** Rows of a table. */
  take(table: Operand, ids: Operand): Handle;
  /** Adds rows into zeros of shape `out`: undoes take. */
  scatterAdd(ids: Operand, rows: Operand, out: Shape): Handle;
  /** To the nearest, ties to even; floating point to int32 drops the fraction. */
  cast(x: Operand, dtype: DType): Handle;

  /** Faster versions of the composites that ops/ defines. */
  readonly fused?: Partial<Fused>;
  /** Gradients of composites, for training. Decorators do not pass them on: there, gradients are composed. */
  readonly fusedGradients?: FusedGradients;
}

/** Composites that a backend may have a kernel for; ops/ defines each by primitives. */
export interface Fused {
  /** activation(x Wᵀ + b), the weight stored [out, in]. */
  linear(
    x: Operand,
    weight: Operand,
    bias: Operand | null,
    activation: Activation | null,
    out: Shape,
  ): Handle;
  /** The function of that name, of every number. */
  activation(x: Operand, kind: Activation): Handle;
  /** Over the last axis, by the population's variance + eps; then weight [D] and bias [D]. */
  layerNorm(x: Operand, weight: Operand, bias: Operand, eps: number): Handle;
  /** Over the last axis. */
  softmax(x: Operand): Handle;
  /** The l2 norm over the last axis, kept with size 1. */
  l2Norm(x: Operand): Handle;
  /** q [B, T, D], k and v [B, S, D]; keys [B, S] in q's dtype, 1 = attend. Gives [B, T, D]. */
  attention(
    q: Operand,
    k: Operand,
    v: Operand,
    keys: Operand | null,
    heads: number,
    scale: number,
  ): Handle;
}

/** Gradients in one kernel, from the gradient g of the output. */
export interface FusedGradients {
  /** g f'(x), or null where this activation has no kernel. */
  activation(g: Operand, x: Operand, kind: Activation): Handle | null;
  /** Of x [..., D], weight [D] and bias [D]. */
  layerNorm(
    g: Operand,
    x: Operand,
    weight: Operand,
    eps: number,
  ): readonly [x: Handle, weight: Handle, bias: Handle];
  /** Of q [B, T, D], k and v [B, S, D]; after g what the fused attention is given. */
  attention(
    g: Operand,
    ...given: Parameters<Fused['attention']>
  ): readonly [q: Handle, k: Handle, v: Handle];
}
