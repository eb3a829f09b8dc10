// A ByteSource over a file on disk, for Node, Deno and Bun. The only file here that needs a
// runtime.
/// <reference types="node" />
import { open } from 'node:fs/promises';
import type { ByteSource } from './source.ts';

/** Node refuses to read 2 GiB or more in one call. */
const LARGEST_READ = 2 ** 30;

/**
 * Opens the file at `path` for reading ranges of it. It stays open until `close()`.
 *
 * Throws Node's own errors, such as ENOENT; a read past the end throws "... is truncated".
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r');
  let size: number;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new TypeError(`${path}: not a regular file, expected one`);
    size = stat.size;
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    name: path,
    size,
    async read(offset, length) {
      // Before the allocation: a length out of a hostile header must not reserve memory.
      if (offset < 0 || length < 0 || offset + length > size)
        throw new RangeError(
          `${path} is truncated: it has ${size} bytes, expected ${length} bytes at ${offset}`,
        );
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const part = Math.min(length - done, LARGEST_READ);
        const { bytesRead } = await handle.read(bytes, done, part, offset + done);
        if (bytesRead === 0)
          throw new Error(
            `${path} is truncated: it ends at byte ${offset + done}, expected ${size} bytes`,
          );
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}
