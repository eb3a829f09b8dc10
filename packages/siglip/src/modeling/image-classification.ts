// SiglipForImageClassification: the vision tower, the mean of its patch vectors, a linear layer.
import {
  type Attributes,
  classificationLoss,
  expectTower,
  imageClassification,
  problemTypeOf,
} from '@siglip-ts/core';
import type { ModelSource } from '@siglip-ts/hub';
import type { LoadOptions } from '../runtime/loading.ts';
import { SiglipConfig, SiglipVisionConfig } from './configs.ts';
import { numbersOf, type TensorLike, upload } from './inputs.ts';
import { create, load, type ModelClass } from './model-class.ts';
import { hostOf, type ImageClassifierOutput, ModelOutput, settled } from './model-output.ts';
import { PreTrainedModel, switches } from './pretrained.ts';
import { onePicture, type VisionInputs } from './vision-model.ts';

export interface ClassificationInputs extends VisionInputs {
  /** Class numbers [B], or numbers [B, num_labels]; with them comes a loss. */
  labels?: TensorLike | null;
}

export interface SiglipForImageClassification {
  (
    inputs: ClassificationInputs,
    options?: Partial<ClassificationInputs>,
  ): Promise<ImageClassifierOutput>;
}
/**
 * Images to one logit a label. Source: SiglipForImageClassification.
 *
 * @example
 * ```ts
 * import { SiglipForImageClassification, defaultModel } from 'siglip-ts';
 *
 * // The embedded model has no classifier: it gets a fresh one, which is to be trained.
 * const model = await SiglipForImageClassification.from_pretrained(await defaultModel(), {
 *   config: { id2label: { 0: 'rocket', 1: 'pizza', 2: 'guitar' } },
 *   warn() {},
 * });
 * const pixel_values = { data: new Float32Array(3 * 64 * 64), shape: [1, 3, 64, 64] };
 * const { logits } = await model({ pixel_values });
 * console.log(logits.shape, model.config.id2label[1]); // [ 1, 3 ] pizza
 * ```
 */
export class SiglipForImageClassification extends PreTrainedModel<SiglipConfig> {
  protected get architecture(): string {
    return IMAGE_CLASSIFIER.name;
  }
  /** From a checkpoint without a classifier it gets a fresh one, with a warning. */
  static fromPretrained(
    source: ModelSource,
    options: LoadOptions = {},
  ): Promise<SiglipForImageClassification> {
    return load(IMAGE_CLASSIFIER, source, options);
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipForImageClassification.fromPretrained>
  ): Promise<SiglipForImageClassification> {
    return SiglipForImageClassification.fromPretrained(...args);
  }
  /** With fresh weights, drawn as HF draws them: same `seed`, same numbers. */
  static fromConfig(
    config: SiglipConfig,
    options: LoadOptions = {},
  ): Promise<SiglipForImageClassification> {
    return create(IMAGE_CLASSIFIER, config, options);
  }
  /** HF's spelling of `fromConfig`. */
  static from_config(
    ...args: Parameters<typeof SiglipForImageClassification.fromConfig>
  ): Promise<SiglipForImageClassification> {
    return SiglipForImageClassification.fromConfig(...args);
  }

  /** Throws TypeError and RangeError for images or labels that do not fit the model. */
  async forward(
    inputs: ClassificationInputs,
    options: Partial<ClassificationInputs> = {},
  ): Promise<ImageClassifierOutput> {
    const o = { ...inputs, ...options };
    if (o.pixel_values == null) throw new TypeError('You have to specify pixel_values');
    const asked = switches(o, this.config);
    const labels = o.labels == null ? null : await numbersOf('labels', o.labels);
    const { backend, dtype } = this.runtime;
    const { vision_config, num_labels } = this.config;
    const output = await this.runtime.run(o, async (s) => {
      const pixels = await upload('pixel_values', o.pixel_values, backend, dtype);
      const all = { ...o, ...asked };
      const y = await imageClassification(s, pixels, vision_config, num_labels, all);
      // Concluded from the first labels seen and kept in the configuration, as in HF.
      if (labels) this.config.problem_type ??= problemTypeOf(num_labels, labels.integers);
      const loss = labels && classificationLoss(y.logits, labels, this.config.problem_type!);
      return settled(
        new ModelOutput({
          loss: hostOf(loss),
          logits: y.logits.host(),
          hidden_states: y.hidden_states,
          attentions: y.attentions,
        }) as ImageClassifierOutput,
      );
    });
    return asked.return_dict ? output : (output.to_tuple() as never);
  }
}

/** A vision configuration by itself also describes a classifier; HF wants the composite one. */
function configOf(dict: Attributes, overrides: Attributes): SiglipConfig {
  if (dict.model_type !== SiglipVisionConfig.model_type)
    return SiglipConfig.from_dict(dict, overrides);
  const { id2label, label2id, num_labels, problem_type, ...vision } = dict;
  const head = { id2label, label2id, num_labels, problem_type };
  return new SiglipConfig({ vision_config: vision, ...head, ...overrides });
}

/** Its row in the table of classes. */
export const IMAGE_CLASSIFIER: ModelClass<SiglipConfig, SiglipForImageClassification> = {
  name: 'SiglipForImageClassification',
  model_type: 'siglip',
  configOf,
  tensors: ['pixel_values', 'labels'],
  needs: ['pixel_values'],
  switches: ['interpolate_pos_encoding'],
  // Its last layer, and the pooling head that HF's class carries along without using it.
  spare: /^(classifier|vision_model\.head)\./,
  trace: (c) => (s, b) => {
    expectTower(c.vision_config);
    const v = c.vision_config;
    return imageClassification(s, onePicture(b, v), v, c.num_labels);
  },
  make: (config, runtime) => new SiglipForImageClassification(config, runtime),
};
