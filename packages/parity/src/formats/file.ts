// Reading a whole file of a dump. A dump comes from others: what is no regular file (a device, a pipe) would never end.
import { open, readFile, stat } from 'node:fs/promises';

/** Throws with the path for what is not a regular file. */
export async function readBytes(path: string): Promise<Uint8Array> {
  await expectRegular(path);
  return readFile(path);
}

export async function expectRegular(path: string): Promise<void> {
  if (!(await stat(path)).isFile()) throw new Error(`${path}: not a regular file, expected one`);
}

/** The first bytes, or fewer if there are no more. */
export async function firstBytes(path: string, count: number): Promise<Uint8Array> {
  await expectRegular(path);
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
