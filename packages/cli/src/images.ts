// Pictures named on a command line, as the pipelines load them: upright, in RGB.
import { readFile } from 'node:fs/promises';
import { loadImage, type SiglipImageProcessor, type SiglipImageProcessorFast } from 'siglip-ts';
import { Exit, reasonOf } from './errors.ts';
import type { Io } from './io.ts';
import { withProgress } from './progress.ts';

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

/** All pictures in one tensor; the first bad one ends it. */
export async function pixelsOf(
  io: Io,
  processor: SiglipImageProcessor | SiglipImageProcessorFast,
  images: readonly string[],
) {
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
