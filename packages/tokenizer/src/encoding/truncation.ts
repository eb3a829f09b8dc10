// Cutting one or two lists of ids to a length; transformers' truncate_sequences.
import type { Side, TruncationStrategy } from './encoding.ts';

/** Options of `truncate_sequences`. */
export interface TruncateOptions {
  /** How many tokens go. Default 0. */
  num_tokens_to_remove?: number | undefined;
  /** Which sequence they go from. Default 'longest_first'. */
  truncation_strategy?: TruncationStrategy | undefined;
  /** How many tokens beside the cut the overflowing ones repeat. Default 0. */
  stride?: number | undefined;
}

/** The first sequence, the second, and what was cut off (with `stride` kept tokens beside it). */
export type Truncated = [ids: number[], pair_ids: number[] | null, overflowing: number[]];

/** What truncation needs of a tokenizer. */
export interface TruncationSettings {
  readonly truncation_side: Side;
  warn(message: string): void;
}

/** See SiglipTokenizer.truncate_sequences. */
export function truncateSequences(
  tok: TruncationSettings,
  ids: number[],
  pair: number[] | null,
  {
    num_tokens_to_remove: remove = 0,
    truncation_strategy: strategy = 'longest_first',
    stride = 0,
  }: TruncateOptions,
): Truncated {
  if (remove <= 0) return [ids, pair, []];
  const cut = (sequence: number[]): [kept: number[], overflowing: number[]] => {
    const window = Math.min(sequence.length, stride + remove);
    return tok.truncation_side === 'left'
      ? [sequence.slice(remove), sequence.slice(0, window)]
      : [sequence.slice(0, sequence.length - remove), sequence.slice(sequence.length - window)];
  };

  if (strategy === 'only_first' || (strategy === 'longest_first' && pair === null)) {
    if (ids.length > remove) {
      const [kept, overflowing] = cut(ids);
      return [kept, pair, overflowing];
    }
    tok.warn(
      `We need to remove ${remove} to truncate the input but the first sequence has a length ${ids.length}. ` +
        (strategy === 'only_first' ? otherStrategy('ONLY_FIRST', 'only_second') : ''),
    );
  } else if (strategy === 'longest_first' && pair !== null) {
    return longestFirst(tok, ids, pair, remove);
  } else if (strategy === 'only_second' && pair !== null) {
    if (pair.length > remove) {
      const [kept, overflowing] = cut(pair);
      return [ids, kept, overflowing];
    }
    tok.warn(
      `We need to remove ${remove} to truncate the input but the second sequence has a length ${pair.length}. ` +
        otherStrategy('ONLY_SECOND', 'only_first'),
    );
  }
  return [ids, pair, []];
}

const otherStrategy = (name: string, other: string): string =>
  `Please select another truncation strategy than TruncationStrategy.${name}, ` +
  `for instance 'longest_first' or '${other}'.`;

/** First makes the longer as short as the other, then takes from both in turn. */
function longestFirst(
  tok: TruncationSettings,
  ids: number[],
  pair: number[],
  remove: number,
): Truncated {
  tok.warn(
    'Be aware, overflowing tokens are not returned for the setting you have chosen,' +
      " i.e. sequence pairs with the 'longest_first' " +
      'truncation strategy. So the returned list will always be empty even if some ' +
      'tokens have been removed.',
  );
  const first = Math.min(Math.abs(pair.length - ids.length), remove);
  const half = Math.floor((remove - first) / 2);
  const rest = remove - first - half;
  const fromIds = ids.length > pair.length ? first + half : half;
  const fromPair = ids.length > pair.length ? rest : first + rest;
  const cut = (sequence: number[], count: number): number[] =>
    tok.truncation_side === 'left'
      ? sequence.slice(count)
      : sequence.slice(0, Math.max(0, sequence.length - count));
  return [cut(ids, fromIds), cut(pair, fromPair), []];
}
