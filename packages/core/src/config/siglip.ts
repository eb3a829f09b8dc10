// SiglipTextConfig, SiglipVisionConfig and SiglipConfig with transformers 4.49's fields, defaults, checks and JSON.
// Data only: nothing here builds a model.
import type { Activation } from '../contract/backend.ts';
import type { AttentionImplementation } from '../ops/attention.ts';
import { expectFields } from './fields.ts';
import {
  type Attributes,
  fill,
  type PretrainedFields,
  type ProblemType,
  relabel,
  toDict,
  toDiffDict,
  toJson,
} from './pretrained.ts';
import { TOWER_FIELDS } from './schema.ts';

/** What both towers have. Sizes are counts of numbers; eps is added to the variance. */
interface TowerFields extends PretrainedFields {
  /** Numbers a token. Default 768. */
  hidden_size: number;
  /** Numbers a token inside the MLP. Default 3072. */
  intermediate_size: number;
  /** Encoder layers. Default 12. */
  num_hidden_layers: number;
  /** Heads of a layer; they divide hidden_size. Default 12. */
  num_attention_heads: number;
  /** The MLP's. Default gelu_pytorch_tanh. */
  hidden_act: Activation;
  /** Added to the variance in layer norms. Default 1e-6. */
  layer_norm_eps: number;
  /** The probability of dropping an attention weight in training. Default 0. */
  attention_dropout: number;
}

const TOWER: Attributes = {
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  hidden_act: 'gelu_pytorch_tanh',
  layer_norm_eps: 1e-6,
  attention_dropout: 0,
};
const TEXT: Attributes = {
  ...TOWER,
  vocab_size: 32000,
  max_position_embeddings: 64,
  pad_token_id: 1,
  bos_token_id: 49406, // CLIP's left-overs, outside the vocabulary; the model never looks at them
  eos_token_id: 49407,
};
const VISION: Attributes = { ...TOWER, num_channels: 3, image_size: 224, patch_size: 16 };

export interface SiglipTextConfig extends TowerFields {
  /** Rows of the token table. Default 32000. */
  vocab_size: number;
  /** Most tokens in a text. Default 64. */
  max_position_embeddings: number;
  /** Not looked at by the model. Default 1. */
  pad_token_id: number | null;
  /** CLIP's left-over, outside the vocabulary, not looked at. Default 49406. */
  bos_token_id: number | null;
  /** CLIP's left-over, outside the vocabulary, not looked at. Default 49407. */
  eos_token_id: number | null;
  /** The text head's output size; transformers >= 4.50 only (SigLIP 2 giant). Absent: hidden_size. */
  projection_size?: number | null;
}
/** Configuration of the text tower. Source: SiglipTextConfig. */
export class SiglipTextConfig {
  [attribute: string]: unknown;
  /** What config.json's model_type says. */
  static readonly model_type = 'siglip_text_model';
  /** The field of a composite configuration that holds this one. */
  static readonly base_config_key = 'text_config';

  /** Throws RangeError for an unknown problem_type, TypeError for labels that are no dictionary. */
  constructor(values: Attributes = {}) {
    fill(this, TEXT, values);
  }
  /** Also from a composite SiglipConfig's dictionary, whose text_config it then takes. */
  static from_dict(dict: Attributes, overrides: Attributes = {}): SiglipTextConfig {
    return new this({ ...ownPart(dict, SiglipTextConfig), ...overrides });
  }
  /** How many classes `id2label` names. */
  get num_labels(): number {
    return Object.keys(this.id2label).length;
  }
  /** Names the classes LABEL_0, LABEL_1 and so on. */
  set num_labels(n: number) {
    relabel(this, n);
  }
  /** All fields as HF's to_dict gives them, defaults included. */
  to_dict(): Attributes {
    return toDict(this, SiglipTextConfig.model_type);
  }
  /** The fields that differ from the defaults, as HF's to_diff_dict. */
  to_diff_dict(): Attributes {
    return toDiffDict(this, SiglipTextConfig.model_type, new SiglipTextConfig());
  }
  /** config.json as HF writes it: sorted keys, two spaces; with every field unless `use_diff`. */
  to_json_string(use_diff = true): string {
    return toJson(use_diff ? this.to_diff_dict() : this.to_dict());
  }
}

export interface SiglipVisionConfig extends TowerFields {
  /** Channels of a picture. Default 3. */
  num_channels: number;
  /** Height and width of a picture, in pixels. Default 224. */
  image_size: number;
  /** Height and width of a patch, in pixels. Default 16. */
  patch_size: number;
  /** false: no attention-pooling head, pooler_output is null. Undeclared in HF; absent means true. */
  vision_use_head?: boolean;
}
/** Configuration of the vision tower. Source: SiglipVisionConfig. */
export class SiglipVisionConfig {
  [attribute: string]: unknown;
  /** What config.json's model_type says. */
  static readonly model_type = 'siglip_vision_model';
  /** The field of a composite configuration that holds this one. */
  static readonly base_config_key = 'vision_config';

  /** Throws RangeError for an unknown problem_type, TypeError for labels that are no dictionary. */
  constructor(values: Attributes = {}) {
    fill(this, VISION, values);
  }
  /** Also from a composite SiglipConfig's dictionary, whose vision_config it then takes. */
  static from_dict(dict: Attributes, overrides: Attributes = {}): SiglipVisionConfig {
    return new this({ ...ownPart(dict, SiglipVisionConfig), ...overrides });
  }
  /** How many classes `id2label` names. */
  get num_labels(): number {
    return Object.keys(this.id2label).length;
  }
  /** Names the classes LABEL_0, LABEL_1 and so on. */
  set num_labels(n: number) {
    relabel(this, n);
  }
  /** All fields as HF's to_dict gives them, defaults included. */
  to_dict(): Attributes {
    return toDict(this, SiglipVisionConfig.model_type);
  }
  /** The fields that differ from the defaults, as HF's to_diff_dict. */
  to_diff_dict(): Attributes {
    return toDiffDict(this, SiglipVisionConfig.model_type, new SiglipVisionConfig());
  }
  /** config.json as HF writes it: sorted keys, two spaces; with every field unless `use_diff`. */
  to_json_string(use_diff = true): string {
    return toJson(use_diff ? this.to_diff_dict() : this.to_dict());
  }
}

export interface SiglipConfig extends PretrainedFields {
  /** The text tower's. */
  text_config: SiglipTextConfig;
  /** The vision tower's. */
  vision_config: SiglipVisionConfig;
  /** Always 1: HF assigns it last, whatever was passed. */
  initializer_factor: number;
}
/** Configuration of the whole model: one of each tower. Source: SiglipConfig. */
export class SiglipConfig {
  [attribute: string]: unknown;
  /** What config.json's model_type says. */
  static readonly model_type = 'siglip';

  /** `text_config` and `vision_config` are dictionaries or configurations; absent: the defaults. */
  constructor(values: Attributes = {}) {
    const { text_config, vision_config, ...rest } = values;
    fill(this, {}, rest);
    this.text_config = new SiglipTextConfig(asDict('text_config', text_config));
    this.vision_config = new SiglipVisionConfig(asDict('vision_config', vision_config));
    this.initializer_factor = 1;
    setAttention(this, this._attn_implementation);
  }
  /** `overrides` go before what the dictionary says. */
  static from_dict(dict: Attributes, overrides: Attributes = {}): SiglipConfig {
    return new this({ ...dict, ...overrides });
  }
  /** A configuration with copies of these towers'; `values` are more fields. */
  static from_text_vision_configs(
    text: SiglipTextConfig,
    vision: SiglipVisionConfig,
    values: Attributes = {},
  ): SiglipConfig {
    const towers = { text_config: text.to_dict(), vision_config: vision.to_dict() };
    return new this({ ...towers, ...values });
  }
  /** camelCase of `from_text_vision_configs`. */
  static fromTextVisionConfigs(
    ...args: Parameters<typeof SiglipConfig.from_text_vision_configs>
  ): SiglipConfig {
    return this.from_text_vision_configs(...args);
  }
  /** How many classes `id2label` names. */
  get num_labels(): number {
    return Object.keys(this.id2label).length;
  }
  /** Names the classes LABEL_0, LABEL_1 and so on. */
  set num_labels(n: number) {
    relabel(this, n);
  }
  /** All fields as HF's to_dict gives them, defaults included. */
  to_dict(): Attributes {
    return toDict(this, SiglipConfig.model_type);
  }
  /** The fields that differ from the defaults, as HF's to_diff_dict. */
  to_diff_dict(): Attributes {
    return toDiffDict(this, SiglipConfig.model_type, new SiglipConfig());
  }
  /** config.json as HF writes it: sorted keys, two spaces; with every field unless `use_diff`. */
  to_json_string(use_diff = true): string {
    return toJson(use_diff ? this.to_diff_dict() : this.to_dict());
  }
}

/** Chooses the attention implementation of a configuration and of the towers in it; null leaves theirs. */
export function setAttention(
  config: SiglipConfig | SiglipTextConfig | SiglipVisionConfig,
  implementation: AttentionImplementation | null,
): void {
  if (implementation === null) return;
  config._attn_implementation = implementation;
  if (config instanceof SiglipConfig) {
    config.text_config._attn_implementation = implementation;
    config.vision_config._attn_implementation = implementation;
  }
}

/** Throws for a field that is none of its kind, and HF's error if the heads do not divide the hidden size. */
export function expectTower(c: SiglipTextConfig | SiglipVisionConfig): void {
  expectFields(c, TOWER_FIELDS, 'config');
  if (c.hidden_size % c.num_attention_heads !== 0)
    throw new RangeError(
      `embed_dim must be divisible by num_heads (got \`embed_dim\`: ${c.hidden_size} and \`num_heads\`: ${c.num_attention_heads}).`,
    );
}

/** Throws if the towers' vectors cannot be compared. HF has only the matrix product's error. */
export function expectComposite(c: SiglipConfig): void {
  expectTower(c.vision_config);
  expectTower(c.text_config);
  const text = c.text_config.projection_size ?? c.text_config.hidden_size;
  if (text !== c.vision_config.hidden_size)
    throw new RangeError(
      `config: the text tower gives vectors of ${text} numbers, the vision tower of ${c.vision_config.hidden_size}; they must agree`,
    );
}

function ownPart(dict: Attributes, of: { base_config_key: string }): Attributes {
  const part = dict.model_type === 'siglip' ? dict[of.base_config_key] : dict;
  return (part ?? {}) as Attributes;
}

function asDict(name: string, value: unknown): Attributes {
  if (value == null) return {};
  if (value instanceof SiglipTextConfig || value instanceof SiglipVisionConfig)
    return value.to_dict();
  if (typeof value !== 'object')
    throw new TypeError(`${name}: ${typeof value}, expected a dictionary`);
  return value as Attributes;
}

export type { Attributes, ProblemType };
