// What every HF configuration has in common: the defaults of PretrainedConfig, labels, problem types, and how a
// configuration becomes JSON. The three SigLIP classes are in siglip.ts.
import type { AttentionImplementation } from '../ops/attention.ts';

/** HF's names of what a classifier's labels are, on which its loss depends. */
export type ProblemType =
  'regression' | 'single_label_classification' | 'multi_label_classification';
const PROBLEM_TYPES: readonly unknown[] = [
  'regression',
  'single_label_classification',
  'multi_label_classification',
];

/** A configuration as JSON holds it, by HF's field names. */
export type Attributes = Record<string, unknown>;

/** Fields of PretrainedConfig that the model looks at. Unknown ones are kept beside them, as HF keeps them. */
export interface PretrainedFields {
  /** Whether a forward gives attentions, where the call does not say. Default false. */
  output_attentions: boolean;
  /** Whether a forward gives hidden_states, where the call does not say. Default false. */
  output_hidden_states: boolean;
  /** Whether a forward gives named fields, not a tuple, where the call does not say. Default true. */
  return_dict: boolean;
  /** The label of each class number, keys as JSON has them: "0", "1". */
  id2label: Record<string, string>;
  /** The class number of each label. */
  label2id: Record<string, number> | null;
  /** null until it is set, or concluded from the first labels seen. */
  problem_type: ProblemType | null;
  /** The classes that the checkpoint was saved from. */
  architectures: string[] | null;
  /** The dtype that it was saved in, which the load option dtype: 'auto' chooses. */
  torch_dtype: string | null;
  /** What wrote the file; null for a new configuration. */
  transformers_version: string | null;
  /** Which attention runs; never written to a file. null: not chosen, so `sdpa`. */
  _attn_implementation: AttentionImplementation | null;
}

/** PretrainedConfig().to_dict() of transformers 4.49.0, without labels and version. */
const DEFAULTS: Attributes = {
  return_dict: true,
  output_hidden_states: false,
  output_attentions: false,
  torchscript: false,
  torch_dtype: null,
  use_bfloat16: false,
  tf_legacy_loss: false,
  pruned_heads: {},
  tie_word_embeddings: true,
  chunk_size_feed_forward: 0,
  is_encoder_decoder: false,
  is_decoder: false,
  cross_attention_hidden_size: null,
  add_cross_attention: false,
  tie_encoder_decoder: false,
  max_length: 20,
  min_length: 0,
  do_sample: false,
  early_stopping: false,
  num_beams: 1,
  num_beam_groups: 1,
  diversity_penalty: 0,
  temperature: 1,
  top_k: 50,
  top_p: 1,
  typical_p: 1,
  repetition_penalty: 1,
  length_penalty: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  bad_words_ids: null,
  num_return_sequences: 1,
  output_scores: false,
  return_dict_in_generate: false,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  remove_invalid_values: false,
  exponential_decay_length_penalty: null,
  suppress_tokens: null,
  begin_suppress_tokens: null,
  architectures: null,
  finetuning_task: null,
  tokenizer_class: null,
  prefix: null,
  bos_token_id: null,
  pad_token_id: null,
  eos_token_id: null,
  sep_token_id: null,
  decoder_start_token_id: null,
  task_specific_params: null,
  problem_type: null,
  _name_or_path: '',
  _attn_implementation_autoset: false,
};

/** The version whose behaviour this is; written into files as HF writes its own. */
export const TRANSFORMERS_VERSION = '4.49.0';

const labels = (n: number): [Record<string, string>, Record<string, number>] => {
  const names = Array.from({ length: n }, (_, i) => `LABEL_${i}`);
  return [Object.fromEntries(names.entries()), Object.fromEntries(names.map((l, i) => [l, i]))];
};

/** Fills `target` from the defaults of the base class, of the class and from `values`, and checks what HF checks. */
export function fill(target: object, own: Attributes, values: Attributes): void {
  // dtype is transformers 5's word for torch_dtype.
  const { num_labels, attn_implementation, dtype, ...rest } = values;
  if (dtype != null) rest.torch_dtype ??= dtype;
  delete rest.model_type;
  delete rest._attn_implementation;
  for (const name of ['label2id', 'id2label'] as const)
    if (rest[name] != null && !isDictionary(rest[name]))
      throw new TypeError(`Argument ${name} should be a dictionary.`);
  const type = rest.problem_type ?? null;
  if (type !== null && !PROBLEM_TYPES.includes(type))
    throw new RangeError(
      `The config parameter \`problem_type\` was not understood: received ${String(type)} ` +
        "but only 'regression', 'single_label_classification' and 'multi_label_classification' are valid.",
    );
  const merged: Attributes = { ...structuredCopy(DEFAULTS), ...own, transformers_version: null };
  Object.assign(merged, structuredCopy(rest));
  if (rest.id2label == null) {
    const [id2label, label2id] = labels(typeof num_labels === 'number' ? num_labels : 2);
    Object.assign(merged, { id2label, label2id });
  } else merged.label2id ??= null;
  Object.assign(target, merged, { _attn_implementation: attn_implementation ?? null });
}

/** Replaces the labels by LABEL_0 … LABEL_n-1, as assigning num_labels does in HF. */
export function relabel(config: object, n: number): void {
  const [id2label, label2id] = labels(n);
  Object.assign(config, { id2label, label2id });
}

/** All attributes, as HF's to_dict. */
export function toDict(config: Attributes, modelType: string): Attributes {
  const out: Attributes = {};
  for (const [key, value] of Object.entries(config))
    if (key !== '_attn_implementation')
      out[key] = isConfig(value) ? subDict(value) : structuredCopy(value);
  return { ...out, model_type: modelType, transformers_version: TRANSFORMERS_VERSION };
}

/**
 * What HF's to_diff_dict writes: attributes that PretrainedConfig does not have, or that differ from its defaults
 * or from the class's; of a sub-configuration only what differs from its class's defaults.
 */
export function toDiffDict(config: Attributes, modelType: string, fresh: Attributes): Attributes {
  const all = toDict(config, modelType);
  const classDefaults = toDict(fresh, modelType);
  const [id2label, label2id] = labels(2);
  const base: Attributes = { ...DEFAULTS, id2label, label2id, model_type: '' };
  const out: Attributes = {};
  for (const [key, value] of Object.entries(all)) {
    if (isConfig(config[key]))
      out[key] = difference(value as Attributes, classDefaults[key] as Attributes);
    else if (
      !(key in base) ||
      !equal(value, base[key]) ||
      (key in classDefaults && !equal(value, classDefaults[key]))
    )
      out[key] = value;
  }
  return out;
}

/** JSON with sorted keys, two spaces and a final newline, as Python's json.dumps(indent=2, sort_keys=True). */
export const toJson = (dict: Attributes): string => `${JSON.stringify(sorted(dict), null, 2)}\n`;

function difference(value: Attributes, defaults: Attributes): Attributes {
  const changed = Object.entries(value).filter(
    ([key, v]) => key === 'model_type' || !(key in defaults) || !equal(v, defaults[key]),
  );
  return Object.fromEntries(changed);
}

interface SubConfig {
  to_dict(): Attributes;
}
const isConfig = (value: unknown): value is SubConfig =>
  typeof value === 'object' && value !== null && 'to_dict' in value;

function subDict(config: SubConfig): Attributes {
  const dict = config.to_dict();
  delete dict.transformers_version;
  return dict;
}

const isDictionary = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A deep copy of JSON data. */
function structuredCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(structuredCopy) as T;
  if (typeof value !== 'object' || value === null || isConfig(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, structuredCopy(v)])) as T;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([k, v]) => [k, sorted(v)]));
}

const equal = (a: unknown, b: unknown): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
