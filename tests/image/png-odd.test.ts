// PNG files that no encoder writes and Pillow reads: palettes of odd lengths, bytes behind the pixels of a large picture, and
// many texts. The values are Pillow 13's.
import { crc32, deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { convertRgb, decodePng } from '@siglip-ts/image';

function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function png(
  [width, height, depth, colorType]: [number, number, number, number],
  pixels: Uint8Array,
  ...extra: Buffer[]
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const chunks = [chunk('IHDR', header), ...extra, chunk('IDAT', pixels)];
  return new Uint8Array(Buffer.concat([signature, ...chunks, chunk('IEND', Buffer.alloc(0))]));
}

const indices = deflateSync(Uint8Array.of(0, 0, 1, 2, 3));
const withPalette = (n: number) =>
  png(
    [4, 1, 8, 3],
    indices,
    chunk(
      'PLTE',
      Uint8Array.from({ length: n }, (_, i) => (i * 7) % 256),
    ),
  );

test.each([0, 1, 2, 3, 4, 5, 6, 7, 767, 768, 769, 770])(
  'a palette of %i bytes has whole entries only, black behind them',
  (n) => {
    const expected = Array.from({ length: 12 }, (_, i) => (i < n - (n % 3) ? i * 7 : 0));
    expect([...convertRgb(decodePng(withPalette(n))).data]).toEqual(expected);
  },
);

test.each([771, 800])('a palette of %i bytes is refused', (n) => {
  expect(() => decodePng(withPalette(n))).toThrow('invalid palette size');
});

test('bytes behind the pixels of a picture above 16 MB are passed over', () => {
  const [width, height] = [4200, 4100];
  const lines = Buffer.alloc(height * (width + 1));
  for (let i = 0; i < lines.length; i += 4099) lines[i] = i % (width + 1) === 0 ? 0 : 7;
  const stream = deflateSync(lines, { level: 1 });
  const image = decodePng(png([width, height, 8, 0], Buffer.concat([stream, Buffer.alloc(9, 5)])));
  expect(image.data[4098]).toBe(lines[4099]);
  const damaged = Buffer.from(stream);
  damaged[stream.length - 1]! ^= 1;
  expect(() => decodePng(png([width, height, 8, 0], damaged))).toThrow('broken data stream');
});

test('50,000 compressed texts take no time, and the last that can be read counts', () => {
  const text = (value: string) =>
    chunk(
      'zTXt',
      Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\0', 'latin1'), deflateSync(value)]),
    );
  const many = Array.from({ length: 50_000 }, () => text('tiff:Orientation="3"'));
  const begin = performance.now();
  const image = decodePng(png([1, 1, 8, 0], deflateSync(Buffer.alloc(2)), ...many, text('tiff:Orientation="6"'))); // prettier-ignore
  expect(image.orientation).toBe(6);
  expect(performance.now() - begin).toBeLessThan(4000);
});

test("texts have Pillow's limits, which are options, and are inflated no further", () => {
  const text = (bytes: number) =>
    chunk(
      'zTXt',
      Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\0'), deflateSync(Buffer.alloc(bytes))]),
    );
  const dot = (...texts: Buffer[]) => png([1, 1, 8, 0], deflateSync(Buffer.alloc(2)), ...texts);
  const mib = 2 ** 20;
  expect(decodePng(dot(text(mib))).width).toBe(1);
  expect(() => decodePng(dot(text(mib + 1)))).toThrow(
    'a text of more than 1048576 bytes (maxTextChunk)',
  );
  expect(decodePng(dot(text(mib + 1)), { maxTextChunk: mib + 1 }).width).toBe(1);
  expect(() => decodePng(dot(text(101)), { maxTextMemory: 100 })).toThrow('maxTextMemory');
  const bomb = dot(text(500 * mib));
  const begin = performance.now();
  expect(() => decodePng(bomb)).toThrow(RangeError);
  expect(performance.now() - begin).toBeLessThan(500); // to inflate all takes seconds
});

test('16-bit RGBA: no array is made but the picture, of half the size of its lines', () => {
  const [width, height] = [1500, 1000];
  const lines = Buffer.alloc(height * (width * 8 + 1));
  const file = png([width, height, 16, 6], deflateSync(lines, { level: 0 }));
  let made = 0;
  const counting: ProxyHandler<typeof Uint8Array> = {
    construct(target, args) {
      if (typeof args[0] === 'number') made += args[0];
      return Reflect.construct(target, args) as Uint8Array;
    },
  };
  const own = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(own, counting);
  let image;
  try {
    image = decodePng(file);
  } finally {
    globalThis.Uint8Array = own;
  }
  expect(image.data).toHaveLength(width * height * 4);
  expect(made).toBeLessThan(width * height * 4 + 100_000);
});

test('a wrong sum is not seen where it comes with a later read than the last line, as in Pillow', () => {
  const stream = deflateSync(Buffer.alloc(8 * 5, 1));
  stream[stream.length - 2]! ^= 1;
  const file = (...streams: Buffer[]) => {
    const whole = png([4, 8, 8, 0], streams[0]!);
    const end = whole.length - 12; // IEND
    return Buffer.concat([whole.subarray(0, end), ...streams.slice(1).map((s) => chunk('IDAT', s)), whole.subarray(end)]); // prettier-ignore
  };
  for (let apart = 0; apart < 8; apart++) {
    const at = stream.length - apart;
    const split = apart === 0 ? file(stream) : file(stream.subarray(0, at), stream.subarray(at));
    if (apart >= 1 && apart <= 4) expect(decodePng(split).width).toBe(4);
    else expect(() => decodePng(split)).toThrow('broken data stream');
  }
});
