// What users pass for a model, as its files, and the JSON among them. Knows of no model: a tokenizer needs no more.
import type { Attributes } from '@siglip-ts/core';
import { decodeUtf8 } from '@siglip-ts/safetensors';
import { inSubfolder, missingFile, modelFiles, type FileMap, type HubOptions, type ModelFiles } from './index.ts'; // prettier-ignore

/** A folder, a hub id, an address, a map of bytes, or files already resolved. */
export type ModelSource = string | URL | FileMap | ModelFiles;

export const filesOf = async (source: ModelSource, o: HubOptions): Promise<ModelFiles> =>
  typeof source === 'object' && 'open' in source && typeof source.open === 'function'
    ? inSubfolder(source as ModelFiles, o.subfolder ?? '')
    : modelFiles(source as string | URL | FileMap, o);

/** The options of a part that is given files already resolved: the folder within them is found. */
export const within = <O extends { subfolder?: string }>(o: O): O => ({ ...o, subfolder: '' });

/** config.json of a model. Throws if there is none or it is no JSON object. */
export async function readConfig(files: ModelFiles): Promise<Attributes> {
  const dict = await readJson(files, 'config.json');
  if (!dict) throw missingFile(files, 'config.json');
  return dict;
}

/** A JSON object among the files, undefined if there is no such file. */
export async function readJson(files: ModelFiles, name: string): Promise<Attributes | undefined> {
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
  return value as Attributes;
}
