// The photos, whole: in fixtures/images, and those that may not be copied where they are at hand.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { convertRgb, decodeImage } from '@siglip-ts/image';
import { FIXTURES, readBytes, readJson, sha256, WAYS } from './bundle.ts';

interface Photo {
  mode: string;
  width: number;
  height: number;
  orientation: number;
  sha256: string;
  sha256_rgb: string;
}

const ELSEWHERE = join(import.meta.dirname, '../../../shared/data/images');
const { files } = readJson<{ files: Record<string, Photo> }>(
  join(FIXTURES, 'image'),
  'photos.json',
);

describe('photos', () => {
  for (const [name, photo] of Object.entries(files)) {
    const folder = [join(FIXTURES, 'images'), ELSEWHERE].find((f) => existsSync(join(f, name)));
    test(name, (context) => {
      if (!folder) return context.skip('the picture may not be copied into this repository');
      for (const { kernels } of WAYS) {
        const image = decodeImage(readBytes(folder, name), { kernels });
        const { mode, width, height, orientation } = image;
        expect({
          mode,
          width,
          height,
          orientation,
          sha256: sha256(image.data),
          sha256_rgb: sha256(convertRgb(image).data),
        }).toEqual(photo);
      }
    });
  }
});
