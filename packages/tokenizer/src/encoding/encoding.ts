// The options and results of encoding, and turning nested lists into tensors. No tokenizing here.

/** HF's options of calling a tokenizer. null is Python's None. */
export interface EncodeOptions {
  /** Append eos. Default true. */
  add_special_tokens?: boolean | undefined;
  /**
   * true or 'longest': to the longest of the batch. 'max_length': to max_length or
   * model_max_length.
   */
  padding?: boolean | PaddingStrategy | undefined;
  /**
   * true is 'longest_first'. Default: no truncation, unless max_length is given without padding.
   */
  truncation?: boolean | TruncationStrategy | null | undefined;
  /** In tokens. Default: model_max_length. */
  max_length?: number | null | undefined;
  /** How many tokens the overflowing ones repeat. */
  stride?: number | undefined;
  /** A list of strings is one text cut into words, not a batch. */
  is_split_into_words?: boolean | undefined;
  /** Padded lengths become multiples of it. */
  pad_to_multiple_of?: number | null | undefined;
  /** Default: the tokenizer's own. */
  padding_side?: Side | null | undefined;
  /** true, 'np' or 'pt': each field as `{ data, shape, dtype }`. */
  return_tensors?: boolean | 'np' | 'pt' | null | undefined;
  /** Zeros, one a token. Default: if model_input_names has them. */
  return_token_type_ids?: boolean | null | undefined;
  /** 1 for a token, 0 for padding. Default: if model_input_names has it. */
  return_attention_mask?: boolean | null | undefined;
  /** Adds what truncation cut off, and how many tokens that is. */
  return_overflowing_tokens?: boolean | undefined;
  /** Adds 1 for each special token, 0 for others. */
  return_special_tokens_mask?: boolean | undefined;
  /** Only fast tokenizers know offsets: true throws. */
  return_offsets_mapping?: boolean | undefined;
  /** Adds the number of tokens, padding included. */
  return_length?: boolean | undefined;
  /** Cut special tokens in the text like any other text. As in HF without effect on a batch. */
  split_special_tokens?: boolean | undefined;
  /** false silences the warnings about lengths. */
  verbose?: boolean | undefined;
}

/** Options of `prepare_for_model`. */
export interface PrepareOptions extends EncodeOptions {
  /** Makes tensors of shape [1, T]. */
  prepend_batch_axis?: boolean | undefined;
}

/** Options of `pad`. */
export type PadOptions = Pick<
  EncodeOptions,
  | 'padding'
  | 'max_length'
  | 'pad_to_multiple_of'
  | 'padding_side'
  | 'return_attention_mask'
  | 'return_tensors'
  | 'verbose'
>;

/** Where padding or cutting happens. */
export type Side = 'left' | 'right';
/** HF's names of what texts are padded to. */
export const PADDING_STRATEGIES = ['longest', 'max_length', 'do_not_pad'] as const;
/** One of PADDING_STRATEGIES. */
export type PaddingStrategy = (typeof PADDING_STRATEGIES)[number];
/** HF's names of which of a pair is cut. */
export const TRUNCATION_STRATEGIES = [
  'only_first',
  'only_second',
  'longest_first',
  'do_not_truncate',
] as const;
/** One of TRUNCATION_STRATEGIES. */
export type TruncationStrategy = (typeof TRUNCATION_STRATEGIES)[number];

/** Whole numbers as a tensor: [T] for one text, [B, T] for a batch. */
export interface Int32Tensor {
  /** In row-major order of `shape`. */
  data: Int32Array;
  /** The size of each axis. */
  shape: number[];
  /** What the numbers are. */
  dtype: 'int32';
}

export type Nested = number | Nested[];
/** Numbers nested in lists. */
/** The fields of an encoding, in HF's order. */
export type Fields = Record<string, Nested>;

/**
 * What encoding gives; T is `number[]` for one text, `number[][]` for a batch, or `Int32Tensor`.
 */
export interface Encoding<T> {
  /** What truncation cut off, if it was asked for. */
  overflowing_tokens?: T;
  /** How many tokens that is. */
  num_truncated_tokens?: unknown;
  /** The number of each token in the vocabulary. */
  input_ids: T;
  /** Zeros: sequences of a pair are not told apart. */
  token_type_ids?: T;
  /** 1 for a special token, else 0. */
  special_tokens_mask?: T;
  /** 1 for a token, 0 for padding. */
  attention_mask?: T;
  /** How many tokens. */
  length?: unknown;
  /** The ids of `text_target`, where both texts are given. */
  labels?: T;
}

/**
 * Makes an int32 tensor of each field: [T] or [B, T], with `prepend` one axis more in front.
 *
 * Throws HF's error for fields whose rows differ in length. BatchEncoding.convert_to_tensors.
 */
function toTensors(fields: Fields, prepend: boolean): Record<string, Int32Tensor> {
  const tensors: Record<string, Int32Tensor> = {};
  for (const [name, value] of Object.entries(fields)) {
    const tensor = toTensor(prepend ? [value] : value);
    if (tensor === null) throw new Error(raggedMessage(name));
    tensors[name] = tensor;
  }
  return tensors;
}

function raggedMessage(field: string): string {
  if (field === 'overflowing_tokens')
    return (
      'Unable to create tensor returning overflowing tokens of different lengths. ' +
      'Please see if a fast version of this tokenizer is available to have this feature available.'
    );
  return (
    'Unable to create tensor, you should probably activate truncation and/or padding with' +
    " 'padding=True' 'truncation=True' to have batched tensors with the same length. Perhaps your" +
    ` features (\`${field}\` in this case) have excessive nesting (inputs type \`list\` where type \`int\` is` +
    ' expected).'
  );
}

/** null where the rows differ in length or depth. */
function toTensor(value: Nested): Int32Tensor | null {
  const shape: number[] = [];
  for (let v: Nested | undefined = value; Array.isArray(v); v = v[0]) shape.push(v.length);
  // Loops, because `flat`, `every` and making an array of a list take several times as long.
  let rows: Nested[] = [value];
  for (const length of shape) {
    const within: Nested[] = [];
    for (const row of rows) {
      if (!Array.isArray(row) || row.length !== length) return null;
      for (const item of row) within.push(item);
    }
    rows = within;
  }
  const data = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const item = rows[i];
    if (typeof item !== 'number') return null;
    data[i] = item;
  }
  return { data, shape, dtype: 'int32' };
}

/** The fields as lists, or as tensors where `return_tensors` asks for them. */
export function toEncoding(
  fields: Fields,
  { return_tensors, prepend_batch_axis = false }: PrepareOptions,
): Encoding<unknown> {
  const result: unknown = return_tensors ? toTensors(fields, prepend_batch_axis) : fields;
  return result as Encoding<unknown>;
}
