// The transformer encoder, one for both towers: pre-norm layers of self-attention and an MLP.
import { attention, scaledAttention } from '../ops/attention.ts';
import type { HostTensor } from '../tensor/host-tensor.ts';
import { Tensor } from '../tensor/tensor.ts';
import { layerNormOf, mlp, project, type TowerConfig } from './layers.ts';
import type { Scope } from './scope.ts';

/** What an encoder is asked for beside its input. */
export interface EncoderOptions {
  /** [B, T], 1 = attend: which tokens are seen. null: all. */
  readonly keys?: Tensor | null;
  /** Gives the embeddings and each layer's output. Default false. */
  readonly output_hidden_states?: boolean;
  /** Gives each layer's attention weights. Default false. */
  readonly output_attentions?: boolean;
}

/** What an encoder gives. */
export interface Encoded {
  /** [B, T, D], before the final norm. */
  readonly last: Tensor;
  /** The embeddings and every layer's output; null if not asked for. */
  readonly hidden_states: HostTensor[] | null;
  /** Every layer's weights [B, H, T, T]; null entries under flash_attention_2, which never has them. */
  readonly attentions: (HostTensor | null)[] | null;
}

/** SiglipEncoder. Weights are asked for layer by layer, the next while one runs, and each lets go of the one before. */
export async function encoder(
  s: Scope,
  x: Tensor,
  c: TowerConfig,
  o: EncoderOptions,
): Promise<Encoded> {
  const since = x.backend.mark(); // one for all layers, so that each release takes the layer before too
  const hidden_states = o.output_hidden_states ? [x.host()] : null;
  const attentions: (HostTensor | null)[] | null = o.output_attentions ? [] : null;
  const layers = s.at('layers');
  for (let i = 0; i < c.num_hidden_layers; i++) {
    const layer = layers.at(i);
    await layer.ready();
    if (i + 1 < c.num_hidden_layers) layers.at(i + 1).soon();
    x = encoderLayer(layer, x, c, { ...o, attentions });
    hidden_states?.push(x.host());
    x.backend.release(since, [x.handle]);
  }
  return { last: s.tap(x), hidden_states, attentions };
}

interface LayerOptions extends EncoderOptions {
  /** Where the attention weights go, if wanted. */
  readonly attentions?: (HostTensor | null)[] | null;
}

/** x + attention(norm(x)), then x + mlp(norm(x)). SiglipEncoderLayer. */
export function encoderLayer(s: Scope, x: Tensor, c: TowerConfig, o: LayerOptions): Tensor {
  x = x.add(selfAttention(s.at('self_attn'), layerNormOf(s.at('layer_norm1'), x, c), c, o));
  return s.tap(x.add(mlp(s.at('mlp'), layerNormOf(s.at('layer_norm2'), x, c), c)));
}

/** SiglipAttention, whichever implementation the configuration names. No causal mask. */
export function selfAttention(s: Scope, x: Tensor, c: TowerConfig, o: LayerOptions): Tensor {
  const D = c.hidden_size;
  const q = project(s.at('q_proj'), x, [D, D]); // [B, T, D]
  const k = project(s.at('k_proj'), x, [D, D]);
  const v = project(s.at('v_proj'), x, [D, D]);
  const how = {
    heads: c.num_attention_heads,
    scale: (D / c.num_attention_heads) ** -0.5,
    keys: o.keys ?? null,
    dropout: dropoutOf(s, x, c),
  };
  const implementation = c._attn_implementation ?? 'sdpa';
  let mixed: Tensor;
  if (o.attentions && implementation !== 'flash_attention_2') {
    const seen = scaledAttention(q, k, v, how); // only the definition has its weights at hand
    o.attentions.push(seen.weights.host());
    mixed = seen.mixed;
  } else {
    o.attentions?.push(null);
    mixed = attention(q, k, v, { ...how, implementation });
  }
  return s.tap(project(s.at('out_proj'), mixed, [D, D]));
}

/** Factors of the weights [B, H, T, T]; null but in training with attention_dropout. */
function dropoutOf(s: Scope, x: Tensor, c: TowerConfig): Tensor | null {
  if (!(c.attention_dropout > 0 && s.run.dropout)) return null;
  const [B, T] = x.shape as [number, number];
  const shape = [B, c.num_attention_heads, T, T];
  const factors = s.run.dropout(s.path, c.attention_dropout, shape);
  return Tensor.from(x.backend, factors, shape, x.dtype);
}
