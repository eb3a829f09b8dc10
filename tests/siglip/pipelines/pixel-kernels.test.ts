// Who passes image its kernels: loadImage and fromPretrained, unless told otherwise, and only where there are any.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { PixelKernels, TypedImage } from '@siglip-ts/image';
import { loadImage, SiglipImageProcessor, SiglipImageProcessorFast } from 'siglip-ts';

const jpeg = new Uint8Array(
  readFileSync(join(import.meta.dirname, '../../../fixtures/images/cat.jpg')),
);
const files = new Map([['preprocessor_config.json', new TextEncoder().encode('{}')]]);

/** Byte by byte, for toEqual takes seconds on a picture. */
const same = (a: ArrayBufferView, b: ArrayBufferView) =>
  Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

/** Kernels that decline everything, and how often they were asked. */
function declining() {
  const asked: string[] = [];
  const ask = (name: string) => () => asked.push(name) < 0;
  const names = ['inverseDct', 'upsample', 'yccToRgb', 'resizeAcross', 'resizeDown'] as const;
  const kernels: PixelKernels = Object.fromEntries(names.map((n) => [n, ask(n)])) as never;
  return { kernels, asked };
}

test('loadImage takes those it is given, and pictures are the same with them, with its own and without', async () => {
  const { kernels, asked } = declining();
  const image = await loadImage(jpeg, { kernels });
  expect(asked).toContain('inverseDct');
  expect(same((await loadImage(jpeg)).data, image.data)).toBe(true);
  expect(same((await loadImage(jpeg, { kernels: undefined })).data, image.data)).toBe(true);
});

/** Private fields of the processors. */
const kernelsOf = (p: object): unknown =>
  Reflect.get(p, 'kernels') ?? Reflect.get(Reflect.get(p, 'how') ?? {}, 'kernels');

test.each([SiglipImageProcessor, SiglipImageProcessorFast])(
  'fromPretrained has them',
  async (kind) => {
    const processor = await kind.fromPretrained(files);
    expect(kernelsOf(processor)).toBeDefined();
    const image = await loadImage(jpeg);
    const plain = new kind({ resample: 3 });
    expect(kernelsOf(plain)).toBeUndefined();
    const [a, b] = [processor, plain].map((p) => p.call(image).pixel_values as TypedImage[]);
    expect(same(a![0]!.data, b![0]!.data)).toBe(true);
  },
);

test('without WebAssembly there are none, and nobody minds', async () => {
  vi.resetModules();
  vi.stubGlobal('WebAssembly', undefined);
  try {
    const { pixelKernels } =
      await import('../../../packages/siglip/src/processing/pictures/pixel-kernels.ts');
    expect(pixelKernels()).toBeUndefined();
  } finally {
    vi.unstubAllGlobals();
  }
});
