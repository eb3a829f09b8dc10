// What the values of options may be, where one that is none would be noticed late, in an engine's words, or never: a limit of NaN
// limits nothing. Which options there are is said beside each interface of options.
import { fields } from '@siglip-ts/core';

/** Throws TypeError for a value that an option cannot have; what is undefined is not given. */
export type Check = (name: string, value: unknown) => void;

export const expected =
  (what: string, fits: (value: unknown) => boolean): Check =>
  (name, value) => {
    if (value === undefined || fits(value)) return;
    throw new TypeError(`${name}: ${fields.shown(value)}, expected ${what}`);
  };

const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0;

export const AMOUNT: Check = expected('a number of at least 0', isAmount);
export const SECONDS: Check = expected('a number of seconds', isAmount);
export const SECONDS_OR_NULL: Check = expected('a number of seconds, or null for no limit', (value) => value === null || isAmount(value)); // prettier-ignore
/** Null is none, as for a function that is not given. */
export const FUNCTION: Check = expected('a function', (value) => value === null || typeof value === 'function'); // prettier-ignore
/** By what it can do, since one may come from another realm. */
export const SIGNAL: Check = expected('an AbortSignal', (value) => typeof (value as AbortSignal | null)?.throwIfAborted === 'function'); // prettier-ignore
export const OBJECT: Check = expected('an object', (value) => value === null || fields.isObject(value)); // prettier-ignore
export const TEXT: Check = expected('a text', (value) => value === null || typeof value === 'string'); // prettier-ignore
