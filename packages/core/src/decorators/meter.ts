// meter(b): counts what runs on b. Adds nothing to what it computes.
import type { Backend, Handle, Mark, Shape } from '../contract/backend.ts';
import { BYTES, type DType } from '../contract/dtypes.ts';
import { size } from '../contract/shapes.ts';
import { stack } from '../kit/stack.ts';
import { decorate, fusedOf } from './decorate.ts';

/** What a meter shows; `byOp` counts by the operation's name. */
export interface Readings {
  /** Operations, and how often each. */
  calls: number;
  /** How often each ran, by its name. */
  readonly byOp: Map<string, number>;
  /** Floating-point operations. */
  flops: number;
  /** Bytes of activations alive now, and at most so far. */
  live: number;
  /** The most that `live` was. */
  peak: number;
  /** Bytes of constants alive now, and at most so far. */
  weights: number;
  /** The most that `weights` was. */
  weightsPeak: number;
}

/** Throws Error if b gives out one handle twice, which the contract forbids. */
export function meter(b: Backend): Backend & {
  /** What was counted so far; it goes on changing. */
  readonly readings: Readings;
} {
  const r: Readings = {
    calls: 0,
    byOp: new Map(),
    flops: 0,
    live: 0,
    peak: 0,
    weights: 0,
    weightsPeak: 0,
  };
  const bytes = new WeakMap<Handle, number>();
  const activations = stack((gone) => {
    for (const handle of gone) r.live -= bytes.get(handle)!;
  });
  const sizeOf = (shape: Shape, dtype: DType) => size(shape) * BYTES[dtype];

  const counted = decorate(b, `meter(${b.name})`, fusedOf(b), (call) => {
    const handle = call.on(b, call.inputs);
    if (bytes.has(handle)) throw new Error(`${b.name}: ${call.op} gave out a handle twice`);
    bytes.set(handle, sizeOf(call.shape, call.dtype));
    activations.push(handle);
    r.calls++;
    r.byOp.set(call.op, (r.byOp.get(call.op) ?? 0) + 1);
    r.flops += call.flops;
    r.live += bytes.get(handle)!;
    r.peak = Math.max(r.peak, r.live);
    return handle;
  });
  return {
    ...counted,
    readings: r,
    constant(values, shape, dtype) {
      const handle = b.constant(values, shape, dtype);
      bytes.set(handle, sizeOf(shape, dtype));
      r.weights += bytes.get(handle)!;
      r.weightsPeak = Math.max(r.weightsPeak, r.weights);
      return handle;
    },
    free(x) {
      r.weights -= bytes.get(x.handle) ?? 0;
      bytes.delete(x.handle);
      b.free(x);
    },
    mark: () => ({ below: b.mark(), own: activations.mark() }),
    release(since, keep) {
      const { below, own } = since as { below: Mark; own: Mark };
      b.release(below, keep);
      activations.release(own, keep);
    },
    dispose() {
      activations.clear();
      b.dispose();
    },
  };
}
