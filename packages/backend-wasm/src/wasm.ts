// wasm(): the engine. Implements the backend contract with the kernels of ./kernels on one WebAssembly memory.
// float32 arithmetic; half types and int32 are stored and moved. Needs no eval, no threads and no network.
import {
  type Activation,
  type Backend,
  type BinaryOp,
  compose,
  convert,
  type DType,
  type Handle,
  type Operand,
  type Shape,
  size,
  Tensor,
  type Values,
  withSize,
} from '@siglip-ts/core';
import {
  copyView,
  expanded,
  expectFloat32,
  expectNoFloat64,
  integers,
  padded,
  permuted,
  scatterAdd,
  sliced,
  take,
  trusted,
  type View,
} from '@siglip-ts/core/kit';
import { CANARY } from './canary.ts';
import { repeats } from './engine/broadcasting.ts';
import { Engine } from './engine/engine.ts';
import { fusedGradients } from './engine/gradients.ts';
import type { Block } from './engine/memory.ts';
import type { Storage, WasmOptions } from './engine/options.ts';

const STORAGES: readonly Storage[] = ['float32', 'float16', 'int8', 'w8a8'];

/** Throws RangeError for weights of another kind; Error where WebAssembly is missing, and where a test at the start shows that it computes wrong. */
export async function wasm(o: WasmOptions = {}): Promise<Backend> {
  const { weights = 'float32' } = o;
  if (!STORAGES.includes(weights))
    throw new RangeError(`wasm: weights is "${weights}", expected one of ${STORAGES.join(', ')}`);
  return trusted(backendOf(await Engine.load(o)), CANARY);
}

function backendOf(e: Engine): Backend {
  const wide = (x: Operand, out: Shape) => operand(self.expand(x, out), out, x.dtype);
  const moved = (x: Operand, view: View): Handle =>
    e.memory.filled(x.dtype, view.out, [x], (to, from) => copyView(to, from!, view));
  const integersOf = (op: BinaryOp, a: Operand, b: Operand | number, out: Shape): Handle => {
    const number = typeof b === 'number';
    const sides = number ? [wide(a, out)] : [wide(a, out), wide(b, out)];
    return e.memory.filled('int32', out, sides, (to, x, y) =>
      integers(op, to, x!, number ? b : y!),
    );
  };
  const self: Backend = {
    name: 'wasm',
    constant: (values, _, dtype) => e.memory.constant(stored(values, dtype)),
    upload: (values, _, dtype) => e.memory.upload(stored(values, dtype)),
    read: async (x) => e.memory.values(x).slice(),
    assign: (target, x) => e.memory.assign(target, x),
    free: (x) => e.memory.free(x.handle as Block),
    mark: e.memory.activations.mark,
    release: e.memory.activations.release,
    dispose: () => e.dispose(),

    unary: (op, x) => e.unary(op, floats(op, x)),
    binary(op, a, b, out) {
      if (a.dtype === 'int32') return integersOf(op, a, b, out);
      floats(op, a);
      const left = size(a.shape) === size(out) ? a : wide(a, out);
      if (typeof b === 'number') return e.withNumber(op, left, b);
      return e.binary(op, left, repeats(floats(op, b).shape, out) ? b : wide(b, out), out);
    },
    reduce(op, x, axis) {
      floats(op, x);
      const inner = size(x.shape.slice(axis + 1));
      return e.reduce(op, x, size(x.shape.slice(0, axis)), x.shape[axis]!, inner);
    },
    matmul: (a, b, transA, transB, out) =>
      e.matmul(floats('matmul', a), floats('matmul', b), transA, transB, out),
    permute: (x, axes) => moved(x, permuted(x.shape, axes)),
    slice: (x, begin, out) => moved(x, sliced(x.shape, begin, out)),
    pad: (x, before, out) => moved(x, padded(x.shape, before, out)),
    expand: (x, out) => moved(x, expanded(x.shape, out)),
    take: (table, ids) =>
      e.memory.filled(table.dtype, [...ids.shape, ...table.shape.slice(1)], [table, ids], take),
    scatterAdd: (ids, rows, out) =>
      e.memory.filled(rows.dtype, out, [ids, floats('scatterAdd', rows)], scatterAdd),
    cast: (x, dtype) => {
      const values = convert(e.memory.values(x).slice(), x.dtype, dtype);
      return e.memory.upload(stored(values, dtype));
    },

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

const floats = (op: string, x: Operand): Operand => expectFloat32('wasm', op, x);
const stored = (values: Values, dtype: DType) => expectNoFloat64('wasm', values, dtype);
