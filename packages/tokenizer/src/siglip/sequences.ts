// How one or two sequences of ids become a model input, and where eos is in it. Pure functions of
// ids.

/**
 * `a eos` or `a eos b eos`; calls `onEos` instead of appending where a sequence ends in eos. Throws without
 * an eos: HF appends its None there, which no model takes.
 */
export function joinSequences(
  ids: readonly number[],
  pair: readonly number[] | null,
  eos: number | null,
  onEos: () => void,
): number[] {
  const withEos = (sequence: readonly number[]): readonly number[] => {
    if (eos === null) throw new Error('eos_token is null in tokenizer_config.json or the options, expected the token that ends each text'); // prettier-ignore
    if (sequence.at(-1) !== eos) return sequence.concat(eos);
    onEos();
    return sequence;
  };
  return withEos(ids).concat(pair === null ? [] : withEos(pair));
}

/** The length of the joined sequences; HF counts an eos for each, even if none was appended. */
export function joinedLength(ids: readonly number[], pair: readonly number[] | null): number {
  return ids.length + 1 + (pair === null ? 0 : pair.length + 1);
}

/** 1 at each eos that will be appended. */
export function eosMask(ids: readonly number[], pair: readonly number[] | null): number[] {
  const mask = new Array<number>(joinedLength(ids, pair)).fill(0);
  mask[ids.length] = 1;
  mask[mask.length - 1] = 1;
  return mask;
}

/** 1 at each id that is special. */
export function specialMask(
  ids: readonly number[],
  pair: readonly number[] | null,
  specialIds: ReadonlySet<number>,
): number[] {
  if (pair !== null)
    throw new Error(
      'You should not supply a second sequence if the provided sequence of ' +
        'ids is already formatted with special tokens for the model.',
    );
  return ids.map((id) => Number(specialIds.has(id)));
}
