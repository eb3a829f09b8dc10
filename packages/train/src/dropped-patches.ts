// The vision tower on some of its patches, which makes training cheaper (FLIP, Li et al. 2023, section 3.1). Not in HF and
// not for inference: a model so trained should see all patches in its last steps.
import {
  attentionPoolingHead,
  encoder,
  type Ids,
  layerNormOf,
  type Scope,
  scoped,
  type SiglipVisionConfig,
  Tensor,
  type Tower,
  towerTensors,
  visionEmbeddings,
} from '@siglip-ts/core';

/** As visionTransformer, on the patches [B, K] of each image. A patch keeps the position it has in the whole image. */
export function visionOfPatches(
  s: Scope,
  pixels: Tensor,
  c: SiglipVisionConfig,
  patches: Ids,
): Promise<Tower> {
  const block = async (): Promise<Tower> => {
    const all = visionEmbeddings(s.at('embeddings'), pixels, c, false); // [B, N, D]
    const { last } = await encoder(s.at('encoder'), kept(all, patches), c, {});
    const y = layerNormOf(s.at('post_layernorm'), last, c); // [B, K, D]
    const pooler_output = attentionPoolingHead(s.at('head'), y, c);
    return { last_hidden_state: y, pooler_output, hidden_states: null, attentions: null };
  };
  return scoped(pixels.backend, block, towerTensors);
}

/** [B, N, D] to [B, K, D]. */
function kept(x: Tensor, { data, shape }: Ids): Tensor {
  const [B, N, D] = x.shape as [number, number, number];
  const K = shape[1]!;
  if (shape[0] !== B || !data.every((i) => i >= 0 && i < N))
    throw new RangeError(`patches: [${shape.join(', ')}], expected [${B}, K] below ${N}`);
  const rows = data.map((patch, at) => Math.floor(at / K) * N + patch);
  return x.reshape([B * N, D]).take(Tensor.from(x.backend, rows, [B, K], 'int32'));
}
