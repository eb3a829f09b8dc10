// Downloaded files in a folder on disk, safe for several processes at once and for one that is
// killed. No locks: each writer has a partial file of its own, renamed into place when it is whole.
import { fileSource } from '@siglip-ts/safetensors/node';
import { ifThere, readBytes } from '../files/folder.ts';
import { node } from '../runtime/node.ts';
import type { BlobStore, Sink } from './blob-store.ts';
import { keyPart, uniqueName } from './key.ts';

/**
 * A partial file that nobody wrote to for so long, in ms, has no writer: fetch gives up after 5
 * minutes.
 */
const ABANDONED = 600_000;

export function folderStore(root: string): BlobStore {
  const { mkdir, rename, writeFile } = node('node:fs/promises');
  const { dirname, join } = node('node:path');
  const pathOf = (key: string): string => join(root, key);
  return {
    get: (key) => ifThere(readBytes(pathOf(key))),
    async put(key, bytes) {
      const path = pathOf(key);
      const written = `${path}.${uniqueName()}`;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(written, bytes);
      await rename(written, path);
    },
    open: (key) => ifThere(fileSource(pathOf(key))),
    sink: (key, tag) => fileSink(pathOf(key), tag),
  };
}

async function fileSink(path: string, tag: string | undefined): Promise<Sink> {
  const { constants, mkdir, open, rename, rm, utimes } = node('node:fs/promises');
  const { dirname } = node('node:path');
  await mkdir(dirname(path), { recursive: true });
  const prefix = `${path}.part-${tag === undefined ? '' : keyPart(tag)}-`;
  const part = `${prefix}${uniqueName()}`;
  if (tag !== undefined) await claim(prefix, part);
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
      for (let done = 0; done < chunk.length;) {
        const rest = chunk.length - done;
        done += (await handle.write(chunk, done, rest, size + done)).bytesWritten;
      }
      size += chunk.length;
    },
    async finish() {
      await handle.close();
      await rename(part, path);
      for (const left of await abandoned(`${path}.part-`)) await rm(left, { force: true });
    },
    async close() {
      if (tag === undefined) return drop();
      await handle.close();
      await ifThere(utimes(part, 0, 0)); // For the next to claim at once.
    },
    drop,
  };
}

/**
 * Takes over an abandoned partial file as `part`, if there is one. Of several takers one succeeds.
 */
async function claim(prefix: string, part: string): Promise<void> {
  const { rename, utimes } = node('node:fs/promises');
  for (const left of await abandoned(prefix)) {
    const now = Date.now() / 1000;
    try {
      await utimes(left, now, now); // First: under its new name it must not look abandoned.
      await rename(left, part);
      return;
    } catch {
      // Another took it, or may write here and we may not: then this download starts from nothing.
    }
  }
}

/** The files whose path starts with `prefix` and to which nobody writes. */
async function abandoned(prefix: string): Promise<string[]> {
  const { readdir, stat } = node('node:fs/promises');
  const { dirname, join } = node('node:path');
  const folder = dirname(prefix);
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  const found: string[] = [];
  for (const path of paths.filter((path) => path.startsWith(prefix))) {
    const written = (await ifThere(stat(path)))?.mtimeMs ?? Infinity;
    if (Date.now() - written > ABANDONED) found.push(path);
  }
  return found;
}
