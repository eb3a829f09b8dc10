// What the fuzz knows of a parser: where its inputs come from, how they are changed, and how one is read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../random.ts';

export interface Parser {
  readonly name: string;
  /** Whole inputs, from this repository's own files. */
  readonly seeds: () => Uint8Array[];
  readonly mutate: (r: Random, seed: Uint8Array) => Uint8Array;
  /** Reads an input and looks at all that is in it. Gives what is wrong with the result, if anything is. */
  readonly read: (bytes: Uint8Array) => Promise<string | undefined>;
  /** What every error has to name; absent where reading is given no name. */
  readonly names?: RegExp;
  /** Errors that Python raises in the same words, without a file's name. */
  readonly hf?: RegExp;
}

/** The repository's folder. The bundle lies as deep as this folder's parent: both find it. */
const root = process.env['FUZZ_ROOT'] ?? join(import.meta.dirname, '../../..');

export const fileOf = (...path: string[]): Uint8Array =>
  new Uint8Array(readFileSync(join(root, ...path)));

export const jsonOf = (...path: string[]): unknown =>
  JSON.parse(new TextDecoder().decode(fileOf(...path)));
