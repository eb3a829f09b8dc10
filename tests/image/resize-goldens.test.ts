// Pillow's and torchvision's resizes of random patterns, by hash.
import { describe, expect, test } from 'vitest';
import {
  type Mode,
  type PillowOrder,
  type PixelKernels,
  type ResizeFilter,
  resizePillow,
  resizeTorchvisionBytes,
  resizeTorchvisionFloats,
} from '@siglip-ts/image';
import { foldersWith, readJson, sha256, WAYS } from './bundle.ts';
import { channelsFirst, pattern } from './pattern.ts';

/** mode, height, width, new height, new width, filter, kind of pattern, its seed, hash */
type Case = [string, number, number, number, number, ResizeFilter, string, number, string?];

interface Goldens {
  small: { case: Case; values: number[] };
  cases: Case[];
}

const CHANNELS: Record<string, number> = { L: 1, LA: 2, RGB: 3, RGBA: 4, float: 3 };

function byPillow(
  [mode, h, w, height, width, filter, kind, seed]: Case,
  order: PillowOrder,
  kernels: PixelKernels | undefined,
) {
  const data = pattern(kind, seed, h, w, CHANNELS[mode]!);
  const image = { mode: mode as Mode, width: w, height: h, data };
  return resizePillow(image, { width, height }, { filter, order, kernels }).data;
}

function byTorchvision(
  [mode, h, w, height, width, filter, kind, seed]: Case,
  kernels: PixelKernels | undefined,
) {
  const channels = CHANNELS[mode]!;
  const data = channelsFirst(pattern(kind, seed, h, w, channels), channels);
  const planes = { channels, height: h, width: w };
  if (mode !== 'float')
    return resizeTorchvisionBytes({ data, ...planes }, { width, height }, filter, kernels).data;
  const floats = Float32Array.from(data, (v) => Math.fround(v) / 255);
  return resizeTorchvisionFloats({ data: floats, ...planes }, { width, height }, filter).data;
}

function wrong(cases: Case[], resize: (c: Case) => ArrayBufferView): Case[] {
  return cases.filter((c) => sha256(resize(c)) !== c[8]);
}

describe('Pillow', () => {
  const files: [string, PillowOrder][] = [
    ['resize-pillow.json', 'pillow-13'],
    ['resize-pillow-12.2.json', 'pillow-12.2'],
    ['resize-pillow-12.1.json', 'pillow-12.1'],
  ];
  for (const [file, order] of files) {
    for (const folder of foldersWith(file)) {
      test.each(WAYS)(`${file} in ${folder.slice(-40)}, $way`, ({ kernels }) => {
        const { cases, small } = readJson<Goldens>(folder, file);
        expect([...byPillow(small.case, order, kernels)]).toEqual(small.values);
        expect(wrong(cases, (c) => byPillow(c, order, kernels))).toEqual([]);
      });
    }
  }

  test('modes that need a conversion first are refused', () => {
    const image = { mode: 'P' as const, width: 1, height: 1, data: new Uint8Array(1) };
    expect(() => resizePillow(image, { width: 2, height: 2 })).toThrow(
      'resizePillow: mode P is not resized, convert it to RGB first',
    );
    expect(() => resizePillow({ ...image, mode: 'L' }, { width: 0, height: 2 })).toThrow(
      'height and width must be > 0',
    );
  });
});

describe('torchvision', () => {
  for (const folder of foldersWith('resize-torchvision.json')) {
    test.each(WAYS)(`bytes and floats in ${folder.slice(-40)}, $way`, ({ kernels }) => {
      const { cases, small } = readJson<Goldens>(folder, 'resize-torchvision.json');
      const values = [...byTorchvision(small.case, kernels)];
      values.forEach((value, i) => expect(value).toBeCloseTo(small.values[i]!, 6));
      expect(wrong(cases, (c) => byTorchvision(c, kernels))).toEqual([]);
    });
  }
});
