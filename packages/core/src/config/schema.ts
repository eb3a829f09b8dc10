// What the fields of a configuration may be. A value that would hang, or compute something else without a word, is refused
// by its name. Fields that no one reads are not looked at; those that HF checks itself, in its own words, are left to it.
import { ACTIVATION_NAMES } from '../ops/activation.ts';
import {
  boolean,
  expectFields,
  isObject,
  kind,
  number,
  oneOf,
  orNull,
  type Schema,
  shown,
  text,
  whole,
} from './fields.ts';

const count = whole(1, 1_000_000);

/** Of a tower. What only the other has is absent. */
export const TOWER_FIELDS: Schema = {
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: whole(0, 10_000),
  num_attention_heads: count,
  hidden_act: oneOf(ACTIVATION_NAMES),
  layer_norm_eps: number(0, 1),
  attention_dropout: number(0, 1),
  vocab_size: whole(1, 100_000_000),
  max_position_embeddings: count,
  projection_size: orNull(count),
  num_channels: count,
  image_size: count,
  patch_size: count,
  vision_use_head: boolean,
};

/** Of every configuration. Labels are few enough for a list of their names. */
const COMMON_FIELDS: Schema = {
  num_labels: whole(0, 1_000_000),
  torch_dtype: orNull(text),
  dtype: orNull(text),
  architectures: orNull(kind('a list of names', Array.isArray)),
};

/**
 * A configuration as a dictionary: what config.json holds, changes included, or what a model is to be made of. Throws
 * RangeError with `where`, the field, its value and what is expected.
 */
export function expectConfig(dict: Readonly<Record<string, unknown>>, where: string): void {
  expectFields(dict, COMMON_FIELDS, where);
  const towers = ['text_config', 'vision_config'].filter((key) => (dict[key] ?? null) !== null);
  if (towers.length === 0) expectFields(dict, TOWER_FIELDS, where);
  for (const key of towers) {
    const own = dict[key];
    if (!isObject(own))
      throw new RangeError(`${where}: ${key} is ${shown(own)}, expected an object`);
    expectFields(own, { ...COMMON_FIELDS, ...TOWER_FIELDS }, where, `${key}.`);
  }
}
