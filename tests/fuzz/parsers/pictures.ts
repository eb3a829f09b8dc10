// PNG, JPEG and EXIF. A megapixel is the limit: what a file may ask for below it is no growth.
import { convertRgb, decodeImage, exifOrientation, isRawImage } from '@siglip-ts/image';
import { ENGINE } from '../engine-words.ts';
import { mutateExif } from '../mutate/exif.ts';
import { mutateJpeg } from '../mutate/jpeg.ts';
import { mutatePng } from '../mutate/png.ts';
import { fileOf, jsonOf, type Parser } from './parser.ts';

const IMAGES = ['cat-alpha.png', 'camera-1bit.png', 'coffee-palette.png', 'twemoji-pizza.png'];

/** The bundle that fixtures/make/image_bundle.py writes, without what is large. */
function bundled(format: 'png' | 'jpeg'): Uint8Array[] {
  const { files } = jsonOf(`fixtures/image/${format}.json`) as {
    files: { offset: number; length: number }[];
  };
  const all = fileOf(`fixtures/image/${format}.bin`);
  return files
    .filter(({ length }) => length > 0 && length < 30_000)
    .map(({ offset, length }) => all.slice(offset, offset + length));
}

/** Whether a JPEG has a progressive frame, by its markers. */
const isProgressive = (jpeg: Uint8Array): boolean =>
  jpeg.some((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc2);

/** Strict, and else as far as the file goes. */
async function read(bytes: Uint8Array): Promise<string | undefined> {
  for (const truncated of ['error', 'pad'] as const) {
    try {
      const image = decodeImage(bytes, { maxPixels: 1_000_000, truncated });
      if (!isRawImage(image)) return 'no RawImage';
      if (!isRawImage(convertRgb(image))) return 'no RawImage after convertRgb';
      return undefined;
    } catch (error) {
      // Whose words are the engine's is wrong in either mode.
      if (truncated === 'pad' || !(error instanceof Error) || ENGINE.test(error.message))
        throw error;
    }
  }
  return undefined;
}

export const PICTURES: readonly Parser[] = [
  {
    name: 'png',
    seeds: () => [...bundled('png'), ...IMAGES.map((name) => fileOf('fixtures/images', name))],
    mutate: mutatePng,
    read,
  },
  {
    name: 'jpeg-baseline',
    seeds: () => bundled('jpeg').filter((jpeg) => !isProgressive(jpeg)),
    mutate: mutateJpeg,
    read,
  },
  {
    name: 'jpeg-progressive',
    seeds: () => bundled('jpeg').filter(isProgressive),
    mutate: mutateJpeg,
    read,
  },
  {
    name: 'exif',
    seeds: () => {
      const { rows } = jsonOf('fixtures/image/exif.json') as { rows: [hex: string][] };
      return rows.map(([hex]) => new Uint8Array(Buffer.from(hex, 'hex')));
    },
    mutate: mutateExif,
    async read(bytes) {
      const found: unknown = exifOrientation(bytes);
      const isRight = found === undefined || typeof found === 'number';
      return isRight ? undefined : `${typeof found}, no number`;
    },
  },
];
