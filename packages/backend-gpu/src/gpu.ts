// gpu(GPU): the backend contract on GPU.js, one kernel call an operation. float32 arithmetic; half types and int32 are
// stored and moved on the host. Not the engine: backend-wasm is faster wherever there is no real GPU.
import {
  compose,
  convert,
  isHalf,
  size,
  Tensor,
  type Backend,
  type DType,
  type Fused,
  type Handle,
  type Operand,
  type Values,
} from '@siglip-ts/core';
import { trust } from './canary.ts';
import { Device } from './device.ts';
import type { GpuConstructor, GpuMode, Resident } from './gpujs.ts';
import * as host from './host.ts';
import { binary, unary } from './kernels/elementwise.ts';
import { move } from './kernels/movement.ts';
import { linear, matmul } from './kernels/product.ts';
import { LARGEST, type Program } from './kernels/program.ts';
import { reduce } from './kernels/reduce.ts';
import * as rows from './kernels/rows.ts';
import { Memory, slotOf } from './memory.ts';
import { expanded, gather, padded, permuted, sliced, type View } from './views.ts';

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
  const b = backendOf(`gpu (${instance.mode})`, new Device(instance));
  try {
    await trust(b);
  } catch (error) {
    b.dispose();
    throw error;
  }
  return b;
}

/** Runs a program on operands, in its turn. */
type Compute = (program: Program, ...inputs: Operand[]) => Handle;
/** Runs a function on the values of operands, in its turn. */
type OnHost = (inputs: readonly Operand[], f: (...values: Values[]) => Values) => Handle;

function backendOf(name: string, device: Device): Backend {
  const memory = new Memory(device);
  const compute = computeOn(device, memory);
  const onHost: OnHost = (inputs, f) => {
    const slots = inputs.map(slotOf);
    return memory.later(async () => {
      const values: Values[] = [];
      for (const slot of slots) values.push(await memory.values(slot));
      return { host: f(...values) };
    });
  };
  const moved = (x: Operand, view: View): Handle =>
    x.dtype === 'float32' ? compute(move(view), x) : onHost([x], (values) => gather(values, view));
  const self: Backend = {
    name,
    constant: (values, _, dtype) => memory.constant(stored(values, dtype)),
    upload: (values, _, dtype) => memory.upload(stored(values, dtype)),
    read: async (x) => memory.read(slotOf(x)),
    assign: (target, x) => memory.assign(slotOf(target), slotOf(x)),
    free: (x) => memory.free(slotOf(x)),
    mark: () => memory.mark(),
    release: (since, keep) => memory.release(since, keep),
    dispose: () => memory.dispose(),

    ...arithmetic(compute, onHost, memory),
    permute: (x, axes) => moved(x, permuted(x.shape, axes)),
    slice: (x, begin, out) => moved(x, sliced(x.shape, begin, out)),
    pad: (x, before, out) => moved(x, padded(x.shape, before, out)),
    expand: (x, out) => moved(x, expanded(x.shape, out)),
    take: (table, ids) =>
      onHost([table, ids], (values, at) => host.take(values, at, size(table.shape.slice(1)))),
    scatterAdd: (ids, x, out) =>
      onHost([ids, floats('scatterAdd', x)], (at, values) => host.scatterAdd(at, values, out)),
    cast: (x, dtype) => onHost([x], (v) => stored(convert(v.slice(), x.dtype, dtype), dtype)),
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

type Arithmetic = Pick<Backend, 'unary' | 'binary' | 'reduce' | 'matmul'>;

const arithmetic = (compute: Compute, onHost: OnHost, memory: Memory): Arithmetic => ({
  unary: (op, x) => compute(unary(op, x.shape), floats(op, x)),
  binary(op, a, b, out) {
    const right = typeof b === 'number' ? number(memory, b, a.dtype) : b;
    if (a.dtype === 'int32')
      return onHost([a, right], (x, y) =>
        host.integers(op, gather(x, expanded(a.shape, out)), gather(y, expanded(right.shape, out))),
      );
    return compute(binary(op, a.shape, right.shape, out), floats(op, a), floats(op, right));
  },
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

function floats(op: string, x: Operand): Operand {
  if (x.dtype === 'float32') return x;
  if (isHalf(x.dtype))
    throw new TypeError(`gpu: ${op} on ${x.dtype}; wrap the backend: rounded(b, '${x.dtype}')`);
  throw new TypeError(`gpu: ${op} on ${x.dtype}, expected float32; backend-cpu has float64`);
}

function stored(values: Values, dtype: DType): Values {
  if (dtype === 'float64')
    throw new TypeError('gpu: float64 is not stored, GPUs have float32; backend-cpu has float64');
  return values;
}
