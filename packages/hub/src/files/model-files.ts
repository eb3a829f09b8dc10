// What the loaders ask for: the files of one model, by name, wherever they are. Not a file system:
// files are only read, and a name never leaves the model.
import { type ByteSource, bytesSource } from '@siglip-ts/safetensors';

/** The files of one model. Names are relative, with '/' between folders: `config.json`. */
export interface ModelFiles {
  /** What error messages call the model: its folder, its hub id. */
  readonly name: string;
  /** The whole file, or undefined when the model has no such file. */
  bytes(file: string): Promise<Uint8Array | undefined>;
  /**
   * The file for reading parts of it; the caller closes it. Undefined when the model has no such
   * file.
   */
  open(file: string): Promise<ByteSource | undefined>;
  /** The names of the files, those in folders right within too, where they are known without asking a server. */
  list?(): Promise<readonly string[]>;
  /** What a server answered for a file that it does not have, for the message of a caller that needs it. */
  absence?(file: string): string | undefined;
}

/** The error of a caller that needs one of the files, none of which is there. In HF's words. */
export function missingFile(files: ModelFiles, ...names: readonly string[]): Error {
  const answers = names.flatMap((name) => files.absence?.(name) ?? []);
  const where = answers.length > 0 ? ` (${answers.join('; ')})` : '';
  return new Error(
    `${files.name} does not appear to have a file named ${names.join(' or ')}${where}`,
  );
}

/** The files of a folder within the model, as if they were the model's. */
export function inSubfolder(files: ModelFiles, subfolder: string): ModelFiles {
  const folder = subfolder.replace(/^(\.\/)+|\/+$/g, '');
  if (folder === '' || folder === '.') return files;
  const within = (file: string): string => `${expectFileName(folder)}/${expectFileName(file)}`;
  return {
    name: `${files.name}/${folder}`,
    bytes: async (file) => files.bytes(within(file)),
    open: async (file) => files.open(within(file)),
    ...(files.absence && { absence: (file: string) => files.absence?.(within(file)) }),
    ...(files.list && {
      async list() {
        const names = (await files.list?.()) ?? [];
        const inside = names.filter((name) => name.startsWith(`${folder}/`));
        return inside.map((name) => name.slice(folder.length + 1));
      },
    }),
  };
}

/** Files that are in memory, by name. What is read are views of the given bytes. */
export type FileMap = ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>;

/** A model whose files are in memory. `name` is what errors call it. */
export function mapFiles(map: FileMap, name = 'the given files'): ModelFiles {
  // Through a Map, a file called "toString" is not found on Object.prototype.
  const files = new Map<string, Uint8Array>(isMap(map) ? map : Object.entries(map));
  for (const [file, bytes] of files)
    if (!ArrayBuffer.isView(bytes))
      throw new TypeError(`${name}: "${file}" is no bytes; options come after the model`);
  return {
    name,
    bytes: async (file) => files.get(expectFileName(file)),
    async open(file) {
      const bytes = files.get(expectFileName(file));
      return bytes && bytesSource(bytes, `${name}/${file}`);
    },
    list: async () => [...files.keys()],
  };
}

function isMap(map: FileMap): map is ReadonlyMap<string, Uint8Array> {
  return typeof map.get === 'function'; // As a file's name, "get" would have bytes.
}

/**
 * Gives `file` back, if it names a file within the model.
 *
 * Throws on absolute paths, '..', backslashes, drive letters and control characters.
 */
export function expectFileName(file: string): string {
  const parts = file.split('/');
  const plain = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!plain || /[\\:\u0000-\u001f]/.test(file))
    throw new Error(`file name ${JSON.stringify(file)}: expected a relative path without '..'`);
  return file;
}
