// Turning pictures upright: the eight orientations are the symmetries of a square, and Pillow's.
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeImage, exifOrientation, exifTranspose, type RawImage } from '@siglip-ts/image';
import { FIXTURES, readBytes, readJson } from './bundle.ts';

const image = (orientation: number): RawImage => ({
  mode: 'L',
  width: 3,
  height: 2,
  data: Uint8Array.of(1, 2, 3, 4, 5, 6),
  orientation,
});

test('equals Pillow on 3x2', () => {
  // ImageOps.exif_transpose of [[1, 2, 3], [4, 5, 6]] with each orientation.
  const turned: Record<number, number[][]> = {
    0: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    1: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    2: [
      [3, 2, 1],
      [6, 5, 4],
    ],
    3: [
      [6, 5, 4],
      [3, 2, 1],
    ],
    4: [
      [4, 5, 6],
      [1, 2, 3],
    ],
    5: [
      [1, 4],
      [2, 5],
      [3, 6],
    ],
    6: [
      [4, 1],
      [5, 2],
      [6, 3],
    ],
    7: [
      [6, 3],
      [5, 2],
      [4, 1],
    ],
    8: [
      [3, 6],
      [2, 5],
      [1, 4],
    ],
    9: [
      [1, 2, 3],
      [4, 5, 6],
    ],
  };
  for (const [orientation, rows] of Object.entries(turned)) {
    const { width, height, data } = exifTranspose(image(Number(orientation)));
    expect([...data]).toEqual(rows.flat());
    expect([height, width]).toEqual([rows.length, rows[0]!.length]);
  }
});

/** The orientation that undoes each: quarter turns undo each other, all else undoes itself. */
const INVERSE = [0, 1, 2, 3, 4, 5, 8, 7, 6];

test('group laws', () => {
  const orientations = fc.integer({ min: 1, max: 8 });
  const turn = (picture: RawImage, orientation: number) =>
    exifTranspose({ ...picture, orientation });
  const key = ({ width, height, data }: RawImage) => `${width}x${height}:${data.join()}`;
  fc.assert(
    fc.property(orientations, orientations, (a, b) => {
      const start = image(1);
      expect(key(turn(turn(start, a), INVERSE[a]!))).toBe(key(start));
      const both = key(turn(turn(start, a), b));
      const single = [1, 2, 3, 4, 5, 6, 7, 8].filter((c) => key(turn(start, c)) === both);
      expect(single).toHaveLength(1);
    }),
  );
});

test('all channels of a pixel move together', () => {
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const rgb = exifTranspose({ mode: 'RGB', width: 2, height: 1, data, orientation: 2 });
  expect([...rgb.data]).toEqual([4, 5, 6, 1, 2, 3]);
  expect(rgb.orientation).toBe(1);
});

test('a photo lies on its side until it is turned', () => {
  const photo = decodeImage(readBytes(FIXTURES, 'images', 'coffee-exif6.jpg'));
  expect([photo.width, photo.height, photo.orientation]).toEqual([200, 300, 6]);
  const upright = exifTranspose(photo);
  expect([upright.width, upright.height, upright.orientation]).toEqual([300, 200, 1]);
});

test('EXIF of more than 64 kB comes in several segments', () => {
  const photo = readBytes(FIXTURES, 'images', 'coffee-exif6.jpg');
  const filler = new Uint8Array(65535);
  filler.set([0xff, 0xe1, 0xff, 0xfd, 0x45, 0x78, 0x69, 0x66, 0, 0]);
  const frame = photo.findIndex((byte, i) => byte === 0xff && photo[i + 1] === 0xdb);
  const parts = [photo.subarray(0, frame), filler, filler, filler, photo.subarray(frame)];
  const { orientation } = decodeImage(new Uint8Array(Buffer.concat(parts)));
  expect(orientation).toBe(6);
});

test('the bundles hold every place an orientation can stand in', () => {
  const { files } = readJson<{ files: { name: string; orientation?: number }[] }>(
    `${FIXTURES}/image`,
    'png.json',
  );
  const found = files.filter(({ name }) => name.startsWith('exif-')).map((f) => f.orientation);
  expect(new Set(found).size).toBe(10);
});

test('leaves the picture alone, also one in a Buffer, whose slice() is no copy', () => {
  const turned = exifTranspose(image(6)).data;
  const data = Buffer.from([1, 2, 3, 4, 5, 6]);
  expect([...exifTranspose({ ...image(6), data }).data]).toEqual([...turned]);
  expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('odd EXIF blocks say what Pillow reads in them', () => {
  const { rows } = readJson<{ rows: [hex: string, orientation: number | 'none' | 'other'][] }>(
    join(FIXTURES, 'image'),
    'exif.json',
  );
  const found = rows.map(([hex]) => {
    const orientation = exifOrientation(Uint8Array.from(Buffer.from(hex, 'hex')));
    if (orientation === undefined) return 'none';
    return [1, 2, 3, 4, 5, 6, 7, 8].includes(orientation) ? orientation : 'other';
  });
  const wrong = rows.filter(([, expected], i) => found[i] !== expected);
  expect(wrong).toEqual([]);
  expect(rows.length).toBe(624);
});
