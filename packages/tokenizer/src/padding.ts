// Padding of encodings to one length; transformers' pad and _pad.

import type { Fields, Nested, PadOptions, Side } from './encoding.ts';
import { strategies, type LengthSettings, type Strategies } from './strategies.ts';

/** What padding needs of a tokenizer. */
export interface PadSettings extends LengthSettings {
  readonly padding_side: Side;
  readonly model_input_names: readonly string[];
}

const PAD_TOKEN_TYPE_ID = 0;

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

  const { padding = true, max_length, verbose } = options;
  const chosen = strategies(tok, { padding, max_length, verbose });
  return Array.isArray(input[0])
    ? padBatch(tok, fields, input as number[][], options, chosen)
    : padOne(tok, fields, options, chosen);
}

/** A list of encodings as one encoding of lists. */
function collate(encoded: Paddable): Fields {
  if (!Array.isArray(encoded)) return { ...(encoded as Fields) };
  const list = encoded as readonly Fields[];
  const names = Object.keys(list[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, list.map((fields) => fields[name]!)]));
}

function padBatch(
  tok: PadSettings,
  fields: Fields,
  input: readonly number[][],
  options: PadOptions,
  chosen: Strategies,
): Fields {
  const entries = Object.entries(fields) as [string, Nested[]][];
  if (!entries.every(([, rows]) => rows.length === input.length))
    throw new Error('Some items in the output dictionary have a different batch size than others.');
  if (chosen.padding === 'longest') {
    const longest = input.reduce((most, row) => Math.max(most, row.length), 0);
    chosen = { ...chosen, padding: 'max_length', max_length: longest };
  }
  const batch: Record<string, Nested[]> = {};
  input.forEach((_, i) => {
    const row = Object.fromEntries(entries.map(([name, rows]) => [name, rows[i]!]));
    for (const [name, value] of Object.entries(padOne(tok, row, options, chosen)))
      (batch[name] ??= []).push(value);
  });
  return batch;
}

/** transformers' _pad. Never cuts: what is longer than max_length stays so. */
function padOne(tok: PadSettings, fields: Fields, options: PadOptions, chosen: Strategies): Fields {
  const main = tok.model_input_names[0]!;
  const input = fields[main] as number[];
  const wantsMask =
    options.return_attention_mask ?? tok.model_input_names.includes('attention_mask');
  const padded = { ...fields };
  if (wantsMask && !('attention_mask' in padded))
    padded['attention_mask'] = new Array<number>(input.length).fill(1);

  let target = chosen.padding === 'longest' ? input.length : chosen.max_length;
  const multiple = options.pad_to_multiple_of;
  if (target !== null && multiple) target = Math.ceil(target / multiple) * multiple;
  if (chosen.padding === 'do_not_pad' || target === null || target === input.length) return padded;

  const side: string = options.padding_side ?? tok.padding_side;
  if (side !== 'left' && side !== 'right') throw new Error(`Invalid padding strategy:${side}`);
  const missing = Math.max(0, target - input.length);
  const extend = (name: string, value: number): void => {
    const filler = new Array<number>(missing).fill(value);
    const values = padded[name] as number[];
    padded[name] = side === 'right' ? values.concat(filler) : filler.concat(values);
  };
  if (wantsMask) extend('attention_mask', 0);
  if ('token_type_ids' in padded) extend('token_type_ids', PAD_TOKEN_TYPE_ID);
  if ('special_tokens_mask' in padded) extend('special_tokens_mask', 1);
  extend(main, tok.pad_token_id!);
  return padded;
}
