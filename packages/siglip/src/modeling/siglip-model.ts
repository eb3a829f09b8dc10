// SiglipModel: both towers and how they compare.
import {
  expectComposite,
  HostTensor,
  siglip,
  similarity,
  textTransformer,
  visionTransformer,
} from '@siglip-ts/core';
import type { ModelSource } from '@siglip-ts/hub';
import type { LoadOptions } from '../runtime/loading.ts';
import type { RunOptions } from '../runtime/running.ts';
import { SiglipConfig } from './configs.ts';
import { type TensorLike, upload } from './inputs.ts';
import { create, load, type ModelClass } from './model-class.ts';
import {
  hostOf,
  ModelOutput,
  settled,
  type SiglipOutput,
  towerOutput,
  towerTuple,
} from './model-output.ts';
import { PreTrainedModel, switches } from './pretrained.ts';
import { ONE_TOKEN, type TextInputs, textOf } from './text-model.ts';
import { onePicture, type VisionInputs } from './vision-model.ts';

export interface SiglipInputs extends TextInputs, VisionInputs {
  /** Adds the sigmoid loss of the batch; text i then belongs to image i. */
  return_loss?: boolean;
}

export interface SiglipModel {
  (inputs: SiglipInputs, options?: Partial<SiglipInputs>): Promise<SiglipOutput>;
}
/**
 * Images and texts, and a logit for every pair. Source: SiglipModel.
 *
 * @example
 * ```ts
 * import { SiglipModel, SiglipProcessor, defaultModel, loadImage } from 'siglip-ts';
 *
 * const files = await defaultModel();
 * const model = await SiglipModel.from_pretrained(files);
 * const processor = await SiglipProcessor.from_pretrained(files);
 * const images = await loadImage('fixtures/images/twemoji-rocket.png');
 * const text = ['a photo of a rocket', 'a photo of a pizza'];
 * const inputs = processor({ text, images, padding: 'max_length' });
 * const { logits_per_image } = await model(inputs);
 * const [rocket, pizza] = await logits_per_image.data();
 * console.log(logits_per_image.shape, rocket! > pizza!); // [ 1, 2 ] true
 * ```
 */
export class SiglipModel extends PreTrainedModel<SiglipConfig> {
  protected get architecture(): string {
    return SIGLIP_MODEL.name;
  }
  /**
   * From a checkpoint of the whole model, of one file or of shards. Throws Error naming the first tensor that it
   * lacks.
   */
  static fromPretrained(source: ModelSource, options: LoadOptions = {}): Promise<SiglipModel> {
    return load(SIGLIP_MODEL, source, options);
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipModel.fromPretrained>
  ): Promise<SiglipModel> {
    return SiglipModel.fromPretrained(...args);
  }
  /** With fresh weights, drawn as HF draws them: same `seed`, same numbers. */
  static fromConfig(config: SiglipConfig, options: LoadOptions = {}): Promise<SiglipModel> {
    return create(SIGLIP_MODEL, config, options);
  }
  /** HF's spelling of `fromConfig`. */
  static from_config(...args: Parameters<typeof SiglipModel.fromConfig>): Promise<SiglipModel> {
    return SiglipModel.fromConfig(...args);
  }

  /** Throws TypeError and RangeError for inputs that do not fit the model. */
  async forward(inputs: SiglipInputs, options: Partial<SiglipInputs> = {}): Promise<SiglipOutput> {
    const o = { ...inputs, ...options };
    if (o.pixel_values == null) throw new TypeError('You have to specify pixel_values');
    const asked = switches(o, this.config);
    const { ids, ...masks } = await textOf(o);
    const { backend, dtype } = this.runtime;
    const output = await this.runtime.run(o, async (s) => {
      const pixels = await upload('pixel_values', o.pixel_values, backend, dtype);
      const y = await siglip(s, pixels, ids, this.config, { ...o, ...asked, ...masks });
      return settled(
        new ModelOutput({
          loss: hostOf(y.loss),
          logits_per_image: y.logits_per_image.host(),
          logits_per_text: y.logits_per_text.host(),
          text_embeds: y.text_embeds.host(),
          image_embeds: y.image_embeds.host(),
          text_model_output: towerOutput(y.text_model_output),
          vision_model_output: towerOutput(y.vision_model_output),
        }) as SiglipOutput,
      );
    });
    return asked.return_dict ? output : (tupleOf(output) as never);
  }

  /** The pooled vectors [B, D] of texts, not normalised. */
  async get_text_features(inputs: TextInputs): Promise<HostTensor> {
    const { ids, ...masks } = await textOf(inputs);
    const { backend } = this.runtime;
    const { max_position_embeddings: full } = this.config.text_config;
    if (ids.shape[1]! < full && !masks.attention_mask)
      this.runtime.warnOnce(
        `get_text_features: texts of fewer than ${full} tokens, which the model was not trained on: their vectors are others. Tokenize with padding: 'max_length'.`,
      );
    return this.runtime.run(inputs, async (s) => {
      const at = s.at('text_model');
      const y = await textTransformer(at, backend, ids, this.config.text_config, masks);
      return settled(y.pooler_output!.host());
    });
  }

  /** The pooled vectors [B, D] of images, not normalised. */
  async get_image_features(inputs: VisionInputs): Promise<HostTensor> {
    const { backend, dtype } = this.runtime;
    return this.runtime.run(inputs, async (s) => {
      const pixels = await upload('pixel_values', inputs.pixel_values, backend, dtype);
      const o = { interpolate_pos_encoding: inputs.interpolate_pos_encoding ?? false };
      const at = s.at('vision_model');
      const y = await visionTransformer(at, pixels, this.config.vision_config, o);
      if (!y.pooler_output) throw new Error('the vision tower has no pooling head');
      return settled(y.pooler_output.host());
    });
  }

  /**
   * logits_per_image [Bi, Bt] of features that the two methods above gave: the same numbers as the whole forward, with
   * neither tower run again.
   */
  async logits_of_features(
    features: { text: TensorLike; image: TensorLike },
    options: RunOptions = {},
  ): Promise<HostTensor> {
    const { backend, dtype } = this.runtime;
    return this.runtime.run(options, async (s) => {
      const text = await upload('text', features.text, backend, dtype);
      const image = await upload('image', features.image, backend, dtype);
      return settled((await similarity(s, text, image)).logits_per_image.host());
    });
  }
}

const tupleOf = (y: SiglipOutput): unknown[] => [
  ...(y.loss ? [y.loss] : []),
  y.logits_per_image,
  y.logits_per_text,
  y.text_embeds,
  y.image_embeds,
  towerTuple(y.text_model_output),
  towerTuple(y.vision_model_output),
];

/** Its row in the table of classes. */
export const SIGLIP_MODEL: ModelClass<SiglipConfig, SiglipModel> = {
  name: 'SiglipModel',
  model_type: 'siglip',
  configOf: (dict, overrides) => SiglipConfig.from_dict(dict, overrides),
  tensors: ['input_ids', 'attention_mask', 'position_ids', 'pixel_values'],
  needs: ['input_ids', 'pixel_values'],
  switches: ['interpolate_pos_encoding', 'return_loss'],
  spare: null,
  trace: (c) => (s, b) => {
    expectComposite(c);
    return siglip(s, onePicture(b, c.vision_config), ONE_TOKEN, c);
  },
  make: (config, runtime) => new SiglipModel(config, runtime),
};
