// The text tower: tokens, encoder, norm, and a linear head on the last position.
import type { SiglipTextConfig } from '../config/siglip.ts';
import type { Backend } from '../contract/backend.ts';
import type { DType } from '../contract/dtypes.ts';
import { sameShape, showShape } from '../contract/shapes.ts';
import { scoped } from '../tensor/lifetimes.ts';
import { Tensor } from '../tensor/tensor.ts';
import { textEmbeddings } from './embeddings.ts';
import { encoder, type EncoderOptions } from './encoder.ts';
import { layerNormOf, project } from './layers.ts';
import type { Ids } from './parameters.ts';
import type { Scope } from './scope.ts';
import { type Tower, towerTensors } from './vision.ts';

/** What the text tower is asked for beside the ids. */
export interface TextOptions extends Omit<EncoderOptions, 'keys'> {
  /** [B, T] of 1 (attend) and 0. SigLIP was trained without one; given, it is applied. */
  readonly attention_mask?: Ids | null;
  /** [1, T] or [B, T]; default 0 to T - 1. */
  readonly position_ids?: Ids | null;
}

/** input_ids [B, T] through the tower. SiglipTextTransformer. Throws RangeError if T exceeds the positions. */
export function textTransformer(
  s: Scope,
  b: Backend,
  ids: Ids,
  c: SiglipTextConfig,
  o: TextOptions = {},
): Promise<Tower> {
  const [B, T] = ids.shape as [number, number];
  const D = c.hidden_size;
  const block = async (): Promise<Tower> => {
    expectIds(ids, c, o);
    const embeddings = s.at('embeddings');
    await embeddings.ready('position_embedding.weight'); // not the token table: only its rows are needed
    const tokens = await embeddings.rows('token_embedding.weight', [c.vocab_size, D], ids); // [B, T, D]
    const x = textEmbeddings(embeddings, tokens, c, o.position_ids ?? null);
    const keys = o.attention_mask ? keysOf(b, o.attention_mask, x.dtype) : null;
    const { last, ...seen } = await encoder(s.at('encoder'), x, c, { ...o, keys });
    const y = await s.use('final_layer_norm', (s) => layerNormOf(s, last, c)); // [B, T, D]

    // The last position, whatever stands there: with padding to the full length, a padding token.
    const final = y.slice([0, T - 1, 0], [B, 1, D]).reshape([B, D]);
    const pooler_output = await s.use(
      'head',
      (s) => project(s, final, [c.projection_size ?? D, D]), // [B, D]
    );
    return { last_hidden_state: s.tap(y), pooler_output, ...seen };
  };
  return scoped(b, block, towerTensors);
}

/** As HF's mask: whatever is not 1 is not seen. */
function keysOf(b: Backend, mask: Ids, dtype: DType): Tensor {
  const seen = Float32Array.from(mask.data, (m) => (m === 1 ? 1 : 0));
  return Tensor.from(b, seen, mask.shape, dtype);
}

function expectIds(ids: Ids, c: SiglipTextConfig, o: TextOptions): void {
  const [B, T] = ids.shape as [number, number];
  if (T > c.max_position_embeddings)
    throw new RangeError(
      // The parenthesis is missing in HF's message too.
      `Sequence length must be less than max_position_embeddings (got \`sequence length\`: ${T} and max_position_embeddings: ${c.max_position_embeddings}`,
    );
  if (o.attention_mask && !sameShape(o.attention_mask.shape, ids.shape))
    throw new RangeError(
      `attention_mask: shape ${showShape(o.attention_mask.shape)}, expected that of input_ids, ${showShape(ids.shape)}`,
    );
  const positions = o.position_ids;
  if (!positions) return;
  if (!sameShape(positions.shape, [1, T]) && !sameShape(positions.shape, [B, T]))
    throw new RangeError(
      `position_ids: shape ${showShape(positions.shape)}, expected [1, ${T}] or [${B}, ${T}]`,
    );
  const wrong = positions.data.find((p) => !(p >= 0 && p < c.max_position_embeddings));
  if (wrong !== undefined)
    throw new RangeError(
      `position_ids: ${wrong} is outside the ${c.max_position_embeddings} positions of the model`,
    );
}
