// Resizes against the formula, written out slowly and in exact integers; and what must hold for any filter.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type RawImage,
  type ResizeFilter,
  resizePillow,
  resizeTorchvisionBytes,
  resizeTorchvisionFloats,
} from '@siglip-ts/image';

const side = fc.integer({ min: 1, max: 24 });
const filters = fc.constantFrom<ResizeFilter>('bilinear', 'bicubic');

function grayOf(width: number, height: number, values: (i: number) => number): RawImage {
  const data = Uint8Array.from({ length: width * height }, (_, i) => values(i));
  return { mode: 'L', width, height, data };
}

const grays = fc
  .tuple(side, side, fc.infiniteStream(fc.integer({ min: 0, max: 255 })))
  .map(([w, h, stream]) => grayOf(w, h, () => stream.next().value as number));

/** Keys' cubic, a = -1/2, or the triangle. */
function kernel(filter: ResizeFilter, x: number): number {
  const d = Math.abs(x);
  if (filter === 'bilinear') return Math.max(0, 1 - d);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * -0.5 : 0;
}

/** One line in BigInt: every weight as a 22-bit integer, rounded half away from zero. */
function lineExact(line: number[], size: number, filter: ResizeFilter): number[] {
  const scale = line.length / size;
  const stretch = Math.max(1, scale);
  const support = (filter === 'bicubic' ? 2 : 1) * stretch;
  return Array.from({ length: size }, (_, i) => {
    const center = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(line.length, Math.trunc(center + support + 0.5));
    const inputs = line.slice(from, to);
    const weights = inputs.map((_, j) => kernel(filter, (j + from - center + 0.5) * (1 / stretch)));
    const total = weights.reduce((sum, w) => sum + w, 0);
    const whole = weights.map((w) => {
      const x = (w / total) * 2 ** 22;
      return BigInt(Math.trunc(x < 0 ? x - 0.5 : x + 0.5));
    });
    const sum = inputs.reduce((s, value, j) => s + BigInt(value) * whole[j]!, 1n << 21n) >> 22n;
    return Number(sum < 0n ? 0n : sum > 255n ? 255n : sum);
  });
}

function transposed(rows: number[][]): number[][] {
  return rows[0]!.map((_, x) => rows.map((row) => row[x]!));
}

function slowly(image: RawImage, width: number, height: number, filter: ResizeFilter): number[] {
  const across = (rows: number[][]) =>
    width === image.width ? rows : rows.map((row) => lineExact(row, width, filter));
  const down = (rows: number[][]) =>
    height === image.height
      ? rows
      : transposed(transposed(rows).map((column) => lineExact(column, height, filter)));
  const rows = Array.from({ length: image.height }, (_, y) => [
    ...image.data.subarray(y * image.width, (y + 1) * image.width),
  ]);
  const lost = image.height - height;
  const downFirst = lost > 0 && lost > 2 * (image.width - width);
  return (downFirst ? across(down(rows)) : down(across(rows))).flat();
}

describe('resizePillow', () => {
  test('equals the formula in exact integers', () => {
    fc.assert(
      fc.property(grays, side, side, filters, (image, width, height, filter) => {
        const { data } = resizePillow(image, { width, height }, { filter });
        expect([...data]).toEqual(slowly(image, width, height, filter));
      }),
      { numRuns: 150 },
    );
  });

  test('three channels are three pictures', () => {
    fc.assert(
      fc.property(grays, side, side, filters, (image, width, height, filter) => {
        const planes = [0, 85, 170].map((add) => image.data.map((v) => (v + add) & 255));
        const data = Uint8Array.from(
          { length: image.data.length * 3 },
          (_, i) => planes[i % 3]![Math.floor(i / 3)]!,
        );
        const rgb = resizePillow({ ...image, mode: 'RGB', data }, { width, height }, { filter });
        planes.forEach((plane, c) => {
          const alone = resizePillow({ ...image, data: plane }, { width, height }, { filter });
          expect([...alone.data]).toEqual([...rgb.data].filter((_, i) => i % 3 === c));
        });
      }),
      { numRuns: 60 },
    );
  });

  test('one colour stays that colour, with any alpha but none', () => {
    const byte = fc.integer({ min: 1, max: 255 });
    fc.assert(
      fc.property(side, side, side, side, byte, filters, (w, h, width, height, value, filter) => {
        const flat = resizePillow(
          grayOf(w, h, () => value),
          { width, height },
          { filter },
        );
        expect(new Set(flat.data)).toEqual(new Set([value]));
        const data = Uint8Array.from({ length: w * h * 4 }, (_, i) => (i % 4 === 3 ? 255 : value));
        const rgba = { mode: 'RGBA' as const, width: w, height: h, data };
        const { data: out } = resizePillow(rgba, { width, height }, { filter });
        expect(out.every((v, i) => v === (i % 4 === 3 ? 255 : value))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('the same size is a copy', () => {
    const image = grayOf(3, 2, (i) => i);
    const same = resizePillow(image, image);
    expect(same.data).toEqual(image.data);
    expect(same.data).not.toBe(image.data);
  });
});

describe('torchvision', () => {
  test('is within 2 levels of Pillow, in the same order of passes', () => {
    fc.assert(
      fc.property(grays, side, side, filters, (image, width, height, filter) => {
        const order = 'pillow-12.1' as const;
        const pillow = resizePillow(image, { width, height }, { filter, order }).data;
        const planes = { ...image, data: image.data as Uint8Array, channels: 1 };
        const torch = resizeTorchvisionBytes(planes, { width, height }, filter).data;
        torch.forEach((v, i) => expect(Math.abs(v - pillow[i]!)).toBeLessThanOrEqual(2));
      }),
      { numRuns: 100 },
    );
  });

  test('float32 is float64, less its rounding', () => {
    fc.assert(
      fc.property(grays, side, side, filters, (image, width, height, filter) => {
        const size = { width, height };
        const planes = { width: image.width, height: image.height, channels: 1 };
        const single = { ...planes, data: Float32Array.from(image.data, (v) => v / 255) };
        const double = { ...planes, data: new Float64Array(single.data) };
        const a = resizeTorchvisionFloats(single, size, filter).data;
        const b = resizeTorchvisionFloats(double, size, filter).data;
        a.forEach((v, i) => expect(Math.abs(v - b[i]!)).toBeLessThan(3e-6));
      }),
      { numRuns: 60 },
    );
  });
});
