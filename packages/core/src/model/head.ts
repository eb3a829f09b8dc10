// The attention-pooling head ("MAP head") of the vision tower. Not used by the text tower or for classification.
import type { SiglipVisionConfig } from '../config/siglip.ts';
import { attention } from '../ops/attention.ts';
import { linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { affine, layerNormOf, mlp } from './layers.ts';
import type { Scope } from './scope.ts';

/**
 * Pools the N patch vectors of an image into one, by attention from a single learned query, the probe:
 * [B, N, D] to [B, D].
 *
 * SiglipMultiheadAttentionPoolingHead in transformers, MAPHead in big_vision.
 */
export function attentionPoolingHead(s: Scope, x: Tensor, c: SiglipVisionConfig): Tensor {
  const B = x.shape[0]!;
  const [D, heads] = [c.hidden_size, c.num_attention_heads];
  const probe = s.param('probe', [1, 1, D]).expand([B, 1, D]);

  // One [3D, D] matrix holds the three input projections: rows q, then k, then v.
  const att = s.at('attention');
  const [wq, wk, wv] = att.thirds('in_proj_weight', [3 * D, D]);
  const [bq, bk, bv] = att.thirds('in_proj_bias', [3 * D]);

  // Unlike the encoder, which scales the scores, this attention scales the query.
  const q = linear(probe, wq, bq).mul((D / heads) ** -0.5); // [B, 1, D]
  const k = linear(x, wk, bk); // [B, N, D]
  const v = linear(x, wv, bv);
  // torch's MultiheadAttention goes step by step, whatever the encoder does; one query makes it cheap.
  const mixed = attention(q, k, v, { heads, scale: 1, implementation: 'eager' }); // [B, 1, D]
  const pooled = att.tap(linear(mixed, ...affine(att.at('out_proj'), [D, D])));

  // The residual starts here: the probe itself is not added back.
  const y = mlp(s.at('mlp'), layerNormOf(s.at('layernorm'), pooled, c), c);
  return s.tap(pooled.add(y).reshape([B, D]));
}
