// What all decorators share: every operation of a backend as one `Call`, so that a decorator is one function.
// Not for kernels: a decorator never computes, it only asks others to.
import type {
  Activation,
  Backend,
  BinaryOp,
  Fused,
  Handle,
  Operand,
  ReduceOp,
  Shape,
  UnaryOp,
} from '../contract/backend.ts';
import type { DType, Values } from '../contract/dtypes.ts';
import { size, withSize } from '../contract/shapes.ts';
import { activation } from '../ops/activation.ts';
import { attention } from '../ops/attention.ts';
import { l2Norm } from '../ops/l2-norm.ts';
import { layerNorm } from '../ops/layer-norm.ts';
import { linear } from '../ops/linear.ts';
import { softmax } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';

/** The operations of a backend that make a tensor. */
export type PrimitiveOp =
  | UnaryOp
  | BinaryOp
  | ReduceOp
  | 'matmul'
  | 'permute'
  | 'slice'
  | 'pad'
  | 'expand'
  | 'take'
  | 'scatterAdd'
  | 'cast'
  | 'upload';
/** The names of the fused kernels. */
export type Composite = keyof Fused;

/** One operation that is about to run. */
export interface Call {
  /** Its name. */
  readonly op: PrimitiveOp | Composite;
  /** What it is given, weights included. */
  readonly inputs: readonly Operand[];
  /** Of the result. */
  readonly shape: Shape;
  /** Of the result. */
  readonly dtype: DType;
  /** Whether it only moves values. */
  readonly moves: boolean;
  /** Floating-point operations, a multiplication and its addition being two. */
  readonly flops: number;
  /** Runs it on `b`, on inputs of the same shapes. A composite takes b's kernel or, without one, the definition. */
  on(b: Backend, inputs: readonly Operand[]): Handle;
}

/** All composites, by name. */
export const COMPOSITES: readonly Composite[] = [
  'linear',
  'activation',
  'layerNorm',
  'softmax',
  'l2Norm',
  'attention',
];

/** The composites that `b` has kernels for. */
export const fusedOf = (b: Backend): Composite[] => Object.keys(b.fused ?? {}) as Composite[];

/** `b` with every operation, and the named composites, going through `around`. */
export function decorate(
  b: Backend,
  name: string,
  composites: readonly Composite[],
  around: (call: Call) => Handle,
): Backend {
  const all = fusedCalls(around);
  const fused = Object.fromEntries(composites.map((c) => [c, all[c]])) as Partial<Fused>;
  const { fused: _, fusedGradients: __, ...rest } = b;
  return { ...rest, ...primitiveCalls(around), name, ...(composites.length > 0 && { fused }) };
}

const tensor = (b: Backend, x: Operand) => new Tensor(b, x.shape, x.dtype, x.handle);

function primitiveCalls(around: (call: Call) => Handle): Omit<Backend, MemoryMethod> {
  const math = (op: PrimitiveOp, inputs: Operand[], shape: Shape, flops: number, on: Call['on']) =>
    around({ op, inputs, shape, dtype: inputs.at(-1)!.dtype, moves: false, flops, on });
  const move = (op: PrimitiveOp, inputs: Operand[], shape: Shape, on: Call['on']) =>
    around({ op, inputs, shape, dtype: inputs[0]!.dtype, moves: true, flops: 0, on });
  return {
    upload(values, shape, dtype) {
      const copy = values.slice() as Values; // a decorator may run the call once more, later
      return around({
        op: 'upload',
        inputs: [],
        shape,
        dtype,
        moves: true,
        flops: 0,
        on: (b) => b.upload(copy, shape, dtype),
      });
    },
    unary: (op, x) => math(op, [x], x.shape, size(x.shape), (b, [x]) => b.unary(op, x!)),
    binary(op, x, y, out) {
      if (typeof y !== 'number')
        return math(op, [x, y], out, size(out), (b, [x, y]) => b.binary(op, x!, y!, out));
      const c = x.dtype === 'float64' ? y : Math.fround(y);
      return math(op, [x], out, size(out), (b, [x]) => b.binary(op, x!, c, out));
    },
    reduce: (op, x, axis) =>
      math(op, [x], withSize(x.shape, axis, 1), size(x.shape), (b, [x]) => b.reduce(op, x!, axis)),
    matmul(x, y, transA, transB, out) {
      const flops = 2 * size(out) * x.shape.at(transA ? -2 : -1)!;
      return math('matmul', [x, y], out, flops, (b, [x, y]) =>
        b.matmul(x!, y!, transA, transB, out),
      );
    },
    permute: (x, axes) =>
      move(
        'permute',
        [x],
        axes.map((a) => x.shape[a]!),
        (b, [x]) => b.permute(x!, axes),
      ),
    slice: (x, begin, out) => move('slice', [x], out, (b, [x]) => b.slice(x!, begin, out)),
    pad: (x, before, out) => move('pad', [x], out, (b, [x]) => b.pad(x!, before, out)),
    expand: (x, out) => move('expand', [x], out, (b, [x]) => b.expand(x!, out)),
    take: (table, ids) =>
      move('take', [table, ids], [...ids.shape, ...table.shape.slice(1)], (b, [table, ids]) =>
        b.take(table!, ids!),
      ),
    scatterAdd: (ids, rows, out) =>
      math('scatterAdd', [ids, rows], out, size(rows.shape), (b, [ids, rows]) =>
        b.scatterAdd(ids!, rows!, out),
      ),
    cast: (x, dtype) =>
      around({
        op: 'cast',
        inputs: [x],
        shape: x.shape,
        dtype,
        moves: true,
        flops: 0,
        on: (b, [x]) => b.cast(x!, dtype),
      }),
  };
}

type MemoryMethod =
  'name' | 'constant' | 'read' | 'assign' | 'free' | 'mark' | 'release' | 'dispose' | 'fused';

/** FLOP an element of the composites without products, roughly. */
const COST = { activation: 8, layerNorm: 8, softmax: 4, l2Norm: 2 };

function fusedCalls(around: (call: Call) => Handle): Fused {
  const call = (op: Composite, inputs: Operand[], shape: Shape, flops: number, on: TensorCall) =>
    around({
      op,
      inputs,
      shape,
      dtype: inputs[0]!.dtype,
      moves: false,
      flops,
      on: (b, given) => on(given.map((x) => tensor(b, x))).handle,
    });
  return {
    linear: (x, w, bias, act: Activation | null, out) =>
      call(
        'linear',
        bias ? [x, w, bias] : [x, w],
        out,
        2 * size(out) * x.shape.at(-1)!,
        ([x, w, bias]) => linear(x!, w!, bias ?? null, act),
      ),
    activation: (x, kind) =>
      call('activation', [x], x.shape, COST.activation * size(x.shape), ([x]) =>
        activation(x!, kind),
      ),
    layerNorm: (x, w, bias, eps) =>
      call('layerNorm', [x, w, bias], x.shape, COST.layerNorm * size(x.shape), ([x, w, bias]) =>
        layerNorm(x!, w!, bias!, eps),
      ),
    softmax: (x) =>
      call('softmax', [x], x.shape, COST.softmax * size(x.shape), ([x]) => softmax(x!)),
    l2Norm: (x) =>
      call('l2Norm', [x], withSize(x.shape, -1, 1), COST.l2Norm * size(x.shape), ([x]) =>
        l2Norm(x!),
      ),
    attention: (q, k, v, keys, heads, scale) =>
      call(
        'attention',
        keys ? [q, k, v, keys] : [q, k, v],
        q.shape,
        4 * size(q.shape) * k.shape[1]!,
        ([q, k, v, keys]) => attention(q!, k!, v!, { heads, scale, keys: keys ?? null }),
      ),
  };
}
type TensorCall = (inputs: readonly Tensor[]) => Tensor;
