// From ids to model inputs: special tokens, truncation, masks, padding; transformers'
// prepare_for_model.
import type { Fields, Nested, PrepareOptions } from './encoding.ts';
import { pad, type PadSettings } from './padding.ts';
import { strategies } from './strategies.ts';
import { truncateSequences, type TruncationSettings } from './truncation.ts';

/** What preparing needs of a tokenizer; SiglipTokenizer is one. */
export interface Preparer extends PadSettings, TruncationSettings {
  num_special_tokens_to_add(pair?: boolean): number;
  build_inputs_with_special_tokens(
    ids: readonly number[],
    pair?: readonly number[] | null,
  ): number[];
  create_token_type_ids_from_sequences(
    ids: readonly number[],
    pair?: readonly number[] | null,
  ): number[];
  get_special_tokens_mask(ids: readonly number[], pair?: readonly number[] | null): number[];
}

/** See SiglipTokenizer.prepare_for_model. Lists only, no tensors. */
export function prepareForModel(
  tok: Preparer,
  ids: readonly number[],
  pair: readonly number[] | null,
  options: PrepareOptions,
): Fields {
  const { add_special_tokens = true } = options;
  const chosen = strategies(tok, options);
  const { max_length, truncation } = chosen;
  expectRequest(options, truncation === 'longest_first' && pair !== null);
  const wantsMask =
    options.return_attention_mask ?? tok.model_input_names.includes('attention_mask');

  const special = add_special_tokens ? tok.num_special_tokens_to_add(pair !== null) : 0;
  const total = ids.length + (pair?.length ?? 0) + special;
  let cut = [ids.slice(), pair?.slice() ?? null, []] as [number[], number[] | null, number[]];
  if (truncation !== 'do_not_truncate' && max_length && total > max_length)
    cut = truncateSequences(tok, cut[0], cut[1], {
      num_tokens_to_remove: total - max_length,
      truncation_strategy: truncation,
      stride: options.stride,
    });

  let fields: Fields = {};
  if (options.return_overflowing_tokens) {
    if (max_length === null) throw new TypeError('return_overflowing_tokens needs a max_length');
    fields['overflowing_tokens'] = cut[2];
    fields['num_truncated_tokens'] = total - max_length; // negative where nothing was cut
  }
  addSequences(tok, fields, cut[0], cut[1], options);
  const length = (fields['input_ids'] as number[]).length;
  if (max_length === null && length > tok.model_max_length && (options.verbose ?? true))
    tok.warnOnce(
      'sequence-length-is-longer-than-the-specified-maximum',
      'Token indices sequence length is longer than the specified maximum sequence length ' +
        `for this model (${length} > ${tok.model_max_length}). Running this sequence through the model ` +
        'will result in indexing errors',
    );
  if (chosen.padding !== 'do_not_pad' || wantsMask)
    fields = pad(tok, fields, {
      ...options,
      padding: chosen.padding,
      max_length,
      return_attention_mask: wantsMask,
    });
  if (options.return_length) fields['length'] = (fields['input_ids'] as number[]).length;
  return fields;
}

function expectRequest(options: PrepareOptions, pairLongestFirst: boolean): void {
  if (options.return_token_type_ids && options.add_special_tokens === false)
    throw new Error(
      'Asking to return token_type_ids while setting add_special_tokens to False ' +
        'results in an undefined behavior. Please set add_special_tokens to True or ' +
        'set return_token_type_ids to None.',
    );
  if (options.return_overflowing_tokens && pairLongestFirst)
    throw new Error(
      'Not possible to return overflowing tokens for pair of sequences with the ' +
        '`longest_first`. Please select another truncation strategy than `longest_first`, ' +
        'for instance `only_second` or `only_first`.',
    );
}

function addSequences(
  tok: Preparer,
  fields: Fields,
  ids: number[],
  pair: number[] | null,
  options: PrepareOptions,
): void {
  const special = options.add_special_tokens ?? true;
  const sequence = special
    ? tok.build_inputs_with_special_tokens(ids, pair)
    : ids.concat(pair ?? []);
  fields['input_ids'] = sequence;
  if (options.return_token_type_ids ?? tok.model_input_names.includes('token_type_ids'))
    fields['token_type_ids'] = special
      ? tok.create_token_type_ids_from_sequences(ids, pair)
      : sequence.map(() => 0);
  if (options.return_special_tokens_mask)
    fields['special_tokens_mask'] = special
      ? tok.get_special_tokens_mask(ids, pair)
      : sequence.map(() => 0);
}

/** Prepares each item, then pads them together; transformers' _batch_prepare_for_model. */
export function prepareBatch(
  tok: Preparer,
  items: readonly (readonly [ids: readonly number[], pair: readonly number[] | null])[],
  options: PrepareOptions,
): Fields {
  const chosen = strategies(tok, options);
  const unpadded: PrepareOptions = {
    ...options,
    ...chosen,
    padding: 'do_not_pad', // the batch is padded below
    pad_to_multiple_of: null,
    return_attention_mask: false,
  };
  const batch: Record<string, Nested[]> = {};
  for (const [ids, pair] of items) {
    const one = prepareForModel(tok, ids, pair, unpadded);
    for (const name in one) (batch[name] ??= []).push(one[name]!);
  }
  return pad(tok, batch, { ...options, padding: chosen.padding, max_length: chosen.max_length });
}
