// The JSON among a model's files. Knows of no model: a tokenizer needs no more.
import { decodeUtf8 } from '@siglip-ts/safetensors';
import { missingFile, type ModelFiles } from './model-files.ts';

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** config.json of a model. Throws if there is none or it is no JSON object. */
export async function readConfig(files: ModelFiles): Promise<JsonObject> {
  const dict = await readJson(files, 'config.json');
  if (!dict) throw missingFile(files, 'config.json');
  return dict;
}

/** Far deeper than any file of a model: what walks through it by recursion must not run out of stack. */
const DEEPEST = 64;

const isShallow = (value: unknown, left: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (left > 0 && Object.values(value).every((item) => isShallow(item, left - 1)));

/** A JSON object among the files, undefined if there is no such file. */
export async function readJson(files: ModelFiles, name: string): Promise<JsonObject | undefined> {
  const bytes = await files.bytes(name);
  if (!bytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes, name));
  } catch (error) {
    throw new Error(`${files.name}: "${name}" is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${files.name}: "${name}" holds no JSON object`);
  if (!isShallow(value, DEEPEST))
    throw new RangeError(`${files.name}: "${name}" is nested deeper than ${DEEPEST} levels`);
  return value as JsonObject;
}
