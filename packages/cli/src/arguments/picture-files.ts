// Which pictures a command line names: files and addresses as they are, and of a folder the pictures in it. What they show
// is not read here.
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { imageFormat } from '@siglip-ts/image';
import { reasonOf } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { plural } from '../terminal/output.ts';

/** The pictures that a command line names, and what on it gives none, with the reason. */
export interface Named {
  readonly names: readonly string[];
  readonly refused: readonly string[];
}

/**
 * In the order of the command line, and in a folder in that of its names: by their characters' numbers, everywhere the same.
 * What is a picture there is told by its first bytes. Hidden files, node_modules and links to folders are left out.
 */
export async function picturesNamed(io: Io, given: readonly string[]): Promise<Named> {
  const names: string[] = [];
  const refused: string[] = [];
  for (const name of given) {
    if (!(await isFolder(name))) {
      names.push(name);
      continue;
    }
    let others = 0;
    const before = names.length + refused.length;
    for await (const path of filesIn(name, refused)) {
      io.signal.throwIfAborted();
      if (await mayBePicture(path)) names.push(path);
      else others++;
    }
    const why =
      others === 0 ? 'the folder is empty' : `no picture among its ${plural(others, 'file')}`;
    if (names.length + refused.length === before) refused.push(`${name}: ${why}`);
  }
  return { names, refused };
}

/** Neither stdin nor an address is; of what is not there, reading says so. */
const isFolder = async (name: string): Promise<boolean> =>
  name !== '-' && ((await stat(name).catch(() => undefined))?.isDirectory() ?? false);

/** Every file below; a folder that can't be read is refused. A list of what is left, not recursion: folders may be deep. */
async function* filesIn(
  folder: string,
  refused: string[],
): AsyncGenerator<string, void, undefined> {
  const left = [{ path: folder, folder: true }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { path } = next;
    if (!next.folder) {
      yield path;
      continue;
    }
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const seen = entries.filter(({ name }) => !name.startsWith('.') && name !== 'node_modules');
      seen.sort((a, b) => (a.name < b.name ? 1 : -1)); // the first is the last, which goes next
      for (const entry of seen)
        left.push({ path: join(path, entry.name), folder: entry.isDirectory() });
    } catch (error) {
      refused.push(reasonOf(error));
    }
  }
}

/** Whether it begins as a picture does. What can't be opened may be one: reading it says why not. */
async function mayBePicture(path: string): Promise<boolean> {
  try {
    // Neither a device nor a pipe, which would be waited for.
    if (!(await stat(path)).isFile()) return false;
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    const head = buffer.subarray(0, bytesRead);
    // Text may begin with BM, too, but has no zeros.
    return imageFormat(head) === 'BMP' ? head.includes(0) : imageFormat(head) !== undefined;
  } catch {
    return true;
  }
}
