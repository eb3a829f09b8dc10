// What a model's other JSON files may hold, and those of the picture's side: one schema a file. config.json's is core's.
import { fields } from '@siglip-ts/core';

const { boolean, isObject, kind, number, oneOf, orNull, text, whole } = fields;

/** Sides of a picture that a processor may be asked for: far beyond every model, and 200 MB of numbers. */
const MOST_SIDE = 4096;
const side = (v: unknown): boolean =>
  Number.isInteger(v) && (v as number) >= 1 && (v as number) <= MOST_SIDE;
const size = kind(
  `{"height", "width"} or {"shortest_edge"}, each from 1 to ${MOST_SIDE}`,
  (v) =>
    v === null ||
    side(v) ||
    (Object.values(Object(v) as object).every(side) && typeof v === 'object'),
);
const channels = (fits: (v: number) => boolean, words: string): fields.Kind =>
  kind(`a ${words}, or a list of them`, (v) => {
    const list = Array.isArray(v) ? v : [v];
    return v === null || list.every((x) => Number.isFinite(x) && fits(x as number));
  });

const PROCESSOR: fields.Schema = {
  do_resize: orNull(boolean),
  do_rescale: orNull(boolean),
  do_normalize: orNull(boolean),
  do_center_crop: orNull(boolean),
  do_convert_rgb: orNull(boolean),
  size,
  crop_size: size,
  resample: orNull(whole(0, 5)),
  rescale_factor: orNull(number(-1e6, 1e6)),
  image_mean: channels(() => true, 'number'),
  image_std: channels((x) => x !== 0, 'number that is not 0'),
};

/** A special token: its text, or HF's AddedToken. */
const token = orNull(
  kind(
    'a string or {"content": a string}',
    (v) => typeof v === 'string' || (isObject(v) && typeof v.content === 'string'),
  ),
);
const names = orNull(
  kind('a list of strings', (v) => Array.isArray(v) && v.every((x) => typeof x === 'string')),
);
/** More tokens than any model takes; HF's "no limit" is 1e30. */
const MOST_TOKENS = 1_000_000;

const TOKENIZER: fields.Schema = {
  model_max_length: orNull(
    kind(
      `a number from 1 to ${MOST_TOKENS}, or 1e30 for none`,
      (v) => typeof v === 'number' && ((v >= 1 && v <= MOST_TOKENS) || v >= 1e20),
    ),
  ),
  padding_side: oneOf(['left', 'right']),
  truncation_side: oneOf(['left', 'right']),
  do_lower_case: orNull(boolean),
  add_bos_token: orNull(boolean),
  add_eos_token: orNull(boolean),
  split_special_tokens: orNull(boolean),
  clean_up_tokenization_spaces: orNull(boolean),
  tokenizer_class: orNull(text),
  model_input_names: names,
  additional_special_tokens: orNull(kind('a list', Array.isArray)),
  added_tokens_decoder: orNull(kind('an object', isObject)),
  bos_token: token,
  eos_token: token,
  unk_token: token,
  sep_token: token,
  pad_token: token,
  cls_token: token,
  mask_token: token,
};

/** What tokenizer_config.json holds. Throws RangeError with `where`, the field and its value. */
export const expectTokenizer = (dict: Record<string, unknown>, where: string): void =>
  fields.expectFields(dict, TOKENIZER, where);

/** What preprocessor_config.json holds, changes included. Throws RangeError with `where`, the field and its value. */
export const expectProcessor = (dict: Record<string, unknown>, where: string): void =>
  fields.expectFields(dict, PROCESSOR, where);

/** What processor_config.json holds, of which the image processor alone is read. */
export const expectNested = (dict: Record<string, unknown>, where: string): void =>
  fields.expectFields(dict, { image_processor: orNull(kind('an object', isObject)) }, where);
