// The Auto classes: which SigLIP class a folder's files ask for. Only SigLIP's own model types are known.
import {
  SiglipConfig,
  SiglipTextConfig,
  SiglipVisionConfig,
  type Attributes,
} from '@siglip-ts/core';
import type { HubOptions } from './files/index.ts';
import { eitherImageProcessor } from './image-processor.ts';
import { filesOf, readConfig, within, type ModelSource } from './files/source.ts';
import { SiglipForImageClassification } from './modeling/image-classification.ts';
import { SiglipModel } from './modeling/siglip-model.ts';
import { SiglipTextModel } from './modeling/text-model.ts';
import { SiglipVisionModel } from './modeling/vision-model.ts';
import { SiglipProcessor } from './processor.ts';
import type { LoadOptions } from './runtime.ts';
import { eitherTokenizer } from './tokenizer.ts';

const CONFIGS = {
  siglip: SiglipConfig,
  siglip_text_model: SiglipTextConfig,
  siglip_vision_model: SiglipVisionConfig,
};
const MODELS = {
  siglip: SiglipModel,
  siglip_text_model: SiglipTextModel,
  siglip_vision_model: SiglipVisionModel,
};

/** The entry of a table for a config.json's model_type. Throws HF's ValueError text for an unknown one. */
function choose<T extends object>(table: T, dict: Attributes, name: string): T[keyof T] {
  const type = dict.model_type;
  if (typeof type === 'string' && Object.hasOwn(table, type)) return table[type as keyof T];
  throw new RangeError(
    type === undefined
      ? `Unrecognized model in ${name}. Should have a \`model_type\` key in its config.json: ${Object.keys(table).join(', ')}`
      : `The checkpoint you are trying to load has model type \`${String(type)}\` but only these are recognized: ${Object.keys(table).join(', ')}`,
  );
}

export const AutoConfig = {
  async fromPretrained(
    source: ModelSource,
    { config = {}, ...options }: HubOptions & { config?: Attributes } = {},
  ): Promise<SiglipConfig | SiglipTextConfig | SiglipVisionConfig> {
    const files = await filesOf(source, options);
    const dict = await readConfig(files);
    return choose(CONFIGS, dict, files.name).from_dict(dict, config);
  },
};

export const AutoModel = {
  async fromPretrained(
    source: ModelSource,
    options: LoadOptions = {},
  ): Promise<SiglipModel | SiglipTextModel | SiglipVisionModel> {
    const files = await filesOf(source, options);
    return choose(MODELS, await readConfig(files), files.name).fromPretrained(
      files,
      within(options),
    );
  },
};

/** Known as AutoModelForImageClassification in transformers. */
export const AutoModelForImageClassification = {
  fromPretrained: (...args: Parameters<typeof SiglipForImageClassification.fromPretrained>) =>
    SiglipForImageClassification.fromPretrained(...args),
};

/** Known as AutoModelForZeroShotImageClassification in transformers. */
export const AutoModelForZeroShotImageClassification = {
  fromPretrained: (...args: Parameters<typeof SiglipModel.fromPretrained>) =>
    SiglipModel.fromPretrained(...args),
};

export const AutoTokenizer = { fromPretrained: eitherTokenizer };

export const AutoProcessor = {
  fromPretrained: (...args: Parameters<typeof SiglipProcessor.fromPretrained>) =>
    SiglipProcessor.fromPretrained(...args),
};

/** The slow one unless `use_fast` or the file says otherwise, as in transformers 4.49. */
export const AutoImageProcessor = { fromPretrained: eitherImageProcessor };
