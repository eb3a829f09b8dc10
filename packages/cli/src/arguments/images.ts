// Pictures named on a command line, as the pipelines load them: upright, in RGB.
import { readFile } from 'node:fs/promises';
import { type AnyImageProcessor, loadImage } from 'siglip-ts';
import { Exit, reasonOf } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { withProgress } from '../terminal/progress.ts';
import { stdinBytes } from './stdin.ts';

export type Picture = Awaited<ReturnType<typeof loadImage>>;

/** What a command says of its pictures, in its help. */
export const PICTURES = 'picture files, http(s) addresses, or "-" for stdin';

/** The picture at a path or an http(s) address, or on stdin. Throws Exit with the name in front. */
export async function readPicture(name: string, io: Io): Promise<Picture> {
  try {
    return await loadImage(await sourceOf(name, io), { signal: io.signal });
  } catch (error) {
    if (error instanceof Exit || io.signal.aborted) throw error;
    // Without the path: it is the name.
    const { code, message } = error as NodeJS.ErrnoException;
    const shown = name === '-' ? 'stdin' : name;
    const reason = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
    throw new Exit(2, `${shown}: ${reasonOf({ code, message: reason })}`);
  }
}

function sourceOf(name: string, io: Io): string | Promise<Uint8Array> {
  if (name === '-') return stdinBytes(io);
  return /^https?:\/\//i.test(name) ? name : readFile(name);
}

/** All pictures in one tensor; the first bad one ends it. */
export async function pixelsOf(io: Io, processor: AnyImageProcessor, images: readonly string[]) {
  const parts: { shape: readonly number[]; data: Float32Array }[] = [];
  await withProgress(io, images, async (name) => {
    const { pixel_values } = processor(await readPicture(name, io), { return_tensors: true });
    parts.push(pixel_values);
  });
  const one = parts[0]!;
  const data = new Float32Array(parts.length * one.data.length);
  parts.forEach((part, i) => {
    // Without resizing every picture keeps its size.
    if (String(part.shape) !== String(one.shape))
      throw new Exit(
        2,
        `${images[i]}: size [${part.shape}], expected that of ${images[0]}, [${one.shape}]`,
      );
    data.set(part.data, i * one.data.length);
  });
  return { shape: [parts.length, ...one.shape.slice(1)], data };
}
