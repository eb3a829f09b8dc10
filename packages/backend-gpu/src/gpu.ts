// gpu(GPU): the backend contract on GPU.js, one kernel call an operation. float32 arithmetic; half types and int32 are
// stored and moved on the host. Not the engine: backend-wasm is faster wherever there is no real GPU.
import {
  type Backend,
  compose,
  convert,
  type DType,
  type Fused,
  type Handle,
  type Operand,
  type Shape,
  size,
  Tensor,
  type Values,
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
  zeros,
} from '@siglip-ts/core/kit';
import { CANARY } from './canary.ts';
import { Device } from './device.ts';
import type { GpuConstructor, GpuMode, Resident } from './gpujs.ts';
import { binary, unary } from './kernels/elementwise.ts';
import { move } from './kernels/movement.ts';
import { linear, matmul } from './kernels/product.ts';
import { LARGEST, type Program } from './kernels/program.ts';
import { reduce } from './kernels/reduce.ts';
import * as rows from './kernels/rows.ts';
import { Memory, slotOf } from './memory.ts';

/** Options of `gpu`. */
export interface GpuOptions {
  /**
   * How GPU.js computes. Default: the first of headlessgl, webgl2, webgl, webasm and cpu that it finds. WebGPU has to be
   * asked for: that there is an adapter is only known later.
   */
  mode?: GpuMode;
}

/**
 * A backend on the class `GPU` of gpu.js 2.24. Throws Error where it has no such mode, and on a device that gives wrong
 * answers to a few questions. The name says the mode: 'gpu (webgl2)'.
 */
export async function gpu(GPU: GpuConstructor, { mode }: GpuOptions = {}): Promise<Backend> {
  const instance = new GPU(mode ? { mode } : {});
  return trusted(backendOf(`gpu (${instance.mode})`, new Device(instance)), CANARY);
}

/** Runs a program on operands, in its turn. */
type Compute = (program: Program, ...inputs: Operand[]) => Handle;
/**
 * Runs a function on the values of operands, in its turn, and on zeros, which it fills. For rows of tables, which may be
 * too large for a device (a vocabulary of 256,000 rows is 786 MB, and some bind 128 MiB), and for ids. Not for
 * activations that are on the device: those would be fetched.
 */
type OnHost = (
  dtype: DType,
  out: Shape,
  inputs: readonly Operand[],
  fill: (to: Values, ...from: Values[]) => void,
) => Handle;

function backendOf(name: string, device: Device): Backend {
  const memory = new Memory(device);
  const compute = computeOn(device, memory);
  const onHost: OnHost = (dtype, out, inputs, fill) => {
    const slots = inputs.map(slotOf);
    return memory.later(async () => {
      const from: Values[] = [];
      for (const slot of slots) from.push(await memory.values(slot));
      const host = zeros(dtype, size(out));
      fill(host, ...from);
      return { host };
    });
  };
  const moved = (x: Operand, view: View): Handle =>
    x.dtype === 'float32'
      ? compute(move(view), x)
      : onHost(x.dtype, view.out, [x], (to, from) => copyView(to, from, view));
  const self: Backend = {
    name,
    constant: (values, _, dtype) => memory.constant(expectNoFloat64('gpu', values, dtype)),
    upload: (values, _, dtype) => memory.upload(expectNoFloat64('gpu', values, dtype)),
    read: async (x) => memory.read(slotOf(x)),
    assign: (target, x) => memory.assign(slotOf(target), slotOf(x)),
    free: (x) => memory.free(slotOf(x)),
    mark: memory.activations.mark,
    release: memory.activations.release,
    dispose: () => memory.dispose(),

    ...arithmetic(compute),
    binary(op, a, b, out) {
      const right = typeof b === 'number' ? number(memory, b, a.dtype) : b;
      if (a.dtype !== 'int32')
        return compute(binary(op, a.shape, right.shape, out), floats(op, a), floats(op, right));
      const sides = [a, right].map((x) => ({ ...x, shape: out, handle: self.expand(x, out) }));
      return onHost('int32', out, sides, (to, x, y) => integers(op, to, x!, y!));
    },
    permute: (x, axes) => moved(x, permuted(x.shape, axes)),
    slice: (x, begin, out) => moved(x, sliced(x.shape, begin, out)),
    pad: (x, before, out) => moved(x, padded(x.shape, before, out)),
    expand: (x, out) => moved(x, expanded(x.shape, out)),
    take: (table, ids) =>
      onHost(table.dtype, [...ids.shape, ...table.shape.slice(1)], [table, ids], take),
    scatterAdd: (ids, rows, out) =>
      onHost('float32', out, [ids, floats('scatterAdd', rows)], (to, at, from) => {
        const sums = new Float64Array(to.length); // rounded once
        scatterAdd(sums, at!, from!);
        to.set(sums);
      }),
    cast: (x, dtype) =>
      onHost(dtype, x.shape, [x], (to, from) =>
        to.set(expectNoFloat64('gpu', convert(from!, x.dtype, dtype), dtype)),
      ),
    fused: fusedOf(compute, () => self),
  };
  return self;
}

function computeOn(device: Device, memory: Memory): Compute {
  return (program, ...inputs) => {
    const slots = inputs.map(slotOf);
    if (program.length > LARGEST)
      throw new RangeError(
        `gpu: a result of ${program.length} numbers, at most ${LARGEST} are possible`,
      );
    // GPU.js has no arrays without numbers. What is made of nothing is nothing, or a sum of nothing.
    const nothing = program.length === 0 || inputs.some((x) => size(x.shape) === 0);
    if (nothing) return memory.later(async () => ({ host: new Float32Array(program.length) }));
    return memory.later(async () => {
      const given: Resident[] = [];
      for (const slot of slots) given.push(await memory.resident(slot));
      return { device: await device.run(program, given) };
    });
  };
}

type Arithmetic = Pick<Backend, 'unary' | 'reduce' | 'matmul'>;

const arithmetic = (compute: Compute): Arithmetic => ({
  unary: (op, x) => compute(unary(op, x.shape), floats(op, x)),
  reduce(op, x, axis) {
    const inner = size(x.shape.slice(axis + 1));
    const outer = size(x.shape.slice(0, axis));
    return compute(reduce(op, outer, x.shape[axis]!, inner), floats(op, x));
  },
  matmul: (a, b, transA, transB, out) =>
    compute(
      matmul(a.shape, b.shape, transA, transB, out),
      floats('matmul', a),
      floats('matmul', b),
    ),
});

/** A number crosses as a tensor of one, so that no kernel is compiled for a value. */
function number(memory: Memory, x: number, dtype: DType): Operand {
  const values = dtype === 'int32' ? Int32Array.of(x) : Float32Array.of(x);
  return { shape: [], dtype, handle: memory.upload(values) };
}

/** The composites that save a pass over memory or several; the definitions serve for the others. */
function fusedOf(compute: Compute, self: () => Backend): Partial<Fused> {
  const operand = (x: Operand, handle: Handle): Operand => ({ ...x, handle });
  return {
    linear(x, weight, bias, act, out) {
      const [N, K] = weight.shape as [number, number];
      const program = linear(size(out) / N, N, K, bias !== null);
      const y = compute(program, floats('linear', x), weight, ...(bias ? [bias] : []));
      return act ? compose.activation(new Tensor(self(), out, x.dtype, y), act).handle : y;
    },
    softmax(x) {
      const n = x.shape.at(-1)!;
      const kernels = rows.softmax(size(x.shape) / n, n);
      const max = operand(x, compute(kernels.max, floats('softmax', x)));
      const sum = operand(x, compute(kernels.sum, x, max));
      return compute(kernels.result, x, max, sum);
    },
    layerNorm(x, weight, bias, eps) {
      const n = x.shape.at(-1)!;
      const kernels = rows.layerNorm(size(x.shape) / n, n, eps);
      const mean = operand(x, compute(kernels.mean, floats('layerNorm', x)));
      const deviation = operand(x, compute(kernels.deviation, x, mean));
      return compute(kernels.result, x, mean, deviation, weight, bias);
    },
  };
}

const floats = (op: string, x: Operand): Operand => expectFloat32('gpu', op, x);
