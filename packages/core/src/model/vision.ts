// The vision tower: patches, encoder, norm, pooling head.
import type { SiglipVisionConfig } from '../config/siglip.ts';
import type { HostTensor } from '../tensor/host-tensor.ts';
import { scoped } from '../tensor/lifetimes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { visionEmbeddings } from './embeddings.ts';
import { encoder, type EncoderOptions } from './encoder.ts';
import { attentionPoolingHead } from './head.ts';
import { layerNormOf } from './layers.ts';
import type { Scope } from './scope.ts';

/** HF's BaseModelOutputWithPooling. The tensors outlive the tower; hidden states and attentions are on the host. */
export interface Tower {
  /** [B, T, D], after the final norm. */
  readonly last_hidden_state: Tensor;
  /** [B, D], not normalised; null without a pooling head. */
  readonly pooler_output: Tensor | null;
  /** [B, T, D] after the embeddings and each layer; null unless asked for. */
  readonly hidden_states: HostTensor[] | null;
  /** [B, H, T, T] of each layer; null unless asked for, null entries under flash_attention_2. */
  readonly attentions: (HostTensor | null)[] | null;
}

/** The tensors of a tower that outlive it. */
export const towerTensors = (t: Tower): (Tensor | null)[] => [t.last_hidden_state, t.pooler_output];

/** What the vision tower is asked for beside the pixels. */
export interface VisionOptions extends Omit<EncoderOptions, 'keys'> {
  /** Stretches the position table to pictures of another size than the configuration's. Default false. */
  readonly interpolate_pos_encoding?: boolean;
  /** false: stop before the pooling head even where there is one. */
  readonly head?: boolean;
}

/** pixel_values [B, C, H, W] through the tower. SiglipVisionTransformer. */
export function visionTransformer(
  s: Scope,
  pixels: Tensor,
  c: SiglipVisionConfig,
  o: VisionOptions = {},
): Promise<Tower> {
  const block = async (): Promise<Tower> => {
    const interpolate = o.interpolate_pos_encoding ?? false;
    const x = await s.use('embeddings', (s) => visionEmbeddings(s, pixels, c, interpolate)); // [B, N, D]
    const { last, ...seen } = await encoder(s.at('encoder'), x, c, o);
    const y = await s.use('post_layernorm', (s) => layerNormOf(s, last, c)); // [B, N, D]
    const pools = (c.vision_use_head ?? true) && (o.head ?? true);
    const pooler_output = pools ? await s.use('head', (s) => attentionPoolingHead(s, y, c)) : null; // [B, D]
    return { last_hidden_state: s.tap(y), pooler_output, ...seen };
  };
  return scoped(pixels.backend, block, towerTensors);
}
