// What may be given as text, and how it is encoded: the checks of transformers' __call__, then
// tokens, then inputs.
import { type EncodeOptions, type Encoding, toEncoding } from './encoding.ts';
import { prepareBatch, prepareForModel, type Preparer } from './prepare.ts';
import { strategies } from './strategies.ts';

/** One text: a string, its tokens or words, or ids. */
export type TextInput = string | readonly string[] | readonly number[];
/** One text or a batch of them, as `call` takes it. */
export type TextOrBatch = string | readonly string[] | readonly (readonly string[])[];
/** An item of a batch: a text, or two as a pair. */
export type BatchItem = TextInput | readonly [TextInput, TextInput];

/** Options of `call`: beside those of every encoding, texts that become `labels`. */
export type CallOptions = EncodeOptions & {
  /** What is encoded into `labels`, where `text` is given too. */
  text_target?: TextOrBatch | null | undefined;
  /** The second of a pair with text_target. */
  text_pair_target?: TextOrBatch | null | undefined;
};
export type AsTensors = { return_tensors: true | 'np' | 'pt' };

/** What encoding texts needs of a tokenizer; SiglipTokenizer is one. */
export interface TextTokenizer extends Preparer {
  text_to_ids(text: string, options?: { split_special_tokens?: boolean | undefined }): number[];
  convert_tokens_to_ids(tokens: readonly string[]): number[];
}

/**
 * Throws an Error for what is no text. Callers from JavaScript may pass anything, hence unknown.
 */
function textToIds(tok: TextTokenizer, text: unknown, options: EncodeOptions): number[] {
  const { is_split_into_words, split_special_tokens } = options;
  if (typeof text === 'string') return tok.text_to_ids(text, { split_special_tokens });
  if (Array.isArray(text) && typeof text[0] === 'string') {
    if (!is_split_into_words) return tok.convert_tokens_to_ids(text as string[]);
    const words = text as string[];
    return words.flatMap((word) => tok.text_to_ids(word, { split_special_tokens }));
  }
  if (Array.isArray(text) && typeof text[0] === 'number') return text as number[];
  const shown = Array.isArray(text) ? `[${text.join(', ')}]` : String(text);
  throw new Error(
    is_split_into_words
      ? `Input ${shown} is not valid. Should be a string or a list/tuple of strings when` +
          ' `is_split_into_words=True`.'
      : `Input ${shown} is not valid. Should be a string, a list/tuple of strings or a list/tuple of` +
          ' integers.',
  );
}

/** The ids of each item of a batch and of its pair. */
function batchToIds(
  tok: TextTokenizer,
  batch: readonly unknown[],
  options: EncodeOptions,
): [ids: number[], pair: number[] | null][] {
  // HF drops split_special_tokens on the way into a batch.
  const those = { ...options, split_special_tokens: undefined };
  const toIds = (text: unknown): number[] => {
    const isEmpty = Array.isArray(text) ? text.length === 0 : false;
    if (!isEmpty && (typeof text === 'string' || Array.isArray(text)))
      return textToIds(tok, text, those);
    throw new Error(
      'Input is not valid. Should be a string, a list/tuple of strings or a list/tuple of integers.',
    );
  };
  return batch.map((item) => {
    const isWords = options.is_split_into_words && Array.isArray(item) && !Array.isArray(item[0]);
    if (!Array.isArray(item) || isWords) return [toIds(item), null];
    if (item.length !== 2)
      throw new Error(
        `an item of a batch that is a list must be a pair, this one has ${item.length} parts`,
      );
    return [toIds(item[0]), toIds(item[1])];
  });
}

function expectNoOffsets({ return_offsets_mapping }: EncodeOptions, hint: string): void {
  if (return_offsets_mapping)
    throw new Error(
      'return_offset_mapping is not available when using Python tokenizers. ' +
        'To use this feature, change your tokenizer to one deriving from ' +
        `transformers.PreTrainedTokenizerFast.${hint}`,
    );
}

/**
 * Throws HF's errors for arguments of `call` that are neither a text nor a batch; returns whether
 * it is a batch.
 */
function checkIsBatch(text: unknown, pair: unknown, isSplitIntoWords: boolean): boolean {
  for (const input of pair === null || pair === undefined ? [text] : [text, pair])
    if (!isTextOrBatch(input))
      throw new Error(
        'text input must be of type `str` (single example), `List[str]` (batch or single pretokenized example) ' +
          'or `List[List[str]]` (batch of pretokenized examples).',
      );
  const isBatch = Array.isArray(text) && (!isSplitIntoWords || Array.isArray(text[0]));
  if (isBatch && typeof pair === 'string')
    throw new TypeError(
      'when tokenizing batches of text, `text_pair` must be a list or tuple with the same length as `text`.',
    );
  if (isBatch && Array.isArray(pair) && pair.length !== (text as unknown[]).length)
    throw new Error(
      `batch length of \`text\`: ${(text as unknown[]).length} does not match batch length of \`text_pair\`:` +
        ` ${pair.length}.`,
    );
  return isBatch;
}

function isTextOrBatch(input: unknown): boolean {
  if (!Array.isArray(input)) return typeof input === 'string';
  const first: unknown = input[0];
  if (input.length === 0 || typeof first === 'string') return true;
  return Array.isArray(first) && (first.length === 0 || typeof first[0] === 'string');
}

/** See SiglipTokenizer.encode_plus. */
export function encodePlus(
  tok: TextTokenizer,
  text: TextInput,
  pair: TextInput | null,
  options: EncodeOptions,
): Encoding<unknown> {
  strategies(tok, options); // options that contradict each other come before texts that are wrong
  expectNoOffsets(
    options,
    ' More information on available tokenizers at https://github.com/huggingface/transformers/pull/2674',
  );
  const ids = textToIds(tok, text, options);
  const pairIds = pair === null ? null : textToIds(tok, pair, options);
  const fields = prepareForModel(tok, ids, pairIds, options);
  return toEncoding(fields, { ...options, prepend_batch_axis: true });
}

/** See SiglipTokenizer.batch_encode_plus. */
export function batchEncodePlus(
  tok: TextTokenizer,
  batch: readonly BatchItem[],
  options: EncodeOptions,
): Encoding<unknown> {
  strategies(tok, options);
  expectNoOffsets(options, '');
  return toEncoding(prepareBatch(tok, batchToIds(tok, batch, options), options), options);
}

/** transformers' _call_one: encodes a text or a batch. */
export function encodeTexts(
  tok: TextTokenizer,
  text: TextOrBatch,
  pair: TextOrBatch | null,
  options: EncodeOptions,
): Encoding<unknown> {
  if (!checkIsBatch(text, pair, options.is_split_into_words ?? false))
    return encodePlus(tok, text as TextInput, pair as TextInput | null, options);
  const items = pair === null ? text : (text as TextInput[]).map((t, i) => [t, pair[i]!]);
  return batchEncodePlus(tok, items as BatchItem[], options);
}
