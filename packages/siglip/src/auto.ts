// The Auto classes: which SigLIP class a folder's files ask for. Only SigLIP's own model types are known.
import type { Attributes } from '@siglip-ts/core';
import {
  configOptions,
  SiglipConfig,
  SiglipTextConfig,
  SiglipVisionConfig,
  type ConfigOptions,
} from './modeling/configs.ts';
import { eitherImageProcessor } from './processing/image-processor.ts';
import { filesOf, readConfig, within, type ModelSource } from '@siglip-ts/hub';
import type { AnyConfig } from './modeling/common.ts';
import { SiglipForImageClassification } from './modeling/image-classification.ts';
import { SiglipModel } from './modeling/siglip-model.ts';
import { SiglipTextModel } from './modeling/text-model.ts';
import { SiglipVisionModel } from './modeling/vision-model.ts';
import { LOAD, loading } from './runtime/options.ts';
import { SiglipProcessor } from './processing/processor.ts';
import type { LoadOptions } from './runtime/loading.ts';
import { eitherTokenizer } from './processing/tokenizer.ts';

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
type AnyModel = SiglipModel | SiglipTextModel | SiglipVisionModel;

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

async function configOf(
  source: ModelSource,
  given: ConfigOptions = {},
): Promise<SiglipConfig | SiglipTextConfig | SiglipVisionConfig> {
  const { config = {}, ...options } = configOptions('AutoConfig', given);
  const files = await filesOf(source, options);
  const dict = await readConfig(files);
  return choose(CONFIGS, dict, files.name).from_dict(dict, config);
}

/** The configuration that config.json's model_type names. */
export const AutoConfig = {
  /** `config` has changes. Throws RangeError with HF's text for a model_type that is not SigLIP's. */
  fromPretrained: configOf,
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: configOf,
};

async function modelOf<M extends AnyModel = SiglipModel>(
  source: ModelSource,
  given: LoadOptions = {},
): Promise<M> {
  const options = loading('AutoModel.from_pretrained', given, LOAD);
  const files = await filesOf(source, options);
  const kind = choose(MODELS, await readConfig(files), files.name);
  return (await kind.fromPretrained(files, within(options))) as M;
}

async function freshModelOf<M extends AnyModel = SiglipModel>(
  config: AnyConfig,
  options: LoadOptions = {},
): Promise<M> {
  const kind = choose(MODELS, config.to_dict(), 'the configuration');
  return (await kind.fromConfig(config as never, options)) as M;
}

/**
 * The model that config.json's model_type names: nearly always a SiglipModel, so that is the type. For a tower's own
 * checkpoint say which: `AutoModel.from_pretrained<SiglipVisionModel>(folder)`. The type is believed, not checked.
 */
export const AutoModel = {
  /** From a folder, hub id, address or files. Throws RangeError with HF's text for another model_type. */
  fromPretrained: modelOf,
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: modelOf,
  /** With fresh weights, drawn as HF draws them: same `seed`, same numbers. */
  fromConfig: freshModelOf,
  /** HF's spelling of `fromConfig`. */
  from_config: freshModelOf,
};

/** SiglipForImageClassification, by the name that every model with such a head has. */
export const AutoModelForImageClassification = {
  /** See SiglipForImageClassification.fromPretrained. */
  fromPretrained: (...args: Parameters<typeof SiglipForImageClassification.fromPretrained>) =>
    SiglipForImageClassification.fromPretrained(...args),
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: (...args: Parameters<typeof SiglipForImageClassification.fromPretrained>) =>
    SiglipForImageClassification.fromPretrained(...args),
  /** With fresh weights, drawn as HF draws them: same `seed`, same numbers. */
  fromConfig: (...args: Parameters<typeof SiglipForImageClassification.fromConfig>) =>
    SiglipForImageClassification.fromConfig(...args),
  /** HF's spelling of `fromConfig`. */
  from_config: (...args: Parameters<typeof SiglipForImageClassification.fromConfig>) =>
    SiglipForImageClassification.fromConfig(...args),
};

/** SiglipModel, by the name that every model for the task has. */
export const AutoModelForZeroShotImageClassification = {
  /** See SiglipModel.fromPretrained. */
  fromPretrained: (...args: Parameters<typeof SiglipModel.fromPretrained>) =>
    SiglipModel.fromPretrained(...args),
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: (...args: Parameters<typeof SiglipModel.fromPretrained>) =>
    SiglipModel.fromPretrained(...args),
  /** With fresh weights, drawn as HF draws them: same `seed`, same numbers. */
  fromConfig: (...args: Parameters<typeof SiglipModel.fromConfig>) =>
    SiglipModel.fromConfig(...args),
  /** HF's spelling of `fromConfig`. */
  from_config: (...args: Parameters<typeof SiglipModel.fromConfig>) =>
    SiglipModel.fromConfig(...args),
};

/** The tokenizer that tokenizer_config.json names. */
export const AutoTokenizer = {
  /** SigLIP's where the file names none. Throws if the tokenizer's own files are not there. */
  fromPretrained: eitherTokenizer,
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: eitherTokenizer,
};

/** SiglipProcessor: tokenizer and image processor of a model. */
export const AutoProcessor = {
  /** See SiglipProcessor.fromPretrained. */
  fromPretrained: (...args: Parameters<typeof SiglipProcessor.fromPretrained>) =>
    SiglipProcessor.fromPretrained(...args),
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: (...args: Parameters<typeof SiglipProcessor.fromPretrained>) =>
    SiglipProcessor.fromPretrained(...args),
};

/** The slow one unless `use_fast` or the file says otherwise, as in transformers 4.49. */
export const AutoImageProcessor = {
  /** From preprocessor_config.json. Throws if there is none. */
  fromPretrained: eitherImageProcessor,
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: eitherImageProcessor,
};
