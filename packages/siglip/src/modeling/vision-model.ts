// SiglipVisionModel: the vision tower by itself.
import { expectTower, Tensor, visionTransformer } from '@siglip-ts/core';
import { SiglipVisionConfig } from './configs.ts';
import type { ModelSource } from '@siglip-ts/hub';
import { upload } from './inputs.ts';
import type { BaseModelOutputWithPooling } from './model-output.ts';
import type { LoadOptions } from '../runtime/loading.ts';
import {
  create,
  load,
  settled,
  switches,
  towerOutput,
  towerTuple,
  type ModelClass,
  type VisionInputs,
} from './common.ts';
import { PreTrainedModel } from './pretrained.ts';

export interface SiglipVisionModel {
  (inputs: VisionInputs, options?: Partial<VisionInputs>): Promise<BaseModelOutputWithPooling>;
}
/** Images to patch vectors and, unless vision_use_head is false, one pooled vector each. Source: SiglipVisionModel. */
export class SiglipVisionModel extends PreTrainedModel<SiglipVisionConfig> {
  protected get architecture(): string {
    return KIND.name;
  }
  /** Also from a checkpoint of the whole model, whose other tensors it ignores. */
  static fromPretrained(
    source: ModelSource,
    options: LoadOptions = {},
  ): Promise<SiglipVisionModel> {
    return load(KIND, source, options);
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
    return create(KIND, config, options);
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

const KIND: ModelClass<SiglipVisionConfig, SiglipVisionModel> = {
  name: 'SiglipVisionModel',
  configOf: (dict, overrides) => SiglipVisionConfig.from_dict(dict, overrides),
  probe: (c) => (s, b) => {
    expectTower(c);
    const shape = [1, c.num_channels, c.image_size, c.image_size];
    return visionTransformer(s.at('vision_model'), new Tensor(b, shape, 'float32', {}), c);
  },
  make: (config, runtime) => new SiglipVisionModel(config, runtime),
};
