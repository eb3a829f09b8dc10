// Bad input: decoders return or throw an Error, soon, and allocate nothing that the input does not justify.
import { join } from 'node:path';
import fc from 'fast-check';
import { zlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import {
  decodeImage,
  decodeImageAsync,
  type DecodeImageOptions,
  decodeJpeg,
  decodePng,
  isRawImage,
} from '@siglip-ts/image';
import { FIXTURES, readBytes, readJson, sha256, WAYS } from './bundle.ts';

const SMALL = { maxPixels: 100_000 };

function attempt(bytes: Uint8Array): void {
  for (const truncated of ['error', 'pad'] as const) {
    const [loops, fast] = WAYS.map(({ kernels }) => outcome(bytes, { truncated, kernels }));
    expect(fast).toEqual(loops);
  }
}

/** The picture's hash, or the error's words. */
function outcome(bytes: Uint8Array, options: DecodeImageOptions): string {
  try {
    const image = decodeImage(bytes, { ...SMALL, ...options });
    expect(isRawImage(image)).toBe(true);
    return sha256(image.data);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toMatch(/^(cannot|Truncated|image file|broken|unrecognized|Image size)/);
    return message;
  }
}

function files(format: string): Uint8Array[] {
  const folder = join(FIXTURES, 'image');
  const { files } = readJson<{ files: { offset: number; length: number }[] }>(
    folder,
    `${format}.json`,
  );
  const all = readBytes(folder, `${format}.bin`);
  return files.map(({ offset, length }) => all.slice(offset, offset + length));
}

describe('mutated files', () => {
  for (const format of ['png', 'jpeg']) {
    test(format, () => {
      const originals = files(format).filter((file) => file.length > 0);
      const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
        maxLength: 12,
      });
      fc.assert(
        fc.property(fc.constantFrom(...originals), edits, fc.nat(), (original, changes, cut) => {
          const bytes = original.slice(0, cut % 3 === 0 ? cut % original.length : original.length);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          attempt(bytes);
        }),
        { numRuns: 1500 },
      );
    });
  }

  test('any bytes behind a signature', () => {
    const heads = [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], [0xff, 0xd8, 0xff], []];
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), (head, rest) =>
        attempt(Uint8Array.of(...head, ...rest)),
      ),
      { numRuns: 500 },
    );
  });
});

/** A chunk with a CRC that nobody checks: only those before IDAT count, and these tests end there. */
function pngOf(width: number, height: number, idat: Uint8Array): Uint8Array {
  const good = files('png').find((file) => file.length > 100)!;
  const header = good.slice(0, 33);
  const view = new DataView(header.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  header.set([8, 2, 0, 0, 0], 24);
  view.setUint32(29, crc32(header.subarray(12, 29)));
  const chunk = new Uint8Array(12 + idat.length);
  new DataView(chunk.buffer).setUint32(0, idat.length);
  chunk.set([0x49, 0x44, 0x41, 0x54], 4);
  chunk.set(idat, 8);
  const end = [0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0, 0, 0, 0];
  return new Uint8Array(Buffer.concat([header, chunk, Uint8Array.from(end)]));
}

function crc32(data: Uint8Array): number {
  let crc = -1;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe('sizes', () => {
  test('a header of 50000x50000 fails at once', () => {
    const start = performance.now();
    const bytes = pngOf(50000, 50000, new Uint8Array(0));
    expect(() => decodeImage(bytes)).toThrow(
      new RangeError(
        'Image size (2500000000 pixels) exceeds limit of 178956970 pixels, ' +
          'could be decompression bomb DOS attack.',
      ),
    );
    expect(performance.now() - start).toBeLessThan(500);
  });

  test('maxPixels is the limit that is asked for', () => {
    const bytes = pngOf(10, 10, zlibSync(new Uint8Array(310)));
    expect(decodeImage(bytes, { maxPixels: 100 }).width).toBe(10);
    expect(() => decodeImage(bytes, { maxPixels: 99 })).toThrow('exceeds limit of 99 pixels');
  });

  test('a large header with little behind it allocates no picture', () => {
    const before = process.memoryUsage().arrayBuffers;
    const bytes = pngOf(13000, 13000, zlibSync(new Uint8Array(100)));
    expect(() => decodeImage(bytes)).toThrow('image file is truncated');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2e6); // seen: 0.9 MB
  });

  test('so does a large JPEG header', () => {
    const jpeg = readBytes(FIXTURES, 'images', 'cat.jpg').slice(0, 4000);
    const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
    new DataView(jpeg.buffer).setUint32(frame + 5, (13000 << 16) | 13000);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decodeImage(jpeg)).toThrow('jpeg: 4000 bytes cannot hold 13000x13000 pixels');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(0.5e6); // seen: 65 kB
  });

  test('a stream that unpacks to far more than the picture stops early', () => {
    const bytes = pngOf(4, 4, zlibSync(new Uint8Array(2 ** 26), { level: 9 }));
    const before = process.memoryUsage().arrayBuffers;
    expect(decodeImage(bytes).width).toBe(4);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(45e6); // seen: 22 MB
  });

  test('a limit that is no number limits nothing, and is refused', () => {
    const png = readBytes(FIXTURES, 'images', 'twemoji-rocket.png');
    const jpeg = readBytes(FIXTURES, 'images', 'cat.jpg');
    for (const name of ['maxPixels', 'maxScanSamples', 'maxTextChunk', 'maxTextMemory'])
      for (const value of [NaN, -1, '9', {}, null])
        for (const decode of [decodeImage, decodePng, decodeJpeg])
          expect(() => decode(decode === decodeJpeg ? jpeg : png, { [name]: value })).toThrow(`${name}: `); // prettier-ignore
    expect(() => decodeImage(png, { truncated: 'PAD' as 'pad' })).toThrow('truncated: "PAD", expected "error" or "pad"'); // prettier-ignore
    expect(decodeImage(png, { maxPixels: Infinity }).width).toBe(320);
  });

  test('scans are counted by what they pass over', () => {
    const jpeg = readBytes(FIXTURES, 'images', 'coffee-progressive.jpg');
    const { width, height, data } = decodeImage(jpeg);
    const end = jpeg.length - 2;
    const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 1, 0x10]; // refines coefficient 1: no data needed
    const scans = Uint8Array.from(new Array(600).fill(scan).flat());
    const many = new Uint8Array(Buffer.concat([jpeg.subarray(0, end), scans, jpeg.subarray(end)]));
    expect(decodeImage(many).data).toHaveLength(data.length);
    for (const truncated of ['error', 'pad'] as const) {
      const limits = { maxScanSamples: 500 * width * height, truncated };
      const refused = /^jpeg: \d+ scans or more of \d+x\d+ pixels exceed the limit maxScanSamples$/;
      expect(() => decodeImage(many, limits)).toThrow(refused);
      expect(() => decodeImage(many, limits)).toThrow(RangeError);
      expect(decodeImage(jpeg, limits).data).toEqual(data);
    }
  });
});

describe('JPEG', () => {
  const cat = readBytes(FIXTURES, 'images', 'cat.jpg');
  const frame = cat.findIndex((byte, i) => byte === 0xff && cat[i + 1] === 0xc0);

  test.each(['error', 'pad'] as const)(
    'lossless coding is refused by name, truncated: %s',
    (mode) => {
      const lossless = cat.slice();
      lossless[frame + 1] = 0xc3;
      expect(() => decodeImage(lossless, { truncated: mode })).toThrow('jpeg: lossless coding');
    },
  );

  test('what is wrong behind a whole picture leaves it, with pad only', () => {
    const more = new Uint8Array(Buffer.concat([cat.subarray(0, -2), Uint8Array.of(0xff, 0x4c)]));
    expect(() => decodeImage(more)).toThrow('jpeg: unsupported marker 0x4c');
    expect(sha256(decodeImage(more, { truncated: 'pad' }).data)).toBe(
      sha256(decodeImage(cat).data),
    );
  });

  test('data full of FF FF 00 takes no longer than other data', () => {
    const start = cat.findIndex((byte, i) => byte === 0xff && cat[i + 1] === 0xda) + 14;
    const noise = Uint8Array.from(
      { length: 2 ** 20 },
      (_, i) => [0xff, 0xff, 0, (i * 7919) % 251][i % 4]!,
    );
    const full = new Uint8Array(Buffer.concat([cat.subarray(0, start), noise]));
    new DataView(full.buffer).setUint32(frame + 5, (2000 << 16) | 2000);
    const begin = performance.now();
    decodeImage(full, { truncated: 'pad' });
    expect(performance.now() - begin).toBeLessThan(8000);
  });
});

describe('formats', () => {
  const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  const heads: Record<string, string> = {
    WebP: 'RIFF\0\0\0\0WEBPVP8 ',
    GIF: 'GIF89a......',
    BMP: 'BM..........',
    TIFF: 'II*\0........',
    AVIF: '\0\0\0\x1cftypavif',
    HEIF: '\0\0\0\x1cftypheic',
    'JPEG 2000': '\0\0\0\x0cjP  \r\n\x87\n',
  };
  for (const [format, head] of Object.entries(heads)) {
    test(`${format} is named in the error`, () => {
      expect(() => decodeImage(bytesOf(head))).toThrow(
        `cannot identify image file: ${format} needs a plug-in, see the option decoders`,
      );
    });
  }

  test('anything else is neither', () => {
    expect(() => decodeImage(bytesOf('hello'))).toThrow('neither PNG nor JPEG');
    expect(() => decodeImage(new Uint8Array(0))).toThrow('neither PNG nor JPEG');
  });

  const image = { mode: 'L' as const, width: 2, height: 1, data: Uint8Array.of(1, 2) };
  const matches = (bytes: Uint8Array) => bytes[0] === 0x42;

  test('a plug-in decodes what it matches', () => {
    const decoders = [{ matches, decode: () => image }];
    expect(decodeImage(bytesOf('BM'), { decoders })).toBe(image);
    expect(() => decodeImage(bytesOf('BM'), { decoders, maxPixels: 1 })).toThrow('exceeds limit');
    expect(() => decodeImage(bytesOf('GIF8'), { decoders })).toThrow('GIF needs a plug-in');
  });

  test('an asynchronous plug-in needs decodeImageAsync', async () => {
    const decoders = [{ matches, decode: () => Promise.resolve(image) }];
    expect(() => decodeImage(bytesOf('BM'), { decoders })).toThrow('use decodeImageAsync');
    expect(await decodeImageAsync(bytesOf('BM'), { decoders })).toBe(image);
  });

  test('what a plug-in gives is checked', () => {
    const decoders = [{ matches, decode: () => ({ ...image, width: 9 }) }];
    expect(() => decodeImage(bytesOf('BM'), { decoders })).toThrow('a plug-in gave no RawImage');
  });
});
