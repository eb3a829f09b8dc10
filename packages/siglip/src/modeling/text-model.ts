// SiglipTextModel: the text tower by itself.
import { expectTower, textTransformer } from '@siglip-ts/core';
import type { ModelSource } from '@siglip-ts/hub';
import type { LoadOptions } from '../runtime/loading.ts';
import { SiglipTextConfig } from './configs.ts';
import { idsOf, type TensorLike } from './inputs.ts';
import { create, load, type ModelClass } from './model-class.ts';
import {
  type BaseModelOutputWithPooling,
  settled,
  towerOutput,
  towerTuple,
} from './model-output.ts';
import { type ForwardOptions, PreTrainedModel, switches } from './pretrained.ts';

export interface TextInputs extends ForwardOptions {
  /** [B, T] */
  input_ids: TensorLike;
  attention_mask?: TensorLike | null;
  position_ids?: TensorLike | null;
}

export interface SiglipTextModel {
  (inputs: TextInputs, options?: Partial<TextInputs>): Promise<BaseModelOutputWithPooling>;
}
/**
 * Token ids to token vectors and one pooled vector a text. Source: SiglipTextModel.
 *
 * @example
 * ```ts
 * import { SiglipTextModel, SiglipTokenizer, defaultModel } from 'siglip-ts';
 *
 * const files = await defaultModel();
 * const model = await SiglipTextModel.from_pretrained(files);
 * const tokenizer = await SiglipTokenizer.from_pretrained(files);
 * const texts = ['a rocket', 'a pizza'];
 * const { input_ids } = tokenizer(texts, { padding: 'max_length', return_tensors: true });
 * const { last_hidden_state, pooler_output } = await model({ input_ids });
 * console.log(last_hidden_state.shape, pooler_output!.shape); // [ 2, 16, 128 ] [ 2, 128 ]
 * ```
 */
export class SiglipTextModel extends PreTrainedModel<SiglipTextConfig> {
  protected get architecture(): string {
    return TEXT_MODEL.name;
  }
  /** Also from a checkpoint of the whole model, whose other tensors it ignores. */
  static fromPretrained(source: ModelSource, options: LoadOptions = {}): Promise<SiglipTextModel> {
    return load(TEXT_MODEL, source, options);
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipTextModel.fromPretrained>
  ): Promise<SiglipTextModel> {
    return SiglipTextModel.fromPretrained(...args);
  }
  /** With fresh weights, drawn as HF draws them: same `seed`, same numbers. */
  static fromConfig(config: SiglipTextConfig, options: LoadOptions = {}): Promise<SiglipTextModel> {
    return create(TEXT_MODEL, config, options);
  }
  /** HF's spelling of `fromConfig`. */
  static from_config(
    ...args: Parameters<typeof SiglipTextModel.fromConfig>
  ): Promise<SiglipTextModel> {
    return SiglipTextModel.fromConfig(...args);
  }

  /** Throws TypeError and RangeError for ids outside the vocabulary and texts longer than the positions. */
  async forward(
    inputs: TextInputs,
    options: Partial<TextInputs> = {},
  ): Promise<BaseModelOutputWithPooling> {
    const o = { ...inputs, ...options };
    const asked = switches(o, this.config);
    const text = await textOf(o);
    const y = await this.runtime.run(o, async (s) => {
      const { ids, ...masks } = text;
      const at = s.at('text_model');
      const all = { ...o, ...asked, ...masks };
      return settled(
        towerOutput(await textTransformer(at, this.runtime.backend, ids, this.config, all)),
      );
    });
    return asked.return_dict ? y : (towerTuple(y) as never);
  }
}

/** The text inputs as ids on the host. */
export async function textOf(o: TextInputs) {
  if (o.input_ids == null) throw new TypeError('You have to specify input_ids');
  return {
    ids: await idsOf('input_ids', o.input_ids),
    attention_mask: o.attention_mask ? await idsOf('attention_mask', o.attention_mask) : null,
    position_ids: o.position_ids ? await idsOf('position_ids', o.position_ids) : null,
  };
}

/** Its row in the table of classes. */
export const TEXT_MODEL: ModelClass<SiglipTextConfig, SiglipTextModel> = {
  name: 'SiglipTextModel',
  model_type: 'siglip_text_model',
  configOf: (dict, overrides) => SiglipTextConfig.from_dict(dict, overrides),
  tensors: ['input_ids', 'attention_mask', 'position_ids'],
  needs: ['input_ids'],
  switches: [],
  spare: null,
  trace: (c) => (s, b) => {
    expectTower(c);
    return textTransformer(s.at('text_model'), b, ONE_TOKEN, c);
  },
  make: (config, runtime) => new SiglipTextModel(config, runtime),
};

/** The least text there is. */
export const ONE_TOKEN = { data: new Int32Array(1), shape: [1, 1] };
