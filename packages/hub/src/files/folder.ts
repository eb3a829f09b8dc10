// The files of a model in a folder on disk. Needs Node, Deno or Bun, but only when called: a page can load this module.
import { fileSource } from '@siglip-ts/safetensors/node';
import { readRegular } from '../reading/regular-file.ts';
import { hasFileSystem, node } from '../runtime/node.ts';
import { type FileLimits, type Limit, limitOf } from './limits.ts';
import { expectFileName, type ModelFiles } from './model-files.ts';

/**
 * The model in the folder `path`, as `save_pretrained` writes it. The folder is not looked at yet.
 *
 * What is read whole may be as large as `limits` say, and has to be a regular file.
 */
export function folderFiles(path: string, limits?: FileLimits): ModelFiles {
  const inFolder = (file: string): string => `${path}/${expectFileName(file)}`;
  return {
    name: path,
    async bytes(file) {
      return ifThere(readBytes(inFolder(file), limitOf(file, limits)));
    },
    async open(file) {
      return ifThere(fileSource(inFolder(file)));
    },
    async list() {
      const { readdir } = node('node:fs/promises');
      const names: string[] = [];
      for (const folder of ['', ...(await foldersIn(path))])
        for (const entry of await readdir(`${path}/${folder}`, { withFileTypes: true }))
          if (!entry.isDirectory()) names.push(folder + entry.name);
      return names;
    },
  };
}

/** The folders right in a folder, each with a '/' behind; what is further down is not the model's. */
async function foldersIn(path: string): Promise<string[]> {
  const entries = await node('node:fs/promises').readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${name}/`);
}

/** The bytes of a file on disk. */
export const readBytes = (
  path: string,
  { bytes, option }: Limit,
): Promise<Uint8Array<ArrayBuffer>> => readRegular(path, bytes, option);

/** A cache's own records are some hundred bytes. */
const MOST_RECORD = 2 ** 16;
/** A small file that a cache has written. Throws as `readRegular` does: by now anything may lie there. */
export const readRecord = (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  readRegular(path, MOST_RECORD);
export const textOfRecord = async (path: string): Promise<string> =>
  new TextDecoder().decode(await readRecord(path));

/** What is at `path`; undefined for nothing, and where there is no file system. */
export async function kindAt(path: string): Promise<'folder' | 'file' | undefined> {
  if (!hasFileSystem()) return undefined;
  const { stat } = node('node:fs/promises');
  const found = await ifThere(stat(path));
  return found && (found.isDirectory() ? 'folder' : 'file');
}

/** The result, or undefined when the file or its folder does not exist. */
export async function ifThere<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
