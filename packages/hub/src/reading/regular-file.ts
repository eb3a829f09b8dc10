// A file on disk, read whole: a regular one, of at most so many bytes. Not a device, which may have no end, nor a FIFO, which
// may have no writer. Parts of large files are fileSource's matter.
import { node } from '../runtime/node.ts';
import { tooMuch } from './body.ts';

/** Also how often an abort is looked for. */
const PIECE = 2 ** 24;

/**
 * The bytes of the file at `path`; `option` is what sets `limit`, if any does. Throws Node's own errors, such as ENOENT, TypeError for
 * what is no file, and RangeError for one that is too large.
 */
export async function readRegular(
  path: string | URL,
  limit: number,
  option?: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { constants, open, stat } = node('node:fs/promises');
  expectRegular(path, await stat(path));
  // If it has become a FIFO meanwhile, nobody waits for its writer.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const now = await file.stat();
    expectRegular(path, now);
    if (now.size > limit) throw named(path, tooMuch(now.size, limit, option));
    // One byte more than there should be shows the end; files of /proc say that they have none.
    let bytes = new Uint8Array(now.size + 1);
    for (let size = 0; ;) {
      signal?.throwIfAborted();
      const room = Math.min(PIECE, bytes.length - size);
      const { bytesRead } = await file.read(bytes, size, room, null);
      if (bytesRead === 0) return bytes.subarray(0, size);
      size += bytesRead;
      if (size > limit) throw named(path, tooMuch(undefined, limit, option));
      if (size === bytes.length) bytes = larger(bytes);
    }
  } finally {
    await file.close();
  }
}

/** What is used of Node's Stats. */
interface Found {
  isFile(): boolean;
  isDirectory(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

/** Throws TypeError for what is no regular file; a folder with the code that Node gives it. */
function expectRegular(path: string | URL, found: Found): void {
  if (found.isFile()) return;
  if (found.isDirectory())
    throw Object.assign(named(path, new TypeError('a folder, expected a file')), {
      code: 'EISDIR',
    });
  const kind = found.isFIFO() ? 'a FIFO' : found.isSocket() ? 'a socket' : 'a device';
  throw named(path, new TypeError(`${kind}, expected a regular file`));
}

function named<E extends Error>(path: string | URL, error: E): E {
  error.message = `${String(path)}: ${error.message}`;
  return error;
}

function larger(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(Math.max(2 * bytes.length, 2 ** 16));
  more.set(bytes);
  return more;
}
