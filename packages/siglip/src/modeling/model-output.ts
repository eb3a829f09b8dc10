// ModelOutput: what models return, with HF's field names, also reachable by position as in Python; and how it is made of
// what core's functions give. What a call computes is each model's own.
import type { HostTensor, Tower } from '@siglip-ts/core';

/** Fields that were not computed are null, and are skipped by `to_tuple`, `keys` and positions. */
export class ModelOutput {
  readonly [index: number]: unknown;

  constructor(fields: object) {
    Object.assign(this, fields);
    this.to_tuple().forEach((value, i) =>
      Object.defineProperty(this, i, { value, enumerable: false }),
    );
  }
  /** The names of the fields that were computed, in HF's order. */
  keys(): string[] {
    return Object.entries(this).flatMap(([key, value]) => (value === null ? [] : [key]));
  }
  /** The fields in HF's order, sub-outputs as tuples too. */
  to_tuple(): unknown[] {
    return Object.values(this).flatMap((value: unknown) => {
      if (value === null) return [];
      return [value instanceof ModelOutput ? value.to_tuple() : value];
    });
  }
}

/** One entry a layer and one for the embeddings. */
export type HiddenStates = HostTensor[];
/** One entry a layer: [B, H, T, T], or null under flash_attention_2. */
export type Attentions = (HostTensor | null)[];

/** What one tower gives. Source: BaseModelOutputWithPooling. */
export interface BaseModelOutputWithPooling extends ModelOutput {
  /** [B, T, D], after the final norm. */
  readonly last_hidden_state: HostTensor;
  /** [B, D], not normalised; null without a pooling head. */
  readonly pooler_output: HostTensor | null;
  /** [B, T, D] after the embeddings and each layer; null unless output_hidden_states. */
  readonly hidden_states: HiddenStates | null;
  /** What each layer's tokens attended to; null unless output_attentions. */
  readonly attentions: Attentions | null;
}

/** What SiglipModel gives. Source: SiglipOutput. */
export interface SiglipOutput extends ModelOutput {
  /** The sigmoid loss of the batch, []; null unless return_loss. */
  readonly loss: HostTensor | null;
  /** [images, texts]; σ of one is the probability that the two belong together. */
  readonly logits_per_image: HostTensor;
  /** logits_per_image transposed, [texts, images]. */
  readonly logits_per_text: HostTensor;
  /** Normalised, [texts, D] and [images, D]. */
  readonly text_embeds: HostTensor;
  /** [images, D], normalised. */
  readonly image_embeds: HostTensor;
  /** The text tower's own output. */
  readonly text_model_output: BaseModelOutputWithPooling;
  /** The vision tower's own output. */
  readonly vision_model_output: BaseModelOutputWithPooling;
}

/** What SiglipForImageClassification gives. Source: ImageClassifierOutput. */
export interface ImageClassifierOutput extends ModelOutput {
  /** [], null without labels. */
  readonly loss: HostTensor | null;
  /** [B, num_labels] */
  readonly logits: HostTensor;
  /** [B, T, D] after the embeddings and each layer; null unless output_hidden_states. */
  readonly hidden_states: HiddenStates | null;
  /** What each layer's tokens attended to; null unless output_attentions. */
  readonly attentions: Attentions | null;
}

/** On the host; null stays null. */
export const hostOf = (x: { host(): HostTensor } | null): HostTensor | null => x && x.host();

/** HF's fields of a tower's output, on the host. */
export const towerOutput = (t: Tower): BaseModelOutputWithPooling =>
  new ModelOutput({
    last_hidden_state: t.last_hidden_state.host(),
    pooler_output: hostOf(t.pooler_output),
    hidden_states: t.hidden_states,
    attentions: t.attentions,
  }) as BaseModelOutputWithPooling;

/** HF's tuple of a tower: the pooled output keeps its place even where there is none. */
export const towerTuple = (y: BaseModelOutputWithPooling): unknown[] => [
  y.last_hidden_state,
  y.pooler_output,
  ...[y.hidden_states, y.attentions].filter((x) => x !== null),
];

/** Waits until every tensor has come to the host, so that a failure on the device is the call's own. */
export async function settled<T>(output: T): Promise<T> {
  const wait = async (x: unknown): Promise<void> => {
    if (x === null || typeof x !== 'object') return;
    if ('data' in x && typeof x.data === 'function') await x.data();
    else await Promise.all(Object.values(x).map(wait));
  };
  await wait(output);
  return output;
}
