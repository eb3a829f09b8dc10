// A ByteSource over a file on disk, for Node, Deno and Bun. The only file here that needs a
// runtime.
/// <reference types="node" />
import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ByteSource } from './source.ts';

/** Node refuses to read 2 GiB or more in one call. */
const LARGEST_READ = 2 ** 30;

/**
 * The file at `path`, for reading ranges of it. It is open only while it is read, so that a model that nobody
 * disposes of holds no file.
 *
 * Throws Node's own errors, such as ENOENT; a read past the end throws "... is truncated", and a read of a file that
 * was written to meanwhile says so.
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const first = await stat(path);
  if (!first.isFile()) throw new TypeError(`${path}: not a regular file, expected one`);
  const { size } = first;
  return {
    name: path,
    size,
    async read(offset, length) {
      // Before the allocation: a length out of a hostile header must not reserve memory.
      if (offset < 0 || length < 0 || offset + length > size)
        throw new RangeError(
          `${path} is truncated: it has ${size} bytes, expected ${length} bytes at ${offset}`,
        );
      // Opened at once, so that the read itself is under way when the caller goes on to compute.
      const file = openSync(path, 'r');
      try {
        const now = fstatSync(file);
        if (now.size !== size || now.mtimeMs !== first.mtimeMs)
          throw new Error(
            `${path}: changed since it was opened, from ${size} to ${now.size} bytes`,
          );
        return await readRange(file, offset, length);
      } finally {
        closeSync(file);
      }
    },
  };
}

const readPart = promisify(read);

async function readRange(file: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const part = Math.min(length - done, LARGEST_READ);
    const { bytesRead } = await readPart(file, bytes, done, part, offset + done);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${offset + done}`);
    done += bytesRead;
  }
  return bytes;
}
