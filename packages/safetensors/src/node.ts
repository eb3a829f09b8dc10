// A ByteSource over a file on disk, for Node, Deno and Bun. The only file here that needs a runtime, and only when it is
// called: the process is asked for Node's modules and nothing is imported, so that a page can carry it along.
/// <reference types="node" />
/** @module @siglip-ts/safetensors/node */
import type { ByteSource } from './source.ts';

/** Node refuses to read 2 GiB or more in one call. */
const LARGEST_READ = 2 ** 30;

function fs(): typeof import('node:fs') {
  const found = globalThis.process?.getBuiltinModule?.('node:fs');
  if (!found) throw new Error('node:fs: not here, expected Node 20.16 or newer, Deno or Bun');
  return found;
}

/**
 * The file at `path`, for reading ranges of it. It is open only while it is read, so that a model that nobody
 * disposes of holds no file.
 *
 * Throws Node's own errors, such as ENOENT; a read past the end throws "... is truncated", and a read of a file that
 * was written to meanwhile says so.
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const { closeSync, fstatSync, openSync, promises } = fs();
  const first = await promises.stat(path);
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

async function readRange(file: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { read } = fs();
  let done = 0;
  while (done < length) {
    const part = Math.min(length - done, LARGEST_READ);
    const bytesRead = await new Promise<number>((resolve, reject) =>
      read(file, bytes, done, part, offset + done, (error, n) =>
        error ? reject(error) : resolve(n),
      ),
    );
    if (bytesRead === 0) throw new Error(`the file ends at byte ${offset + done}`);
    done += bytesRead;
  }
  return bytes;
}
