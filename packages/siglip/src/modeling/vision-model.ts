// SiglipVisionModel: the vision tower by itself.
import { type Backend, expectTower, Tensor, visionTransformer } from '@siglip-ts/core';
import type { ModelSource } from '@siglip-ts/hub';
import type { LoadOptions } from '../runtime/loading.ts';
import { SiglipVisionConfig } from './configs.ts';
import { type TensorLike, upload } from './inputs.ts';
import { create, load, type ModelClass } from './model-class.ts';
import {
  type BaseModelOutputWithPooling,
  settled,
  towerOutput,
  towerTuple,
} from './model-output.ts';
import { type ForwardOptions, PreTrainedModel, switches } from './pretrained.ts';

export interface VisionInputs extends ForwardOptions {
  /** [B, C, H, W] */
  pixel_values: TensorLike;
  interpolate_pos_encoding?: boolean;
}

export interface SiglipVisionModel {
  (inputs: VisionInputs, options?: Partial<VisionInputs>): Promise<BaseModelOutputWithPooling>;
}
/**
 * Images to patch vectors and, unless vision_use_head is false, one pooled vector each. Source: SiglipVisionModel.
 *
 * @example
 * ```ts
 * import { SiglipImageProcessor, SiglipVisionModel, defaultModel, loadImage } from 'siglip-ts';
 *
 * const files = await defaultModel();
 * const model = await SiglipVisionModel.from_pretrained(files);
 * const processor = await SiglipImageProcessor.from_pretrained(files);
 * const image = await loadImage('fixtures/images/twemoji-rocket.png');
 * const { last_hidden_state, pooler_output } = await model(processor(image, { return_tensors: true }));
 * console.log(last_hidden_state.shape, pooler_output!.shape); // [ 1, 64, 128 ] [ 1, 128 ]
 * ```
 */
export class SiglipVisionModel extends PreTrainedModel<SiglipVisionConfig> {
  protected get architecture(): string {
    return VISION_MODEL.name;
  }
  /** Also from a checkpoint of the whole model, whose other tensors it ignores. */
  static fromPretrained(
    source: ModelSource,
    options: LoadOptions = {},
  ): Promise<SiglipVisionModel> {
    return load(VISION_MODEL, source, options);
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipVisionModel.fromPretrained>
  ): Promise<SiglipVisionModel> {
    return SiglipVisionModel.fromPretrained(...args);
  }
  /** With fresh weights, drawn as HF draws them: same `seed`, same numbers. */
  static fromConfig(
    config: SiglipVisionConfig,
    options: LoadOptions = {},
  ): Promise<SiglipVisionModel> {
    return create(VISION_MODEL, config, options);
  }
  /** HF's spelling of `fromConfig`. */
  static from_config(
    ...args: Parameters<typeof SiglipVisionModel.fromConfig>
  ): Promise<SiglipVisionModel> {
    return SiglipVisionModel.fromConfig(...args);
  }

  /** Throws TypeError and RangeError for inputs that are not [B, C, H, W] of this model's size. */
  async forward(
    inputs: VisionInputs,
    options: Partial<VisionInputs> = {},
  ): Promise<BaseModelOutputWithPooling> {
    const o = { ...inputs, ...options };
    if (o.pixel_values == null) throw new TypeError('You have to specify pixel_values');
    const asked = switches(o, this.config);
    const { backend, dtype } = this.runtime;
    const y = await this.runtime.run(o, async (s) => {
      const pixels = await upload('pixel_values', o.pixel_values, backend, dtype);
      const at = s.at('vision_model');
      return settled(
        towerOutput(await visionTransformer(at, pixels, this.config, { ...o, ...asked })),
      );
    });
    return asked.return_dict ? y : (towerTuple(y) as never);
  }
}

/** Its row in the table of classes. */
export const VISION_MODEL: ModelClass<SiglipVisionConfig, SiglipVisionModel> = {
  name: 'SiglipVisionModel',
  model_type: 'siglip_vision_model',
  configOf: (dict, overrides) => SiglipVisionConfig.from_dict(dict, overrides),
  tensors: ['pixel_values'],
  needs: ['pixel_values'],
  switches: ['interpolate_pos_encoding'],
  spare: null,
  trace: (c) => (s, b) => {
    expectTower(c);
    return visionTransformer(s.at('vision_model'), onePicture(b, c), c);
  },
  make: (config, runtime) => new SiglipVisionModel(config, runtime),
};

/** The least picture there is, with a shape and no numbers. */
export const onePicture = (b: Backend, c: SiglipVisionConfig): Tensor =>
  new Tensor(b, [1, c.num_channels, c.image_size, c.image_size], 'float32', {});
