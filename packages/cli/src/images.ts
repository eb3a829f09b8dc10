// Pictures named on a command line, as the pipelines load them: upright, in RGB.
import { readFile } from 'node:fs/promises';
import { loadImage } from 'siglip-ts';
import { Exit, reasonOf } from './errors.ts';
import type { Io } from './io.ts';

export type Picture = Awaited<ReturnType<typeof loadImage>>;

/** The picture at a path or an http(s) address. Throws Exit with the name in front. */
export async function readPicture(name: string, io: Io): Promise<Picture> {
  try {
    const source = /^https?:\/\//.test(name) ? name : await readFile(name);
    return await loadImage(source, { signal: io.signal });
  } catch (error) {
    // Without the path: it is the name.
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Exit(2, `${name}: ${reasonOf({ code, message })}`);
  }
}
