// The four model classes by HF's names: how each is loaded and which arguments its forward takes.
import {
  AutoConfig,
  SiglipConfig,
  SiglipForImageClassification,
  SiglipModel,
  SiglipTextConfig,
  SiglipTextModel,
  SiglipVisionModel,
  type LoadOptions,
  type ModelFiles,
  type ModelOutput,
} from 'siglip-ts';

/** What any of the classes may be called with. */
export type Inputs = Parameters<SiglipModel['forward']>[0] &
  Parameters<SiglipForImageClassification['forward']>[0];

interface AnyModel {
  forward(inputs: Inputs): Promise<ModelOutput>;
  dispose(): Promise<void>;
}
interface ModelClass {
  readonly load: (files: ModelFiles, options: LoadOptions) => Promise<AnyModel>;
  /** Tensors and switches of its forward, beside output_hidden_states and output_attentions. */
  readonly takes: readonly string[];
}

const TEXT = ['input_ids', 'attention_mask', 'position_ids'];
const VISION = ['pixel_values', 'interpolate_pos_encoding'];

const CLASSES = {
  SiglipModel: { load: SiglipModel.fromPretrained, takes: [...TEXT, ...VISION, 'return_loss'] },
  SiglipTextModel: { load: SiglipTextModel.fromPretrained, takes: TEXT },
  SiglipVisionModel: { load: SiglipVisionModel.fromPretrained, takes: VISION },
  SiglipForImageClassification: {
    load: SiglipForImageClassification.fromPretrained,
    takes: [...VISION, 'labels'],
  },
} satisfies Record<string, ModelClass>;

export type ClassName = keyof typeof CLASSES;
export const classNames = Object.keys(CLASSES) as readonly ClassName[];
export const classOf = (name: ClassName): ModelClass => CLASSES[name];

export type AnyConfig = Awaited<ReturnType<typeof AutoConfig.fromPretrained>>;

/** The class that config.json names, else the one of its model_type. */
export function classNameOf(config: AnyConfig): ClassName {
  const named = classNames.find((name) => name === config.architectures?.[0]);
  if (named) return named;
  if (config instanceof SiglipConfig) return 'SiglipModel';
  return config instanceof SiglipTextConfig ? 'SiglipTextModel' : 'SiglipVisionModel';
}
