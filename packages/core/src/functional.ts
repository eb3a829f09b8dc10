// The composites. `compose` defines each one by primitives; a fused kernel, where a backend has one, is only a
// faster way to the same numbers. Gradients are those of the definitions.
import { ACTIVATIONS } from './activations.ts';
import { isHalf, type Activation, type Handle, type Shape } from './backend.ts';
import { scaledAttention, tiledAttention, type Heads } from './attention.ts';
import { sameShape, showShape, withSize } from './shapes.ts';
import type { Tensor } from './tensor.ts';

/** How transformers names the three ways to compute attention. */
export type AttentionImplementation = 'eager' | 'sdpa' | 'flash_attention_2';

/** activation(x Wᵀ + b): x [..., in], weight [out, in] as in the checkpoint, bias [out]. torch.nn.functional.linear. */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  act: Activation | null = null,
): Tensor {
  alike('linear', x, weight, bias);
  const [rows, width] = weight.shape;
  expectShapes('linear', [x, weight, bias], '[..., in], [out, in] and [out]', [
    x.shape.length > 1 && weight.shape.length === 2 && x.shape.at(-1) === width,
    !bias || sameShape(bias.shape, [rows!]),
  ]);
  const out = withSize(x.shape, -1, rows!);
  const fused = x.backend.fused?.linear?.(x, weight, bias, act, out);
  return fused ? x.made(out, fused) : compose.linear(x, weight, bias, act);
}

/** One of ACT2FN, element by element. */
export const activation = (x: Tensor, kind: Activation): Tensor =>
  either(x, x.shape, x.backend.fused?.activation?.(x, kind)) ?? compose.activation(x, kind);

/** Over the last axis, with the biased variance. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  alike('layerNorm', x, weight, bias);
  const row = x.shape.slice(-1);
  expectShapes('layerNorm', [x, weight, bias], '[..., D], [D] and [D]', [
    row.length === 1 && sameShape(weight.shape, row) && sameShape(bias.shape, row),
  ]);
  const fused = x.backend.fused?.layerNorm?.(x, weight, bias, eps);
  return either(x, x.shape, fused) ?? compose.layerNorm(x, weight, bias, eps);
}

/** Over the last axis. */
export function softmax(x: Tensor): Tensor {
  expectShapes('softmax', [x], 'an axis', [x.shape.length > 0]);
  return either(x, x.shape, x.backend.fused?.softmax?.(x)) ?? compose.softmax(x);
}

/** The l2 norm over the last axis, kept with size 1. */
export function norm(x: Tensor): Tensor {
  expectShapes('norm', [x], 'an axis', [x.shape.length > 0]);
  return either(x, withSize(x.shape, -1, 1), x.backend.fused?.norm?.(x)) ?? compose.norm(x);
}

/**
 * Multi-head attention of q [B, T, D] over k and v [B, S, D]: [B, T, D].
 *
 * `eager` is the definition, `sdpa` the fused kernel where there is one, `flash_attention_2` works block by block
 * over the keys in O(T) memory and, as HF's, gives zeros at masked queries. Dropout takes the definition.
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  o: Heads & { implementation?: AttentionImplementation },
): Tensor {
  checkAttention(q, k, v, o);
  if (o.implementation === 'eager' || o.dropout) return compose.attention(q, k, v, o);
  if (o.implementation === 'flash_attention_2') return tiledAttention(q, k, v, o);
  const fused = q.backend.fused?.attention?.(q, k, v, o.keys ?? null, o.heads, o.scale);
  return either(q, q.shape, fused) ?? compose.attention(q, k, v, o);
}

/** log σ(z) = min(z, 0) - log(1 + e^-|z|), stable on both sides. */
export const logSigmoid = (z: Tensor): Tensor => z.minimum(0).sub(z.minimum(z.neg()).exp().log1p());

/** x / ||x|| over the last axis. No epsilon, as in HF (big_vision adds 1e-8). */
export const l2Normalize = (x: Tensor): Tensor => x.div(norm(x));

/**
 * What torch does in one kernel it rounds once: a half tensor is widened, `block` runs in float32, the result is
 * rounded. Other tensors pass as they are.
 */
export const inFloat32 = (x: Tensor, block: (wide: Tensor) => Tensor): Tensor =>
  isHalf(x.dtype) ? block(x.cast('float32')).cast(x.dtype) : block(x);

/** The composites by primitives: the definitions, which fused kernels must agree with. */
export const compose = {
  /** act(x Wᵀ + b): x [..., in], the weight [out, in]. */
  linear(x: Tensor, weight: Tensor, bias: Tensor | null, act: Activation | null): Tensor {
    const product = x.matmul(weight, { transB: true });
    const y = bias ? product.add(bias) : product;
    return act ? activation(y, act) : y;
  },
  /** The function of that name, of every number. */
  activation: (x: Tensor, kind: Activation): Tensor => ACTIVATIONS[kind](x),
  /** Over the last axis, by the population's variance + eps; then weight [D] and bias [D]. */
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
    const centred = x.sub(x.mean(-1));
    const variance = centred.mul(centred).mean(-1);
    return centred.div(variance.add(eps).sqrt()).mul(weight).add(bias);
  },
  /** Over the last axis. */
  softmax(x: Tensor): Tensor {
    const e = x.sub(x.max(-1)).exp();
    return e.div(e.sum(-1));
  },
  /** The l2 norm over the last axis, which is kept with size 1. */
  norm: (x: Tensor): Tensor => x.mul(x).sum(-1).sqrt(),
  /** q [B, T, D], k and v [B, S, D] to [B, T, D]. */
  attention: (q: Tensor, k: Tensor, v: Tensor, o: Heads): Tensor =>
    scaledAttention(q, k, v, o).mixed,
  /** The same numbers to rounding, block by block of the keys, in less memory. */
  tiledAttention,
};

const either = (x: Tensor, shape: Shape, fused: Handle | undefined): Tensor | undefined =>
  fused && x.made(shape, fused);

/** Kernels never check: what `Tensor` does for its operations is done here for the composites. */
function alike(op: string, x: Tensor, ...others: (Tensor | null)[]): void {
  for (const y of others) if (y) x.partner(op, y);
}

function expectShapes(op: string, found: (Tensor | null)[], words: string, fits: boolean[]): void {
  if (fits.every(Boolean)) return;
  const shapes = found.flatMap((x) => (x ? [showShape(x.shape)] : [])).join(', ');
  throw new RangeError(`${op}: shapes ${shapes}, expected ${words}`);
}

function checkAttention(q: Tensor, k: Tensor, v: Tensor, { heads, keys = null }: Heads): void {
  alike('attention', q, k, v, keys);
  const [B, S, D] = k.shape;
  expectShapes('attention', [q, k, v, keys], '[B, T, D], [B, S, D], [B, S, D] and keys [B, S]', [
    q.shape.length === 3 && q.shape[0] === B && q.shape[2] === D,
    k.shape.length === 3 && sameShape(v.shape, k.shape),
    !keys || sameShape(keys.shape, [B!, S!]),
  ]);
  if (D! % heads !== 0)
    throw new RangeError(`attention: ${heads} heads do not divide ${D} numbers a token`);
}
