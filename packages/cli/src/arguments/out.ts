// --out: files that are written whole or not at all. What is in them is each command's business.
import { access, constants, mkdtemp, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Exit, reasonOf } from '../terminal/errors.ts';

/** A path with what the file holds, or with what writes it to the path that it gets first. */
export type OutFile = readonly [
  path: string,
  content: string | Uint8Array | ((path: string) => Promise<void>),
];

/** Throws where a file can't be written, before there is work to lose. */
export async function expectWritable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new Exit(2, `${path}: a folder, expected a file`);
  try {
    if (found) await access(path, constants.W_OK);
    if (!found || found.isFile()) await access(`${dirname(path)}/.`, constants.W_OK);
  } catch (error) {
    throw new Exit(2, `${path}: ${reasonOf({ ...(error as object), path: undefined })}`);
  }
}

/**
 * Writes files beside where they go, and renames them when all are whole: until then the old ones stay. What is no regular
 * file, as /dev/stdout, is written to. Throws Exit with the path.
 */
export async function writeWhole(files: readonly OutFile[]): Promise<void> {
  const written = new Map<string, string>();
  let now = '';
  try {
    for (const [path, content] of files) {
      now = path;
      const target = await realpath(path).catch(() => path); // a link stays one
      const found = await stat(target).catch(() => undefined);
      const plain = found === undefined || found.isFile();
      const beside = plain ? `${target}.${process.pid}.part` : target;
      if (plain) written.set(beside, target);
      if (typeof content === 'function') await content(beside);
      else {
        await using file = await open(beside, 'w', found?.mode);
        await file.writeFile(content);
        if (plain) await file.sync();
      }
    }
    for (const [beside, target] of written) await rename(beside, target);
  } catch (error) {
    for (const beside of written.keys()) await rm(beside, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    throw new Exit(2, `${now}: ${reasonOf({ code, message })}`);
  }
}

/**
 * As `writeWhole`. What took long to compute is not lost with a full disk: it goes to the folder for temporary files, and the
 * error says where.
 */
export async function writeOrKeep(files: readonly OutFile[]): Promise<void> {
  try {
    await writeWhole(files);
  } catch (error) {
    const folder = await mkdtemp(join(tmpdir(), 'siglip-'));
    const kept = files.map(([path, content]) => [join(folder, basename(path)), content] as const);
    try {
      await writeWhole(kept);
    } catch {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    throw new Exit(2, `${(error as Error).message}; what was computed is in ${kept[0]![0]}`);
  }
}
