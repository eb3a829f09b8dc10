// The Auto classes: which SigLIP class a folder's files ask for, by the table of classes. Only its model types are known.
import { expectConfig } from '@siglip-ts/core';
import {
  filesOf,
  type JsonObject,
  type ModelFiles,
  type ModelSource,
  readConfig,
  within,
} from '@siglip-ts/hub';
import { defaultClassOf } from './classes.ts';
import { type AnyConfig, type ConfigOptions, configOptions } from './modeling/configs.ts';
import { SiglipForImageClassification } from './modeling/image-classification.ts';
import { create, load, type ModelClass } from './modeling/model-class.ts';
import { SiglipModel } from './modeling/siglip-model.ts';
import type { SiglipTextModel } from './modeling/text-model.ts';
import type { SiglipVisionModel } from './modeling/vision-model.ts';
import { autoImageProcessor } from './processing/image-processor.ts';
import { SiglipProcessor } from './processing/processor.ts';
import { autoTokenizer } from './processing/tokenizer.ts';
import { orWhatItIs } from './runtime/folder-kind.ts';
import { LOAD, type LoadOptions } from './runtime/loading.ts';
import { loaderOptions } from './runtime/options.ts';

type AnyModel = SiglipModel | SiglipTextModel | SiglipVisionModel;

/** config.json, and the class that it names. */
const named = (files: ModelFiles): Promise<[JsonObject, ModelClass]> =>
  orWhatItIs(files, async (read) => {
    const dict = await readConfig(read);
    return [dict, defaultClassOf(dict, files.name)];
  });

async function configOf(source: ModelSource, given: ConfigOptions = {}): Promise<AnyConfig> {
  const { config = {}, ...options } = configOptions('AutoConfig', given);
  const files = await filesOf(source, options);
  const [dict, kind] = await named(files);
  expectConfig({ ...dict, ...config }, `config.json of ${files.name}`);
  return kind.configOf(dict, config);
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
  const options = loaderOptions('AutoModel.from_pretrained', given, LOAD);
  const files = await filesOf(source, options);
  const [, kind] = await named(files);
  return (await load(kind, files, within(options))) as unknown as M;
}

async function freshModelOf<M extends AnyModel = SiglipModel>(
  config: AnyConfig,
  options: LoadOptions = {},
): Promise<M> {
  const kind = defaultClassOf(config.to_dict(), 'the configuration');
  return (await create(kind, config, options)) as unknown as M;
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
  fromPretrained: autoTokenizer,
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: autoTokenizer,
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

/** The slow one unless `use_fast` or the file says otherwise, as in transformers 4.49; in 5's folders the fast one. */
export const AutoImageProcessor = {
  /** From preprocessor_config.json or processor_config.json. Throws if there is neither. */
  fromPretrained: autoImageProcessor,
  /** HF's spelling of `fromPretrained`. */
  from_pretrained: autoImageProcessor,
};
