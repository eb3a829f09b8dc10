// All parsers, by name.
import { MODEL_FILES } from './model-files.ts';
import type { Parser } from './parser.ts';
import { PICTURES } from './pictures.ts';
import { PLANTED } from './planted.ts';
import { TENSORS } from './tensors.ts';
import { TRAINING_DATA } from './training-data.ts';

/** Those that are fuzzed. */
export const PARSERS: readonly Parser[] = [...PICTURES, ...TENSORS, ...MODEL_FILES, ...TRAINING_DATA]; // prettier-ignore

/** Throws for a name that none has. */
export function parserOf(name: string): Parser {
  const found = [...PARSERS, ...PLANTED].find((parser) => parser.name === name);
  if (found) return found;
  const names = PARSERS.map((parser) => parser.name).join(', ');
  throw new RangeError(`parser "${name}", expected one of ${names}`);
}
