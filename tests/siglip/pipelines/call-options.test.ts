// Every option of every pipeline's call must change something, so that one which is dropped on its way is noticed. What each
// of them means is tested where it is heeded.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { ImageDecoder, PixelKernels, RawImage } from '@siglip-ts/image';
import { pipeline } from 'siglip-ts';
import { variant } from '../folders/variant.ts';

const ROCKET = 'fixtures/images/twemoji-rocket.png';
const HTTP = 'http://example.org/rocket.png';
const JPEG = 'fixtures/images/coffee-progressive.jpg';
const bytes = readFileSync(ROCKET);

const labels = { id2label: { 0: 'hum', 1: 'ai' } };
const [zeroShot, classify, features] = await Promise.all([
  pipeline('zero-shot-image-classification'),
  pipeline('image-classification', await variant({}), { config: labels, warn() {} }),
  pipeline('image-feature-extraction'),
]);
afterAll(() => Promise.all([zeroShot, classify, features].map((pipe) => pipe.dispose())));

type Call = (image: unknown, options: object) => Promise<unknown>;
const CALLS: Readonly<Record<string, Call>> = {
  'zero-shot-image-classification': (image, o) => zeroShot(image as string, ['rocket', 'cat'], o),
  'image-classification': (image, o) => classify(image as string, o),
  'image-feature-extraction': (image, o) => features(image as string, o),
};

/** A fetch that answers after some seconds, or when it is aborted. */
const slow = (seconds: number) => (_: unknown, init?: RequestInit) =>
  new Promise<Response>((resolve, reject) => {
    const timer = setTimeout(() => resolve(new Response(bytes)), 1000 * seconds);
    init?.signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(init.signal!.reason as Error);
    });
  });

describe.each(Object.entries(CALLS))('%s', (_, call) => {
  test.each<[string, unknown, object, RegExp]>([
    ['maxBytes', ROCKET, { maxBytes: 9 }, /expected at most 9; the option maxBytes/],
    ['maxPixels', ROCKET, { maxPixels: 9 }, /exceeds limit of 9 pixels/],
    ['maxScanSamples', JPEG, { maxScanSamples: 9 }, /maxScanSamples/],
    ['timeout', HTTP, { fetch: slow(5), timeout: 0.05 }, /not there within 0\.05 s/],
    ['silence', HTTP, { fetch: slow(5), silence: 0.05 }, /silence/],
    ['on_error', ROCKET, { on_error: 'x' }, /on_error: x, expected throw or collect/],
  ])('%s', async (_, image, options, message) => {
    await expect(call(image, options)).rejects.toThrow(message);
  });

  test('signal aborts the fetch', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const why: unknown[] = [];
    const fetch = (_: unknown, init?: RequestInit) =>
      new Promise<Response>((_, reject) => {
        init!.signal!.addEventListener('abort', () => {
          why.push(init!.signal!.reason);
          reject(new Error('aborted'));
        });
        stop.abort(reason);
      });
    await expect(call(HTTP, { fetch, signal: stop.signal, timeout: 1 })).rejects.toBe(reason);
    expect(why).toEqual([reason]); // and not the time-out's
  });

  test('timeout is seconds', async () => {
    await call(HTTP, { fetch: slow(0.2), timeout: 10 });
  });

  test('truncated', async () => {
    const half = bytes.subarray(0, bytes.length / 2);
    await expect(call(half, {})).rejects.toThrow('truncated');
    await call(half, { truncated: 'pad' });
  });

  test('kernels', async () => {
    const asked: unknown[] = [];
    const kernels = new Proxy({} as PixelKernels, {
      get: (_, name) => (asked.push(name), () => false), // none did its work
    });
    await call(JPEG, { kernels });
    expect(asked.length).toBeGreaterThan(0);
  });

  test('signal ends the forward between two layers, breathe is awaited there', async () => {
    let breaths = 0;
    const breathe = async () => void breaths++;
    await call(ROCKET, { breathe });
    const whole = breaths;
    expect(whole).toBeGreaterThan(1);
    const stop = new AbortController();
    const reason = new Error('enough');
    const stopping = async () => void (++breaths === 1 && stop.abort(reason));
    breaths = 0;
    await expect(call(ROCKET, { breathe: stopping, signal: stop.signal })).rejects.toBe(reason);
    expect(breaths).toBe(1);
    await call(ROCKET, {}); // and nothing is left of it
  });

  test('decoders', async () => {
    const seen: number[] = [];
    const decoder: ImageDecoder = {
      matches: (file) => file[0] === 1,
      decode: async (file): Promise<RawImage> => {
        seen.push(file.length);
        return { mode: 'RGB', width: 8, height: 8, data: new Uint8Array(192) };
      },
    };
    await call(Uint8Array.of(1, 2, 3), { decoders: [decoder] });
    expect(seen).toEqual([3]);
  });
});

test('labels that are new are encoded with them, too', async () => {
  let breaths = 0;
  const breathe = async () => void breaths++;
  const count = async (labels: string[]) => {
    breaths = 0;
    await zeroShot(ROCKET, labels, { breathe });
    return breaths;
  };
  const [encoded, remembered] = [await count(['a', 'b']), await count(['a', 'b'])];
  expect(remembered).toBeGreaterThan(1);
  expect(encoded).toBeGreaterThan(remembered);
});

test('image_processor_kwargs', async () => {
  const vector = (o: object) => features(ROCKET, { pool: true, ...o });
  const kwargs = { image_processor_kwargs: { do_normalize: false } };
  expect(await vector(kwargs)).not.toEqual(await vector({}));
});
