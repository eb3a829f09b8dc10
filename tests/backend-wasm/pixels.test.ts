// The kernels for pictures against image's own loops on random values, where they decline, and the file they come in.
// Whole pictures with them are in tests/image.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pixelKernels } from '@siglip-ts/backend-wasm/pixels';
import { pixelModule } from '../../packages/backend-wasm/src/pixels/module.ts';
import { KERNELS } from '../../packages/backend-wasm/src/pixels/pixels-bytes.ts';
import { fromText, toText } from '../../packages/backend-wasm/src/text-bytes.ts';
import { inverseDct } from '../../packages/image/src/decode/jpeg/idct.ts';
import { resizeAcross, resizeDown } from '../../packages/image/src/resize/passes.ts';
import { axisWeights, quantized } from '../../packages/image/src/resize/weights.ts';

const path = createRequire(import.meta.url).resolve('@siglip-ts/backend-wasm/pixels.wasm');
const file = new Uint8Array(readFileSync(path));
const kernels = pixelKernels()!;

test('bytes as text are the same bytes again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(fromText(toText(bytes))).toEqual(bytes);
    }),
  );
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(fromText(toText(all))).toEqual(all);
});

describe('the file', () => {
  test('is what the sources make, as are the bytes; `npm run build:kernels` writes both', () => {
    expect(Buffer.compare(file, pixelModule()), 'wasm/pixels.wasm is not up to date').toBe(0);
    expect(Buffer.compare(fromText(KERNELS), file)).toBe(0);
    expect(file.length).toBeLessThanOrEqual(3500);
  });

  test('computes, passed as a module', async () => {
    const out = new Uint8Array(3);
    const gray = Uint8Array.of(7);
    const passed = pixelKernels(await WebAssembly.compile(file))!;
    expect(passed.yccToRgb(gray, Uint8Array.of(128), Uint8Array.of(128), out)).toBe(true);
    expect(out).toEqual(Uint8Array.of(7, 7, 7));
  });

  test('without WebAssembly there are none', () => {
    const { WebAssembly: real } = globalThis;
    Reflect.deleteProperty(globalThis, 'WebAssembly');
    try {
      expect(pixelKernels()).toBeUndefined();
    } finally {
      globalThis.WebAssembly = real;
    }
  });
});

describe('the same bits as the loops', () => {
  /** Coefficients from hardly any to absurd ones, in one to five blocks. */
  const blocks = fc
    .record({
      count: fc.integer({ min: 1, max: 5 }),
      size: fc.constantFrom(10, 300, 32767),
      from: fc.constantFrom(0, 1, 8),
      to: fc.constantFrom(1, 8, 12, 64),
      values: fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
    })
    .map(({ count, size, from, to, values }) =>
      Int16Array.from({ length: 64 * count }, (_, i) =>
        i % 64 >= from && i % 64 < to ? size * (values.next().value as number) : 0,
      ),
    );
  const steps = fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 64, maxLength: 64 });
  const small = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 64, maxLength: 64 });

  test('inverse DCT', () => {
    fc.assert(
      fc.property(blocks, fc.oneof(small, steps), (coefficients, table) => {
        const quant = Uint16Array.from(table);
        const expected = new Uint8Array(coefficients.length);
        for (let x = 0; x < coefficients.length / 64; x++)
          inverseDct(coefficients, x * 64, quant, expected, x * 8, coefficients.length / 8);
        const samples = new Uint8Array(coefficients.length);
        expect(kernels.inverseDct(coefficients, quant, samples)).toBe(true);
        expect(Buffer.compare(samples, expected)).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  const side = fc.integer({ min: 1, max: 70 });
  const bytes = fc.infiniteStream(fc.integer({ min: 0, max: 255 }));

  test('both passes of a resize', () => {
    const passes = [
      { resize: resizeAcross, from: 'width' },
      { resize: resizeDown, from: 'height' },
    ] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...passes),
        fc.record({ width: side, height: side, channels: fc.constantFrom(1, 2, 3, 4), bytes }),
        side,
        fc.constantFrom('bilinear' as const, 'bicubic' as const),
        fc.constantFrom(12, 15, 22),
        ({ resize, from }, { bytes, ...shape }, size, filter, bits) => {
          const length = shape.width * shape.height * shape.channels;
          const data = Uint8Array.from({ length }, () => bytes.next().value as number);
          const axis = quantized(axisWeights(shape[from], size, filter), bits);
          const expected = resize({ ...shape, data }, axis, bits).data;
          const got = resize({ ...shape, data }, axis, bits, kernels).data;
          expect(Buffer.compare(got, expected)).toBe(0);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('a picture in several strips', () => {
    const shape = { width: 3000, height: 40, channels: 3 };
    const data = Uint8Array.from({ length: 360_000 }, (_, i) => (i * i) >> 3);
    for (const [resize, from, to] of [
      [resizeAcross, 3000, 2000],
      [resizeDown, 40, 90],
    ] as const) {
      const axis = quantized(axisWeights(from, to, 'bicubic'), 22);
      const expected = resize({ ...shape, data }, axis, 22).data;
      expect(Buffer.compare(resize({ ...shape, data }, axis, 22, kernels).data, expected)).toBe(0);
    }
  });
});

describe('they decline', () => {
  const axis = quantized(axisWeights(4, 2, 'bilinear'), 22);
  test.each([
    ['two channels', { width: 4, height: 1, channels: 2, data: new Uint8Array(8) }],
    [
      'less data than the size asks for',
      { width: 4, height: 2, channels: 3, data: new Uint8Array(9) },
    ],
  ])('%s', (_, image) => {
    const out = new Uint8Array(2 * image.height * image.channels);
    expect(kernels.resizeAcross(image, axis, 22, out)).toBe(false);
  });

  test('a row of more than their 16 MiB, without growing to it', () => {
    const width = 1 << 24;
    const data = new Uint8Array(width);
    const wide = quantized(axisWeights(width, 1, 'bilinear'), 22);
    const own = pixelKernels()!;
    const before = process.memoryUsage().rss;
    expect(own.resizeAcross({ data, width, height: 1, channels: 1 }, wide, 22, data)).toBe(false);
    expect(own.resizeDown({ data, width, height: 1, channels: 1 }, wide, 22, data)).toBe(false);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  test('lengths that do not fit', () => {
    const [two, three] = [new Uint8Array(2), new Uint8Array(3)];
    expect(kernels.upsample(two, three, new Uint8Array(4), 7)).toBe(false);
    expect(kernels.upsample(two, two, three, 7)).toBe(false);
    expect(kernels.yccToRgb(two, two, new Uint8Array(1), new Uint8Array(6))).toBe(false);
    expect(kernels.inverseDct(new Int16Array(64), new Uint16Array(3), new Uint8Array(64))).toBe(
      false,
    );
  });
});
