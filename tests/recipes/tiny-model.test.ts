// The batches that the default model is trained on, of made-up pictures: the same at every resume, and true.
import { describe, expect, test } from 'vitest';
// @ts-expect-error: the recipe is plain JavaScript
import { openSource } from '../../recipes/tiny-model/source.mjs';

interface Sample {
  pixels: Float32Array;
  target: Int32Array;
  word: string;
  patches?: Int32Array;
  also_true(other: Sample): boolean;
}

const concept = (i: number, key: string, names: string[], categories: string[]) => ({
  concept: i,
  key,
  names,
  more: [],
  categories,
  weight: 1,
  truths: new Set([...names, ...categories]),
});
const concepts = [
  concept(0, 'e:1f431', ['cat face'], ['animal']),
  concept(1, 'e:1f436', ['dog face'], ['animal']),
  concept(2, 'pets:beagle', ['dog'], ['animal']),
  concept(3, 'pets:boxer', ['dog'], ['animal']),
  concept(4, 'e:nothing', ['not drawn'], []),
];
const drawing = new Uint8Array(72 * 72 * 4).fill(200);
const photo = (i: number) => ({ concept: i, pixels: new Uint8Array(80 * 80 * 3).fill(20 * i) });
const options = {
  concepts,
  art: new Map([
    ['e:1f431', [drawing]],
    ['e:1f436', [drawing, drawing]],
    ['e:nothing', []],
  ]),
  photos: [photo(2), photo(2), photo(3)],
  idsOf: (caption: string) => Int32Array.from([...caption].map((c) => c.codePointAt(0)!)),
  whole_from: 2,
};
const open = openSource(options);

describe('batches', async () => {
  const source = open(7);
  const batches: Sample[][] = [];
  for (let i = 0; i < 20; i++) batches.push(await source.take(4));

  test('a resumed run goes on with the same', async () => {
    const resumed = open(7, { epoch: 0, position: 5 });
    const plain = (batch: Sample[]) => batch.map(({ also_true: _, ...rest }) => rest);
    expect(plain(await resumed.take(4))).toEqual(plain(batches[5]!));
    expect(resumed.cursor).toEqual({ epoch: 0, position: 6 });
    expect(plain(await open(8).take(4))).not.toEqual(plain(batches[0]!));
  });

  test('concepts are different, and what has no picture does not come', () => {
    for (const batch of batches) {
      const words = batch.map(({ word }) => word);
      expect(words).not.toContain('not drawn');
      expect(words.filter((word) => word === 'cat face').length).toBeLessThan(2);
    }
  });

  test('a caption that is true of another picture is told, others are not', () => {
    for (const batch of batches)
      for (const image of batch)
        for (const text of batch)
          if (text.word === 'animal') expect(image.also_true(text)).toBe(true);
          else if (text.word === 'cat face') expect(image.also_true(text)).toBe(image === text);
    const dogs = batches.flatMap((batch) => batch.filter(({ word }) => word === 'dog'));
    expect(dogs[0]!.also_true(dogs[1]!)).toBe(true);
  });

  test('half of the patches, in order, until it shall be all', () => {
    for (const { patches } of batches.slice(0, 2).flat()) {
      expect(patches!.length).toBe(32);
      expect(
        patches!.every((patch, i) => patch < 64 && (i === 0 || patch > patches![i - 1]!)),
      ).toBe(true);
    }
    expect(
      batches
        .slice(2)
        .flat()
        .every(({ patches }) => patches === undefined),
    ).toBe(true);
  });

  test('photographed concepts are drawn by the root of how many photos there are', async () => {
    const photos = [...Array.from({ length: 16 }, () => photo(2)), photo(3)]; // 0.8 * (4 + 1), beside two drawn ones
    const source = openSource({ ...options, photos })(7);
    let drawn = 0;
    for (let i = 0; i < 400; i++) {
      const [one] = await source.take(1);
      drawn += +one.also_true({ word: 'dog' }); // both photographed concepts, no other
    }
    expect(Math.abs(drawn / 400 - 4 / 6)).toBeLessThan(0.08);
  });

  test('pixel values are in -1 to 1', () => {
    for (const { pixels } of batches.flat()) {
      expect(pixels.length).toBe(3 * 64 * 64);
      expect(pixels.every((x) => x >= -1 && x <= 1)).toBe(true);
    }
  });
});
