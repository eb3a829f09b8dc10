// How large each file of a model may be. What is in them is checked elsewhere; this only keeps what has no end from being
// read to it.

/** The most bytes that files of a model may have. */
export interface FileLimits {
  /** config.json and the other small ones. Default: 16 MiB. */
  readonly json?: number;
  /** tokenizer.json and spiece.model: 256,000 pieces take 35 MB. Default: 64 MiB. */
  readonly tokenizer?: number;
  /** Each file of weights. Default: 32 GiB. */
  readonly weights?: number;
}

const DEFAULTS: Readonly<Record<keyof FileLimits, number>> = {
  json: 16 * 2 ** 20,
  tokenizer: 64 * 2 ** 20,
  weights: 32 * 2 ** 30,
};

const KINDS: readonly (readonly [RegExp, keyof FileLimits])[] = [
  [/(^|\/)tokenizer\.json$|\.model$/, 'tokenizer'],
  [/\.(json|txt|md|py)$/, 'json'],
];

/** What a file of this name may have, and the option that says so. */
export interface Limit {
  readonly bytes: number;
  readonly option: string;
  /** Whether it begins with a header that says how long it is. */
  readonly says_length?: boolean;
}

/** Throws TypeError for a limit that is no number of bytes. */
export function limitOf(file: string, limits: FileLimits = {}): Limit {
  const kind = KINDS.find(([names]) => names.test(file))?.[1] ?? 'weights';
  const bytes = limits[kind] ?? DEFAULTS[kind];
  if (typeof bytes !== 'number' || !(bytes >= 0))
    throw new TypeError(`limits.${kind}: ${String(bytes)}, expected a number of bytes`);
  return { bytes, option: `limits.${kind}`, says_length: file.endsWith('.safetensors') };
}
