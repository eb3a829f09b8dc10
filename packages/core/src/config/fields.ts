// Kinds of values that JSON may hold, and a check of an object's fields by them. Which fields a file has is its schema's.

/** A test of a value, and what it expects in words. */
export interface Kind {
  /** The test. */
  readonly fits: (value: unknown) => boolean;
  /** After "expected". */
  readonly words: string;
}
/** Fields by name, each with its kind. */
export type Schema = Readonly<Record<string, Kind>>;

/** A kind of one's own. */
export const kind = (words: string, fits: Kind['fits']): Kind => ({ words, fits });
/** That kind, or Python's None. */
export const orNull = ({ words, fits }: Kind): Kind =>
  kind(`${words}, or null`, (v) => v === null || fits(v));
const isWhole = (v: unknown, least: number, most: number): boolean =>
  Number.isInteger(v) && (v as number) >= least && (v as number) <= most;
/** Whole numbers between two, both included. */
export const whole = (least: number, most: number): Kind =>
  kind(`a whole number from ${least} to ${most}`, (v) => isWhole(v, least, most));
/** Numbers between two, both included. */
export const number = (least: number, most: number): Kind =>
  kind(
    `a number from ${least} to ${most}`,
    (v) => typeof v === 'number' && v >= least && v <= most,
  );
/** true or false. */
export const boolean = kind('true or false', (v) => typeof v === 'boolean');
/** Strings. */
export const text = kind('a string', (v) => typeof v === 'string');
/** Some strings, by name. */
export const oneOf = (names: readonly string[]): Kind =>
  kind(names.join(', '), (v) => names.includes(v as string));
/** Whether a value is an object of JSON, no list. */
export const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

/** Throws RangeError for the first value that is none of its kind; what is absent has HF's default. */
export function expectFields(
  dict: Readonly<Record<string, unknown>>,
  schema: Schema,
  where: string,
  at = '',
): void {
  for (const [key, { fits, words }] of Object.entries(schema)) {
    const value = Object.hasOwn(dict, key) ? dict[key] : undefined;
    if (value !== undefined && !fits(value))
      throw new RangeError(`${where}: ${at}${key} is ${shown(value)}, expected ${words}`);
  }
}

/** A value in an error, cut where it is long. Any value may come: what JSON cannot hold is told by its kind. */
export const shown = (value: unknown): string => {
  const text = jsonOf(value) ?? (typeof value === 'object' ? 'an object' : String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

function jsonOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value); // JSON has no NaN
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // a circle, or a BigInt
  }
}
