// The three configurations as users load and save them; what they hold is in packages/core.
import {
  type Attributes,
  expectConfig,
  SiglipConfig as Composite,
  SiglipTextConfig as Text,
  SiglipVisionConfig as Vision,
} from '@siglip-ts/core';
import {
  filesOf,
  HUB_OPTIONS,
  type HubOptions,
  type ModelSource,
  readConfig,
} from '@siglip-ts/hub';
import { orWhatItIs } from '../runtime/folder-kind.ts';
import { loaderOptions } from '../runtime/options.ts';
import { jsonFile, writeFiles } from '../runtime/saving.ts';

/** Of the whole model, or of one of its towers. */
export type AnyConfig = SiglipConfig | SiglipTextConfig | SiglipVisionConfig;

export interface ConfigOptions extends HubOptions {
  /** These go before what the file says, by HF's field names. */
  config?: Attributes;
}

/** Those of `from_pretrained` of a configuration. */
export const configOptions = (name: string, o: ConfigOptions): ConfigOptions =>
  loaderOptions(`${name}.from_pretrained`, o, { ...HUB_OPTIONS, config: 0 });

/**
 * Configuration of the text tower. Source: SiglipTextConfig.
 *
 * @example
 * ```ts
 * import { SiglipTextConfig } from 'siglip-ts';
 *
 * const config = new SiglipTextConfig({ num_hidden_layers: 6 });
 * console.log(config.num_hidden_layers, config.max_position_embeddings); // 6 64
 * ```
 */
export class SiglipTextConfig extends Text {
  /** Also from a composite SiglipConfig's dictionary, whose text_config it then takes. */
  static override from_dict(dict: Attributes, overrides: Attributes = {}): SiglipTextConfig {
    return super.from_dict(dict, overrides) as SiglipTextConfig;
  }
  /** From the config.json of a model or of the text tower alone. Throws if there is none. */
  static async fromPretrained(
    source: ModelSource,
    given: ConfigOptions = {},
  ): Promise<SiglipTextConfig> {
    const { config, ...options } = configOptions('SiglipTextConfig', given);
    return SiglipTextConfig.from_dict(await read(source, options, config), config);
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipTextConfig.fromPretrained>
  ): Promise<SiglipTextConfig> {
    return SiglipTextConfig.fromPretrained(...args);
  }
  /** config.json by name. */
  files(): Map<string, Uint8Array> {
    return jsonFile('config.json', this);
  }
  /** Writes config.json into a folder. Node, Deno and Bun; elsewhere `files()` gives it. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

/**
 * Configuration of the vision tower. Source: SiglipVisionConfig.
 *
 * @example
 * ```ts
 * import { SiglipVisionConfig } from 'siglip-ts';
 *
 * const config = new SiglipVisionConfig({ image_size: 384 });
 * console.log(config.image_size, config.patch_size); // 384 16
 * ```
 */
export class SiglipVisionConfig extends Vision {
  /** Also from a composite SiglipConfig's dictionary, whose vision_config it then takes. */
  static override from_dict(dict: Attributes, overrides: Attributes = {}): SiglipVisionConfig {
    return super.from_dict(dict, overrides) as SiglipVisionConfig;
  }
  /** From the config.json of a model or of the vision tower alone. Throws if there is none. */
  static async fromPretrained(
    source: ModelSource,
    given: ConfigOptions = {},
  ): Promise<SiglipVisionConfig> {
    const { config, ...options } = configOptions('SiglipVisionConfig', given);
    return SiglipVisionConfig.from_dict(await read(source, options, config), config);
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipVisionConfig.fromPretrained>
  ): Promise<SiglipVisionConfig> {
    return SiglipVisionConfig.fromPretrained(...args);
  }
  /** config.json by name. */
  files(): Map<string, Uint8Array> {
    return jsonFile('config.json', this);
  }
  /** Writes config.json into a folder. Node, Deno and Bun; elsewhere `files()` gives it. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

export interface SiglipConfig {
  /** The text tower's. */
  text_config: SiglipTextConfig;
  /** The vision tower's. */
  vision_config: SiglipVisionConfig;
}
/**
 * Configuration of the whole model: one of each tower. Source: SiglipConfig.
 *
 * @example
 * ```ts
 * import { SiglipConfig, defaultModel } from 'siglip-ts';
 *
 * const config = await SiglipConfig.from_pretrained(await defaultModel());
 * console.log(config.vision_config.image_size, config.text_config.vocab_size); // 64 2560
 * console.log([...config.files().keys()]); // [ 'config.json' ]
 * ```
 */
export class SiglipConfig extends Composite {
  /** `text_config` and `vision_config` are dictionaries or configurations; absent: the defaults. */
  constructor(values: Attributes = {}) {
    super(values);
    this.text_config = new SiglipTextConfig(argumentsOf(this.text_config));
    this.vision_config = new SiglipVisionConfig(argumentsOf(this.vision_config));
  }
  /** `overrides` go before what the dictionary says. */
  static override from_dict(dict: Attributes, overrides: Attributes = {}): SiglipConfig {
    return super.from_dict(dict, overrides) as SiglipConfig;
  }
  /** A configuration with copies of these towers'; a third argument has more fields. */
  static override from_text_vision_configs(
    ...args: Parameters<typeof Composite.from_text_vision_configs>
  ): SiglipConfig {
    return super.from_text_vision_configs(...args) as SiglipConfig;
  }
  /** camelCase of `from_text_vision_configs`. */
  static override fromTextVisionConfigs(
    ...args: Parameters<typeof Composite.from_text_vision_configs>
  ): SiglipConfig {
    return SiglipConfig.from_text_vision_configs(...args);
  }
  /** From the config.json of a model. Throws if there is none. */
  static async fromPretrained(
    source: ModelSource,
    given: ConfigOptions = {},
  ): Promise<SiglipConfig> {
    const { config, ...options } = configOptions('SiglipConfig', given);
    return SiglipConfig.from_dict(await read(source, options, config), config);
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipConfig.fromPretrained>
  ): Promise<SiglipConfig> {
    return SiglipConfig.fromPretrained(...args);
  }
  /** config.json by name. */
  files(): Map<string, Uint8Array> {
    return jsonFile('config.json', this);
  }
  /** Writes config.json into a folder. Node, Deno and Bun; elsewhere `files()` gives it. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

/** What makes the same tower anew. */
const argumentsOf = (tower: Text | Vision): Attributes => ({
  ...tower,
  attn_implementation: tower._attn_implementation,
});

async function read(source: ModelSource, o: HubOptions, changes?: Attributes): Promise<Attributes> {
  const files = await filesOf(source, o);
  const dict = await orWhatItIs(files, readConfig);
  expectConfig({ ...dict, ...changes }, `config.json of ${files.name}`);
  return dict;
}
