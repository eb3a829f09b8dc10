// Downloaded files in a folder on disk, safe for several processes at once and for one that is killed. No locks: each
// writer has a partial file of its own (partial.ts), which becomes the value when it is whole, unless another was first:
// a value is named by its content, and one that is there is never replaced under those who read it.
import { fileSource } from '@siglip-ts/safetensors/node';
import { ifThere, readBytes, readRecord, textOfRecord } from '../files/folder.ts';
import type { Limit } from '../files/limits.ts';
import { node } from '../runtime/node.ts';
import type { BlobStore, Sink } from './blob-store.ts';
import { digestFile, digestLike, SHA256 } from './digest.ts';
import { keyPart } from './key.ts';
import { claim, leave, newPart, orphans, partPrefix, UNUSED } from './partial.ts';

/** A value was counted when it came. */
const ANY: Limit = { bytes: Infinity, option: '' };

const isRecord = (key: string): boolean => /(^|\/)ref-[^/]*$/.test(key);

export function folderStore(root: string): BlobStore {
  const { mkdir, rename, writeFile } = node('node:fs/promises');
  const { dirname, join, resolve } = node('node:path');
  const pathOf = (key: string): string => join(root, key);
  return {
    name: resolve(root),
    get: (key) => ifThere(isRecord(key) ? readRecord(pathOf(key)) : readBytes(pathOf(key), ANY)),
    async put(key, bytes) {
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true });
      const written = await newPart(partPrefix(path, ''));
      await writeFile(written, bytes);
      await rename(written, path);
    },
    open: (key) => ifThere(fileSource(pathOf(key))),
    sink: (key, ...known) => fileSink(root, key, ...known),
    forget: (key) => removeUnused(dirname(pathOf(key))),
  };
}

async function fileSink(
  root: string,
  key: string,
  tag?: string,
  expected?: number,
  name?: string,
): Promise<Sink> {
  const { constants, mkdir, open, rm } = node('node:fs/promises');
  const { dirname, join } = node('node:path');
  const path = join(root, key);
  await mkdir(dirname(path), { recursive: true });
  const prefix = partPrefix(path, tag === undefined ? '' : keyPart(tag));
  const part = await newPart(prefix);
  if (tag !== undefined) await claim(prefix, part);
  const digest = name === undefined ? undefined : digestLike(name || SHA256, expected);
  if (tag !== undefined && digest) await ifThere(digestFile(part, digest));
  const handle = await open(part, constants.O_RDWR | constants.O_CREAT);
  let { size } = await handle.stat();
  async function drop(): Promise<void> {
    await handle.close();
    await rm(part, { force: true });
  }
  return {
    get size() {
      return size;
    },
    async write(chunk) {
      digest?.update(chunk);
      for (let done = 0; done < chunk.length;) {
        const rest = chunk.length - done;
        done += (await handle.write(chunk, done, rest, size + done)).bytesWritten;
      }
      size += chunk.length;
    },
    async finish() {
      const content = digest?.name();
      if (name && content !== undefined && content !== name) return void (await drop());
      await handle.close();
      const named = name === '' ? `${dirname(key)}/blob-${content}` : key;
      await settle(part, join(root, named), size);
      for (const left of await orphans(dirname(path)))
        if (left.lost || left.path.startsWith(`${path}.part-`))
          await rm(left.path, { force: true });
      return named;
    },
    async close() {
      if (tag === undefined) return drop();
      await handle.close();
      await leave(part);
    },
    drop,
  };
}

/** Makes `part` the value at `path`, or removes it where that is there already. */
async function settle(part: string, path: string, size: number): Promise<void> {
  const { link, rename, rm, stat } = node('node:fs/promises');
  try {
    await link(part, path); // Fails where there is one, in one step.
  } catch {
    // One of another size is damaged. Where links are impossible there is none, and two writers may replace each other's.
    if ((await ifThere(stat(path)))?.size !== size) return rename(part, path);
  }
  await rm(part, { force: true });
}

/** Removes the values of a file that nothing names any more, unless they were read lately: someone may go on reading. */
async function removeUnused(folder: string): Promise<void> {
  const { rm } = node('node:fs/promises');
  for (const { path, used } of await unnamed(folder))
    if (Date.now() - used > UNUSED) await rm(path, { force: true });
}

/** The values in a folder that no record of it names; `used` is when one was last read or written, as far as is known. */
export async function unnamed(
  folder: string,
): Promise<{ path: string; size: number; used: number }[]> {
  const { readdir, stat } = node('node:fs/promises');
  const { join } = node('node:path');
  const names = (await readdir(folder)).filter((name) => !name.includes('.part-'));
  const refs = names.filter((name) => name.startsWith('ref-'));
  const texts = await Promise.all(refs.map((name) => textOfRecord(join(folder, name))));
  const found: { path: string; size: number; used: number }[] = [];
  for (const name of names.filter((name) => name.startsWith('blob-'))) {
    if (texts.some((text) => text.includes(`/${name}"`))) continue;
    const path = join(folder, name);
    const s = await ifThere(stat(path));
    if (s) found.push({ path, size: s.size, used: Math.max(s.atimeMs, s.mtimeMs) });
  }
  return found;
}
