// Padding of encodings to one length; transformers' pad and _pad.
import type { Fields, PadOptions, Side } from './encoding.ts';
import { type LengthSettings, type Strategies, strategies } from './strategies.ts';

/** What padding needs of a tokenizer. */
export interface PadSettings extends LengthSettings {
  readonly padding_side: Side;
  readonly model_input_names: readonly string[];
}

const PAD_TOKEN_TYPE_ID = 0;

/** Rows of numbers; fields that padding does not touch may hold other things. */
type Batch = Record<string, number[][]>;

/** One encoding, a batch of them as lists, or a list of encodings. */
export type Paddable = Fields | readonly Fields[];

/** See SiglipTokenizer.pad. Lists only, no tensors; the input is not changed. */
export function pad(tok: PadSettings, encoded: Paddable, options: PadOptions): Fields {
  const fields = collate(encoded);
  const main = tok.model_input_names[0] ?? '';
  const input = fields[main];
  if (input === undefined) {
    const names = Object.keys(fields).map((name) => `'${name}'`);
    throw new Error(
      'You should supply an encoding or a list of encodings to this method ' +
        `that includes ${main}, but you provided [${names.join(', ')}]`,
    );
  }
  if (!Array.isArray(input) || input.length === 0)
    return options.return_attention_mask ? { ...fields, attention_mask: [] } : fields;

  const { padding = true, max_length, verbose, pad_to_multiple_of } = options;
  const chosen = strategies(tok, { padding, max_length, verbose, pad_to_multiple_of });
  if (Array.isArray(input[0])) return padBatch(tok, fields as Batch, options, chosen);
  const alone = mapFields(fields, (value) => [value]);
  return mapFields(padBatch(tok, alone as Batch, options, chosen), (rows) => rows[0]!);
}

function mapFields<T, U>(fields: Record<string, T>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, f(value)]));
}

/** A list of encodings as one encoding of lists. */
function collate(encoded: Paddable): Fields {
  if (!Array.isArray(encoded)) return { ...(encoded as Fields) };
  const list = encoded as readonly Fields[];
  const names = Object.keys(list[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, list.map((fields) => fields[name]!)]));
}

/** A million texts of 64 tokens. Far beyond it an engine ends the process, and throws nothing. */
const MOST_PADDED = 2 ** 26;

/** transformers' _pad, of all rows. Never cuts: what is longer than max_length stays so. */
function padBatch(tok: PadSettings, fields: Batch, options: PadOptions, chosen: Strategies): Batch {
  const main = tok.model_input_names[0]!;
  const input = fields[main]!;
  if (!Object.values(fields).every((rows) => rows.length === input.length))
    throw new Error('Some items in the output dictionary have a different batch size than others.');
  const wantsMask =
    options.return_attention_mask ?? tok.model_input_names.includes('attention_mask');
  const padded = { ...fields };
  if (wantsMask) padded['attention_mask'] ??= input.map((row) => row.map(() => 1));

  const longest = input.reduce((most, row) => Math.max(most, row.length), 0);
  let target = chosen.padding === 'longest' ? longest : chosen.max_length;
  const multiple = options.pad_to_multiple_of;
  if (target !== null && multiple) target = Math.ceil(target / multiple) * multiple;
  if (chosen.padding === 'do_not_pad' || target === null) return padded;
  if (input.every((row) => row.length === target)) return padded;
  if (target * input.length > MOST_PADDED)
    throw new RangeError(
      `pad: ${input.length} texts to ${target} tokens each, expected at most ${MOST_PADDED} tokens in all`,
    );

  const side: string = options.padding_side ?? tok.padding_side;
  if (side !== 'left' && side !== 'right') throw new Error(`Invalid padding strategy:${side}`);
  const extend = (name: string, value: number): void => {
    const filler = new Array<number>(target).fill(value);
    padded[name] = padded[name]!.map((row, i) => {
      const missing = filler.slice(0, Math.max(0, target - input[i]!.length));
      return side === 'right' ? row.concat(missing) : missing.concat(row);
    });
  };
  if (wantsMask) extend('attention_mask', 0);
  if ('token_type_ids' in padded) extend('token_type_ids', PAD_TOKEN_TYPE_ID);
  if ('special_tokens_mask' in padded) extend('special_tokens_mask', 1);
  extend(main, tok.pad_token_id!);
  return padded;
}
