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

export interface AnyModel extends AsyncDisposable {
  forward(inputs: Inputs): Promise<ModelOutput>;
}
interface ModelClass {
  readonly load: (files: ModelFiles, options: LoadOptions) => Promise<AnyModel>;
  /** Arguments of its forward that are tensors. */
  readonly tensors: readonly string[];
  /** Those of them without which it can't run. */
  readonly needs: readonly string[];
  /** Arguments that are true or false, beside output_hidden_states and output_attentions. */
  readonly switches: readonly string[];
}

const TEXT = ['input_ids', 'attention_mask', 'position_ids'];
const SIZES = 'interpolate_pos_encoding';

const CLASSES = {
  SiglipModel: {
    load: SiglipModel.fromPretrained,
    tensors: [...TEXT, 'pixel_values'],
    needs: ['input_ids', 'pixel_values'],
    switches: [SIZES, 'return_loss'],
  },
  SiglipTextModel: {
    load: SiglipTextModel.fromPretrained,
    tensors: TEXT,
    needs: ['input_ids'],
    switches: [],
  },
  SiglipVisionModel: {
    load: SiglipVisionModel.fromPretrained,
    tensors: ['pixel_values'],
    needs: ['pixel_values'],
    switches: [SIZES],
  },
  SiglipForImageClassification: {
    load: SiglipForImageClassification.fromPretrained,
    tensors: ['pixel_values', 'labels'],
    needs: ['pixel_values'],
    switches: [SIZES],
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
