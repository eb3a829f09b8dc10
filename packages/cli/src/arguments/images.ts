// Pictures named on a command line, as the pipelines load them: upright, in RGB.
import { readRegular } from '@siglip-ts/hub/reading';
import { type AnyImageProcessor, loadImage } from 'siglip-ts';
import { Exit, named } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { type Course, oneByOne } from './many.ts';
import { picturesNamed } from './picture-files.ts';
import { stdinBytes } from './stdin.ts';

export type Picture = Awaited<ReturnType<typeof loadImage>>;

/** What a command says of its pictures, in its help. */
export const PICTURES = 'picture files, folders of them, http(s) addresses, "-": stdin';

/** In bytes, as loadImage's maxBytes. */
const LARGEST = 128 * 2 ** 20;

/** The picture at a path or an http(s) address, or on stdin. Throws Exit with the name in front. */
export async function readPicture(name: string, io: Io): Promise<Picture> {
  try {
    return await loadImage(await sourceOf(name, io), { signal: io.signal });
  } catch (error) {
    throw io.signal.aborted ? error : named(name, error);
  }
}

function sourceOf(name: string, io: Io): string | Promise<Uint8Array> {
  if (name === '-') return stdinBytes(io);
  return /^https?:\/\//i.test(name) ? name : readRegular(name, LARGEST, undefined, io.signal);
}

type Pixels = { readonly shape: readonly number[]; readonly data: Float32Array };

/** Pictures in one tensor, with the names of those that could be read. */
export async function pixelsOf(
  io: Io,
  processor: AnyImageProcessor,
  given: readonly string[],
): Promise<Pixels & { names: readonly string[]; course: Course }> {
  const names: string[] = [];
  const parts: Pixels[] = [];
  const pictures = { what: 'picture', ...(await picturesNamed(io, given)) };
  const read = async (name: string) => {
    const picture = await readPicture(name, io);
    const { pixel_values } = processor(picture, { return_tensors: true });
    const [{ shape } = pixel_values] = parts;
    // Without resizing every picture keeps its size.
    if (String(pixel_values.shape) !== String(shape))
      throw new Exit(
        2,
        `${name}: size [${pixel_values.shape}], expected that of ${names[0]}, [${shape}]`,
      );
    return pixel_values;
  };
  const course = await oneByOne(io, pictures, read, async (name, pixels) => {
    names.push(name);
    parts.push(pixels);
  });
  const [one = { shape: [0], data: new Float32Array() }] = parts;
  const data = new Float32Array(parts.length * one.data.length);
  parts.forEach((part, i) => data.set(part.data, i * one.data.length));
  return { shape: [parts.length, ...one.shape.slice(1)], data, names, course };
}
