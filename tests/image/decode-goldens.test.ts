// Every file of the PNG and JPEG bundles gives Pillow's pixels, or an error where Pillow gives one.
import { expect, test } from 'vitest';
import { convertRgb, decodeImage, type PixelKernels } from '@siglip-ts/image';
import { foldersWith, readBytes, readJson, sha256, WAYS } from './bundle.ts';

interface Row {
  name: string;
  offset: number;
  length: number;
  pad?: boolean;
  error?: string;
  message?: string;
  mode?: string;
  width?: number;
  height?: number;
  orientation?: number;
  sha256?: string;
  sha256_rgb?: string;
}

/** Errors in Pillow's words. Which of them a file gets may differ where it is wrong in several ways. */
const WORDS =
  /^(cannot identify image file|cannot load this image|Truncated \w+ \w+|image file is truncated|broken data stream|unrecognized data stream|Image size)/;

function outcome(bytes: Uint8Array, row: Row, kernels: PixelKernels | undefined): Partial<Row> {
  try {
    const image = decodeImage(bytes, { truncated: row.pad ? 'pad' : 'error', kernels });
    const { mode, width, height, orientation = 1 } = image;
    const hashes = { sha256: sha256(image.data), sha256_rgb: sha256(convertRgb(image).data) };
    return { mode, width, height, orientation, ...hashes };
  } catch (error) {
    const { message } = error as Error;
    return WORDS.test(message) ? { error: 'in words of Pillow' } : { message };
  }
}

function expected(row: Row): Partial<Row> {
  if (row.error) return { error: 'in words of Pillow' };
  const { mode, width, height, orientation, sha256, sha256_rgb } = row;
  return { mode, width, height, orientation, sha256, sha256_rgb } as Partial<Row>;
}

for (const format of ['png', 'jpeg', 'jpeg-odd']) {
  for (const folder of foldersWith(`${format}.json`)) {
    test.each(WAYS)(`${format} bundle in ${folder.slice(-40)}, $way`, ({ kernels }) => {
      const { files } = readJson<{ files: Row[] }>(folder, `${format}.json`);
      const bundle = readBytes(folder, `${format}.bin`);
      const wrong: unknown[] = [];
      for (const row of files) {
        const bytes = bundle.subarray(row.offset, row.offset + row.length);
        const got = outcome(bytes, row, kernels);
        if (JSON.stringify(got) !== JSON.stringify(expected(row))) {
          wrong.push({ name: row.name, got, expected: expected(row) });
        }
      }
      expect(wrong).toEqual([]);
      expect(files.length).toBeGreaterThan(100);
    });
  }
}
