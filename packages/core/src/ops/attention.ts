// Multi-head attention: the definition, with its weights; the same numbers block by block; and the kernel where a
// backend has one.
import { LOWEST } from '../contract/dtypes.ts';
import { sameShape } from '../contract/shapes.ts';
import { scopedSync } from '../tensor/lifetimes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { expectAlike, expectShapes } from './expect.ts';
import { softmax } from './softmax.ts';

/** How transformers names the three ways to compute attention. */
export type AttentionImplementation = 'eager' | 'sdpa' | 'flash_attention_2';

/** How attention is split and masked. */
export interface Heads {
  /** How many; they divide the numbers of a token. */
  readonly heads: number;
  /** What the scores are multiplied with, after the product. */
  readonly scale: number;
  /** [B, S], 1 = attend, 0 = masked, in the dtype of q. */
  readonly keys?: Tensor | null;
  /** [B, H, T, S], what the weights are multiplied with, in training. */
  readonly dropout?: Tensor | null;
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
  expectHeads(q, k, v, o);
  if (o.implementation === 'eager' || o.dropout) return composeAttention(q, k, v, o);
  if (o.implementation === 'flash_attention_2') return tiledAttention(q, k, v, o);
  const fused = q.backend.fused?.attention?.(q, k, v, o.keys ?? null, o.heads, o.scale);
  return fused ? q.made(q.shape, fused) : composeAttention(q, k, v, o);
}

/** softmax(scale q kᵀ + mask) v. `weights` [B, H, T, S] is what HF calls attentions, after dropout if there is any. */
export function scaledAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  o: Heads,
): {
  /** [B, T, D] */
  mixed: Tensor;
  /** [B, H, T, S] */
  weights: Tensor;
} {
  const scores = splitHeads(q, o.heads)
    .matmul(splitHeads(k, o.heads), { transB: true })
    .mul(o.scale); // [B, H, T, S]
  const all = softmax(o.keys ? scores.add(maskOf(o.keys)) : scores);
  const weights = o.dropout ? all.mul(o.dropout) : all;
  return { mixed: mergeHeads(weights.matmul(splitHeads(v, o.heads))), weights };
}

/** The definition: [B, T, D]. */
export const composeAttention = (q: Tensor, k: Tensor, v: Tensor, o: Heads): Tensor =>
  scaledAttention(q, k, v, o).mixed;

/** Over the keys so far: the largest score, the sum of exponentials, and their weighted sum of values. */
type Running = [max: Tensor, sum: Tensor, mixed: Tensor];

/** Keys that are looked at together by tiledAttention. */
const BLOCK = 64;

/**
 * The same in O(T) memory: a running maximum and sum over blocks of keys (the "online softmax" of FlashAttention).
 * Then zeros at masked queries, which is what HF's unpadding and padding again amounts to.
 */
export function tiledAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  o: Heads,
  block: number = BLOCK,
): Tensor {
  const [B, T, D] = q.shape as [number, number, number];
  const S = k.shape[1]!;
  const Q = splitHeads(q, o.heads);
  let sofar: Running | undefined;
  for (let at = 0; at < S; at += block) {
    const n = Math.min(block, S - at);
    const part = (x: Tensor) => splitHeads(x.slice([0, at, 0], [B, n, D]), o.heads); // [B, H, n, d]
    sofar = scopedSync(q.backend, (): Running => {
      let s = Q.matmul(part(k), { transB: true }).mul(o.scale); // [B, H, T, n]
      if (o.keys) s = s.add(maskOf(o.keys.slice([0, at], [B, n])));
      const max = sofar ? s.max(-1).maximum(sofar[0]) : s.max(-1); // [B, H, T, 1]
      const e = s.sub(max).exp();
      const sum = e.sum(-1);
      const mixed = e.matmul(part(v)); // [B, H, T, d]
      if (!sofar) return [max, sum, mixed];
      const faded = sofar[0].sub(max).exp();
      return [max, sofar[1].mul(faded).add(sum), sofar[2].mul(faded).add(mixed)];
    });
  }
  const y = mergeHeads(sofar![2].div(sofar![1]));
  return o.keys && S === T ? y.mul(o.keys.reshape([B, T, 1])) : y;
}

/** [B, T, D] to [B, H, T, d]. */
export function splitHeads(x: Tensor, H: number): Tensor {
  const [B, T, D] = x.shape as [number, number, number];
  return x.reshape([B, T, H, D / H]).permute(0, 2, 1, 3);
}
/** [B, H, T, d] to [B, T, D]. */
export function mergeHeads(x: Tensor): Tensor {
  const [B, H, T, d] = x.shape as [number, number, number, number];
  return x.permute(0, 2, 1, 3).reshape([B, T, H * d]);
}
/** What is added to the scores: 0 where a key counts, the dtype's lowest number where not. [B, 1, 1, S] */
export const maskOf = (keys: Tensor): Tensor =>
  keys.neg().add(1).mul(LOWEST[keys.dtype]).reshape([keys.shape[0]!, 1, 1, keys.shape[1]!]);

function expectHeads(q: Tensor, k: Tensor, v: Tensor, { heads, keys = null }: Heads): void {
  expectAlike('attention', q, k, v, keys);
  const [B, S, D] = k.shape;
  expectShapes('attention', [q, k, v, keys], '[B, T, D], [B, S, D], [B, S, D] and keys [B, S]', [
    q.shape.length === 3 && q.shape[0] === B && q.shape[2] === D,
    k.shape.length === 3 && sameShape(v.shape, k.shape),
    !keys || sameShape(keys.shape, [B!, S!]),
  ]);
  if (D! % heads !== 0)
    throw new RangeError(`attention: ${heads} heads do not divide ${D} numbers a token`);
}
