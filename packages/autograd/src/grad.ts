// grad and pullback: gradients of functions of named parameters. The recording is autograd's.
import { type Backend, Tensor, withoutFused } from '@siglip-ts/core';
import { autograd, type AutogradOptions } from './autograd.ts';

/** Tensors by HF key: what a checkpoint holds, what gradients return, what optimisers walk. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/** Options of `grad` and `pullback`. */
export interface GradOptions extends AutogradOptions {
  /** NamedTensors that stay as they are: no gradient is computed for them, nothing is kept for their sake. */
  readonly frozen?: RegExp | null;
  /** false: differentiate every composite through its definition. */
  readonly fused?: boolean;
}

/** A function of parameters, to be written with tensors of `b`. */
export type Differentiable<T> = (parameters: NamedTensors, b: Backend) => T | Promise<T>;

/**
 * The value of a scalar function and its gradient with respect to each parameter that is not frozen and that it
 * depends on (torch: those whose `.grad` is not None). Both are tensors of the parameters' backend, on its stack.
 */
export async function grad(
  f: Differentiable<Tensor>,
  parameters: NamedTensors,
  o: GradOptions = {},
): Promise<{
  /** Of the function. */
  value: Tensor;
  /** By the parameters' keys. */
  gradients: Map<string, Tensor>;
}> {
  const { outputs, pull } = await pullback(async (p, b) => [await f(p, b)], parameters, o);
  const value = outputs[0]!;
  if (value.shape.some((n) => n !== 1))
    throw new RangeError(`grad: a value of shape [${value.shape.join(', ')}], expected one number`);
  const one = Tensor.from(value.backend, [1], value.shape, value.dtype);
  return { value, gradients: pull([one]) };
}

/**
 * The outputs of a function, and a way back: from gradients of the outputs to gradients of the parameters. JAX's vjp.
 * `pull` may be called once. For what reaches no output there is no entry.
 */
export async function pullback(
  f: Differentiable<readonly Tensor[]>,
  parameters: NamedTensors,
  o: GradOptions = {},
): Promise<{
  /** What the function gave. */
  outputs: Tensor[];
  /** From a gradient for each output, of its shape, to those of the parameters by key. */
  pull: (seeds: readonly Tensor[]) => Map<string, Tensor>;
}> {
  const inner = backendOf(parameters);
  const tape = autograd(inner, o);
  const b = o.fused === false ? withoutFused(tape) : tape;
  const variables = new Map<string, Tensor>();
  for (const [key, x] of parameters) {
    const { handle } = tape.variable(x, !o.frozen?.test(key));
    variables.set(key, new Tensor(b, x.shape, x.dtype, handle));
  }
  const found = await f(variables, b);
  return {
    outputs: found.map(tape.value),
    pull(seeds) {
      const gradientOf = tape.backward(found.map((y, i) => [y, seeds[i]!]));
      const all = [...variables].map(([key, x]) => [key, gradientOf(x)] as const);
      return new Map(all.filter((entry): entry is [string, Tensor] => entry[1] !== undefined));
    },
  };
}

/** The backend of all of them. */
export function backendOf(parameters: NamedTensors): Backend {
  const first = parameters.values().next().value;
  if (!first) throw new RangeError('parameters: none, expected at least one');
  return first.backend;
}
