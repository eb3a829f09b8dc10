// autograd(b): a backend that does what it is asked on b and remembers the way back, for what is trained only.
// Not a kernel in sight: gradients are operations of b.
import {
  type Backend,
  type DType,
  type Handle,
  type Mark,
  type Operand,
  type Shape,
  Tensor,
} from '@siglip-ts/core';
import { walkBack } from './backward.ts';
import type { Input, Node } from './record.ts';
import * as fused from './rules/composites.ts';
import * as rules from './rules/primitives.ts';
import type { Step } from './step.ts';

/** A backend that remembers, with the way back. */
export interface Autograd extends Backend {
  /** A tensor of the backend below as one of this. Gradients are of trained ones only. */
  variable(x: Tensor, trained: boolean): Tensor;
  /** The tensor below. */
  value(x: Tensor): Tensor;
  /**
   * Σ ⟨seed, output⟩ differentiated: gives the gradient, a tensor of the backend below, of any trained variable, and
   * undefined where none of the outputs depends on it. Once only: the record is used up.
   */
  backward(
    outputs: readonly (readonly [output: Tensor, seed: Tensor])[],
  ): (x: Tensor) => Tensor | undefined;
}

/** Options of `autograd`. */
export interface AutogradOptions {
  /**
   * Gradient checkpointing: what the model lets go of after each encoder layer is let go of indeed, and computed again
   * on the way back. Without, whatever the way back needs stays.
   */
  readonly checkpointing?: boolean;
}

/**
 * Records on `inner`. One record for each computation: make a new one for the next (`grad` does).
 *
 * The record ends when the caller releases what it marked on `inner` before. mark and release of this backend work too:
 * they let go of what no gradient needs, so that a frozen tower takes the memory of inference.
 */
export function autograd(inner: Backend, o: AutogradOptions = {}): Autograd {
  const record: Node[] = [];
  let alive: Node[] = [];
  let segments = 0;
  const open = (x: Operand): Tensor => {
    const { value } = x.handle as Node;
    if (!value) throw new Error('autograd: a tensor was used after its release');
    return new Tensor(inner, x.shape, x.dtype, value.handle);
  };
  const node = (value: Tensor, step: Step | null, inputs: readonly Input[]): Node => {
    const { shape, dtype } = value;
    const trained = inputs.some((x) => x.node.trained);
    const kept = trained || o.checkpointing; // replaying needs the untrained ways too
    const made = { value, shape, dtype, trained, segment: 0 };
    const y: Node = kept
      ? { ...made, step, inputs, held: !step || (trained && !o.checkpointing) }
      : { ...made, step: null, inputs: [], held: !step && Boolean(o.checkpointing) };
    if (trained) record.push(y);
    if (trained && !o.checkpointing) for (const x of inputs) x.node.held = true;
    alive.push(y);
    return y;
  };
  const does = (step: Step, ...operands: readonly Operand[]): Handle => {
    const inputs = operands.map((x) => ({ node: x.handle as Node, shape: x.shape }));
    return node(step.run(operands.map(open)), step, inputs);
  };
  const leaf = (value: Tensor, trained: boolean): Node => {
    const { shape, dtype } = value;
    return { value, shape, dtype, step: null, inputs: [], trained, held: true, segment: 0 };
  };
  const made = (shape: Shape, dtype: DType, handle: Handle) =>
    new Tensor(inner, shape, dtype, handle);

  const self: Autograd = {
    name: `autograd(${inner.name})`,
    variable: (x, trained) => new Tensor(self, x.shape, x.dtype, leaf(x, trained)),
    value: open,
    backward: (outputs) =>
      walkBack(
        inner,
        record,
        outputs.map(([y, seed]) => [y.handle as Node, seed]),
      ),

    constant: (values, shape, dtype) =>
      leaf(made(shape, dtype, inner.constant(values, shape, dtype)), false),
    upload: (values, shape, dtype) =>
      node(made(shape, dtype, inner.upload(values, shape, dtype)), null, []),
    read: (x) => inner.read(open(x)),
    assign: (target, x) => inner.assign(open(target), open(x)),
    free: (x) => inner.free(open(x)),
    dispose: () => inner.dispose(),
    mark: () => ({ at: alive.length, below: inner.mark() }),
    release(since: Mark, keep: readonly Handle[]) {
      const { at, below } = since as { at: number; below: Mark };
      const gone = alive.splice(at);
      segments++;
      for (const y of keep as readonly Node[]) y.held = true;
      for (const y of gone) y.segment ||= segments;
      const kept = gone.filter((y) => y.held);
      const handles = new Set(kept.map((y) => y.value!.handle));
      inner.release(below, [...handles]);
      for (const y of gone) if (!y.held && !handles.has(y.value!.handle)) y.value = null;
      for (const y of kept) alive.push(y);
    },

    unary: (op, x) => does(rules.unary(op), x),
    binary: (op, a, b) =>
      typeof b === 'number' ? does(rules.binary(op, b), a) : does(rules.binary(op, null), a, b),
    reduce: (op, x, axis) => does(rules.reduce(op, axis), x),
    matmul: (a, b, transA, transB) => does(rules.matmul(transA, transB), a, b),
    permute: (x, axes) => does(rules.permute(axes), x),
    slice: (x, begin, out) => does(rules.slice(begin, out), x),
    pad: (x, before, out) => does(rules.pad(before, out), x),
    expand: (x, out) => does(rules.expand(out), x),
    take: (table, ids) => does(rules.take, table, ids),
    scatterAdd: (ids, rows, out) => does(rules.scatterAdd(out), ids, rows),
    cast: (x, dtype) => does(rules.cast(dtype), x),

    fused: {
      linear(x, weight, bias, act, out) {
        const y = does(fused.linear, x, weight, ...(bias ? [bias] : []));
        return act
          ? does(fused.activation(act, differentiated), { handle: y, shape: out, dtype: x.dtype })
          : y;
      },
      activation: (x, kind) => does(fused.activation(kind, differentiated), x),
      layerNorm: (x, weight, bias, eps) => does(fused.layerNorm(eps), x, weight, bias),
      softmax: (x) => does(fused.softmax, x),
      l2Norm: (x) => does(fused.l2Norm, x),
      attention: (q, k, v, keys, heads, scale) =>
        does(fused.attention(heads, scale), q, k, v, ...(keys ? [keys] : [])),
    },
  };
  return self;
}

/** g times the derivative of f at x, by f's own operations. */
function differentiated(f: (x: Tensor) => Tensor, x: Tensor, g: Tensor): Tensor {
  const tape = autograd(x.backend);
  const at = tape.variable(x, true);
  return tape.backward([[f(at), g]])(at)!;
}
