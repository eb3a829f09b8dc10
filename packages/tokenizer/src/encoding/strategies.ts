// Which padding and truncation the options ask for; transformers'
// _get_padding_truncation_strategies.
import {
  type EncodeOptions,
  PADDING_STRATEGIES,
  type PaddingStrategy,
  TRUNCATION_STRATEGIES,
  type TruncationStrategy,
} from './encoding.ts';

/** What this needs of a tokenizer. */
export interface LengthSettings {
  readonly model_max_length: number;
  readonly pad_token_id: number | null;
  /** Warns if nothing was warned about under this key before. */
  warnOnce(key: string, message: string): void;
}

export interface Strategies {
  padding: PaddingStrategy;
  truncation: TruncationStrategy;
  max_length: number | null;
}

/** A tokenizer without a limit has 1e30 for its maximum. */
export const isUnlimited = (tok: Pick<LengthSettings, 'model_max_length'>): boolean =>
  tok.model_max_length > 1e20;

/**
 * Throws an Error with HF's message for unknown names and for options that contradict each other.
 */
export function strategies(tok: LengthSettings, options: EncodeOptions): Strategies {
  const { pad_to_multiple_of } = options;
  for (const [name, value] of Object.entries({
    max_length: options.max_length,
    pad_to_multiple_of,
  }))
    if (value != null && !(Number.isInteger(value) && value >= 0))
      throw new TypeError(`${name}: ${shown(value)}, expected a whole number of at least 0`);
  const given = options.max_length ?? null;
  const truncation = chooseTruncation(tok, options, given);
  const padding = choosePadding(tok, options, given);
  const chosen = applyModelLimit(tok, options.verbose ?? true, {
    padding,
    truncation,
    max_length: given,
  });

  if (chosen.padding !== 'do_not_pad' && (tok.pad_token_id === null || tok.pad_token_id < 0))
    throw new Error(
      'Asking to pad but the tokenizer does not have a padding token. ' +
        'Please select a token to use as `pad_token` `(tokenizer.pad_token = tokenizer.eos_token e.g.)` ' +
        "or add a new pad token via `tokenizer.add_special_tokens({'pad_token': '[PAD]'})`.",
    );
  const { max_length } = chosen;
  if (chosen.truncation !== 'do_not_truncate' && chosen.padding !== 'do_not_pad')
    if (pad_to_multiple_of && max_length !== null && max_length % pad_to_multiple_of !== 0)
      throw new Error(
        'Truncation and padding are both activated but ' +
          `truncation length (${max_length}) is not a multiple of pad_to_multiple_of (${pad_to_multiple_of}).`,
      );
  return chosen;
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? 'an object' : String(value); // prettier-ignore

function chooseTruncation(
  tok: LengthSettings,
  { truncation, padding = false, verbose = true }: EncodeOptions,
  max_length: number | null,
): TruncationStrategy {
  if (truncation === true) return 'longest_first';
  if (truncation) return oneOf(TRUNCATION_STRATEGIES, truncation, 'TruncationStrategy');
  // Only where truncation was not mentioned at all does max_length alone turn it on.
  if (truncation === false || max_length === null || padding !== false) return 'do_not_truncate';
  if (verbose)
    tok.warnOnce(
      'Truncation-not-explicitly-activated',
      'Truncation was not explicitly activated but `max_length` is provided a specific value, please' +
        ' use `truncation=True` to explicitly truncate examples to max length. Defaulting to' +
        " 'longest_first' truncation strategy. If you encode pairs of sequences (GLUE-style) with the" +
        ' tokenizer you can select this strategy more precisely by providing a specific strategy to' +
        ' `truncation`.',
    );
  return 'longest_first';
}

function choosePadding(
  tok: LengthSettings,
  { truncation, padding = false, verbose = true }: EncodeOptions,
  max_length: number | null,
): PaddingStrategy {
  if (padding === false) return 'do_not_pad';
  if (padding !== true) return oneOf(PADDING_STRATEGIES, padding, 'PaddingStrategy');
  const truncates = truncation && truncation !== 'do_not_truncate';
  if (verbose && max_length !== null && !truncates)
    tok.warnOnce(
      'max_length is ignored',
      '`max_length` is ignored when `padding`=`True` and there is no truncation strategy. ' +
        "To pad to max length, use `padding='max_length'`.",
    );
  return 'longest';
}

/**
 * Fills in the model's maximum length where one is needed, or gives up where the model has none.
 */
function applyModelLimit(tok: LengthSettings, verbose: boolean, chosen: Strategies): Strategies {
  if (chosen.max_length !== null) return chosen;
  const pads = chosen.padding === 'max_length';
  const truncates = chosen.truncation !== 'do_not_truncate';
  if (!isUnlimited(tok))
    return pads || truncates ? { ...chosen, max_length: tok.model_max_length } : chosen;
  const none = (what: string, noun: string): void => {
    if (verbose)
      tok.warnOnce(
        `Asking-to-${what}-to-max_length`,
        `Asking to ${what} to max_length but no maximum length is provided and the model has` +
          ` no predefined maximum length. Default to no ${noun}.`,
      );
  };
  if (pads) none('pad', 'padding');
  if (truncates) none('truncate', 'truncation');
  return {
    padding: pads ? 'do_not_pad' : chosen.padding,
    truncation: 'do_not_truncate',
    max_length: null,
  };
}

function oneOf<T extends string>(names: readonly T[], name: string, what: string): T {
  if ((names as readonly string[]).includes(name)) return name as T;
  const list = names.map((n) => `'${n}'`).join(', ');
  throw new Error(`${name} is not a valid ${what}, please select one of [${list}]`);
}
