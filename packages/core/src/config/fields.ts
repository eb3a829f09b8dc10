// Kinds of values that JSON may hold, and a check of an object's fields by them. Which fields a file has is its schema's.

/** A test of a value, and what it expects in words. */
export interface Kind {
  readonly fits: (value: unknown) => boolean;
  readonly words: string;
}
export type Schema = Readonly<Record<string, Kind>>;

export const kind = (words: string, fits: Kind['fits']): Kind => ({ words, fits });
export const orNull = ({ words, fits }: Kind): Kind =>
  kind(`${words}, or null`, (v) => v === null || fits(v));
const isWhole = (v: unknown, least: number, most: number): boolean =>
  Number.isInteger(v) && (v as number) >= least && (v as number) <= most;
export const whole = (least: number, most: number): Kind =>
  kind(`a whole number from ${least} to ${most}`, (v) => isWhole(v, least, most));
export const number = (least: number, most: number): Kind =>
  kind(
    `a number from ${least} to ${most}`,
    (v) => typeof v === 'number' && v >= least && v <= most,
  );
export const boolean = kind('true or false', (v) => typeof v === 'boolean');
export const text = kind('a string', (v) => typeof v === 'string');
export const oneOf = (names: readonly string[]): Kind =>
  kind(names.join(', '), (v) => names.includes(v as string));
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

export const shown = (value: unknown): string => {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
};
