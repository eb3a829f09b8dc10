// wasm(): the engine. Implements the backend contract with the kernels of ./kernels on one WebAssembly memory.
// float32 arithmetic; half types and int32 are stored and moved. Needs no eval, no threads and no network.
import {
  compose,
  convert,
  isHalf,
  size,
  Tensor,
  withSize,
  type Activation,
  type Backend,
  type DType,
  type Handle,
  type Operand,
  type Shape,
  type Values,
} from '@siglip-ts/core';
import { canary } from './canary.ts';
import { fusedGradients } from './gradients.ts';
import { repeats } from './broadcasting.ts';
import { Engine } from './engine.ts';
import type { Block } from './memory.ts';
import type { Storage, WasmOptions } from './options.ts';
import { broadcastStrides, copyStrided, stridesOf } from './strided.ts';

const STORAGES: readonly Storage[] = ['float32', 'float16', 'int8', 'w8a8'];

/** Throws RangeError for weights of another kind; Error where WebAssembly is missing, and where a test at the start shows that it computes wrong. */
export async function wasm(o: WasmOptions = {}): Promise<Backend> {
  const { weights = 'float32' } = o;
  if (!STORAGES.includes(weights))
    throw new RangeError(`wasm: weights is "${weights}", expected one of ${STORAGES.join(', ')}`);
  const b = backendOf(await Engine.load(o));
  const wrong = await canary(b);
  if (wrong === null) return b;
  b.dispose();
  throw new Error(`${wrong}; backend-cpu does not use WebAssembly`);
}

function backendOf(e: Engine): Backend {
  const expanded = (x: Operand, out: Shape) => operand(self.expand(x, out), out, x.dtype);
  const self: Backend = {
    name: 'wasm',
    constant: (values, _, dtype) => e.memory.constant(checked(values, dtype)),
    upload: (values, _, dtype) => e.memory.upload(checked(values, dtype)),
    read: async (x) => e.memory.values(x).slice(),
    assign: (target, x) => e.memory.assign(target, x),
    free: (x) => e.memory.free(x.handle as Block),
    mark: () => e.memory.mark(),
    release: (since, keep) => e.memory.release(since, keep as readonly Block[]),
    dispose: () => e.dispose(),

    unary: (op, x) => e.unary(op, floats(op, x)),
    binary(op, a, b, out) {
      if (a.dtype === 'int32')
        return e.integers(op, expanded(a, out), typeof b === 'number' ? b : expanded(b, out));
      floats(op, a);
      const left = size(a.shape) === size(out) ? a : expanded(a, out);
      if (typeof b === 'number') return e.withNumber(op, left, b);
      return e.binary(op, left, repeats(floats(op, b).shape, out) ? b : expanded(b, out), out);
    },
    reduce(op, x, axis) {
      floats(op, x);
      const inner = size(x.shape.slice(axis + 1));
      return e.reduce(op, x, size(x.shape.slice(0, axis)), x.shape[axis]!, inner);
    },
    matmul: (a, b, transA, transB, out) =>
      e.matmul(floats('matmul', a), floats('matmul', b), transA, transB, out),
    permute(x, axes) {
      const strides = stridesOf(x.shape);
      const out = axes.map((a) => x.shape[a]!);
      return moved(
        e,
        x,
        out,
        out,
        0,
        stridesOf(out),
        0,
        axes.map((a) => strides[a]!),
      );
    },
    slice(x, begin, out) {
      const strides = stridesOf(x.shape);
      const at = begin.reduce((sum, b, i) => sum + b * strides[i]!, 0);
      return moved(e, x, out, out, 0, stridesOf(out), at, strides);
    },
    pad(x, before, out) {
      const strides = stridesOf(out);
      const at = before.reduce((sum, b, i) => sum + b * strides[i]!, 0);
      return moved(e, x, out, x.shape, at, strides, 0, stridesOf(x.shape));
    },
    expand: (x, out) => moved(e, x, out, out, 0, stridesOf(out), 0, broadcastStrides(x.shape, out)),
    take: (table, ids) => e.take(table, ids),
    scatterAdd: (ids, rows, out) => e.scatterAdd(ids, floats('scatterAdd', rows), out),
    cast: (x, dtype) =>
      e.memory.upload(checked(convert(e.memory.values(x).slice(), x.dtype, dtype), dtype)),

    fused: {
      linear: (x, weight, bias, act, out) => {
        const y = e.linear(floats('linear', x), weight, bias, out);
        return act ? activation(self, e, operand(y, out, x.dtype), act) : y;
      },
      activation: (x, kind) => activation(self, e, floats(kind, x), kind),
      layerNorm: (x, weight, bias, eps) => e.layerNorm(floats('layerNorm', x), weight, bias, eps),
      softmax: (x) => e.softmax(floats('softmax', x)),
      l2Norm: (x) => e.norm(floats('l2Norm', x), withSize(x.shape, -1, 1)),
      attention: (q, k, v, keys, heads, scale) =>
        e.attention(floats('attention', q), k, v, keys, heads, scale),
    },
    fusedGradients: fusedGradients(e, (kind) => SAME[kind] ?? kind),
  };
  return self;
}

const operand = (handle: Handle, shape: Shape, dtype: DType): Operand => ({ handle, shape, dtype });

/** The activations without a kernel run by their definition. `gelu_new` and the like are the tanh form. */
const SAME: Partial<Record<Activation, Activation>> = {
  gelu_new: 'gelu_pytorch_tanh',
  gelu_accurate: 'gelu_pytorch_tanh',
  gelu_python: 'gelu',
  swish: 'silu',
};
function activation(self: Backend, e: Engine, x: Operand, kind: Activation): Handle {
  const name = SAME[kind] ?? kind;
  if (e.has(name)) return e.unary(name, x);
  return compose.activation(new Tensor(self, x.shape, x.dtype, x.handle), kind).handle;
}

/** A new block of shape `out` in which `shape` numbers of x were copied. */
function moved(
  e: Engine,
  x: Operand,
  out: Shape,
  shape: Shape,
  at: number,
  strides: readonly number[],
  from: number,
  fromStrides: readonly number[],
): Handle {
  const y = e.memory.zeros(x.dtype, out);
  const source = e.memory.values(x); // first: it may move the memory
  const target = e.memory.values(operand(y, out, x.dtype));
  copyStrided(
    shape,
    { data: target, at, strides },
    { data: source, at: from, strides: fromStrides },
  );
  return y;
}

function floats(op: string, x: Operand): Operand {
  if (x.dtype === 'float32') return x;
  if (isHalf(x.dtype))
    throw new TypeError(`wasm: ${op} on ${x.dtype}; wrap the backend: rounded(b, '${x.dtype}')`);
  throw new TypeError(`wasm: ${op} on ${x.dtype}, expected float32; backend-cpu has float64`);
}

function checked(values: Values, dtype: DType): Float32Array | Int32Array | Uint16Array {
  if (values instanceof Float64Array)
    throw new TypeError(`wasm: ${dtype} is not stored; backend-cpu has float64`);
  return values;
}
