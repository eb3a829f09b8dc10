// How large the files of training data may be, and that they are regular ones: a link to a device has no end, and a FIFO may
// have no writer. What is in them is the readers' business.
import { readRegular } from '@siglip-ts/hub/reading';

/** The most bytes that files of training data may have. What is larger is refused: a pair then is skipped, by its name. */
export interface DataLimits {
  /** A picture's file. Default: 128 MiB. */
  readonly picture?: number;
  /** captions.jsonl. Default: 256 MiB. */
  readonly captions?: number;
  /** What one pair has beside its picture: a line of captions.jsonl, a .txt or .json in a tar file. Default: 1 MiB. */
  readonly caption?: number;
  /** A tar file, which is in memory as a whole. Default: 2 GiB. */
  readonly shard?: number;
}

const DEFAULTS: Readonly<Record<keyof DataLimits, number>> = {
  picture: 128 * 2 ** 20,
  captions: 256 * 2 ** 20,
  caption: 2 ** 20,
  shard: 2 ** 31,
};

export const limitOf = (kind: keyof DataLimits, limits: DataLimits): number =>
  limits[kind] ?? DEFAULTS[kind];

/** The bytes of a regular file within its limit; throws, with its path, for anything else. */
export const readData = (
  path: string,
  kind: keyof DataLimits,
  limits: DataLimits,
): Promise<Uint8Array> => readRegular(path, limitOf(kind, limits), `limits.${kind}`);

/** Throws RangeError for a part of a file that is larger than it may be; `length` in bytes, or in letters, which are fewer. */
export function expectWithin(length: number, kind: keyof DataLimits, limits: DataLimits): void {
  const most = limitOf(kind, limits);
  if (length > most)
    throw new RangeError(
      `${kind} of ${length} bytes, expected at most ${most}; the option limits.${kind} says how many`,
    );
}
