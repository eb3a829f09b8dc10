// What loadImage takes in Node and how it refuses the rest; and the formats that sharp decodes for it.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { type ImageInput, loadImage, type PictureError, pipeline } from 'siglip-ts';
import { browserDecoder, sharpDecoder } from 'siglip-ts/decoders';
import { type Row, SHARP, sizeOf } from './formats.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures');
const path = join(fixtures, 'images/twemoji-rocket.png');
const bytes = readFileSync(path);
const upright = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const folder = mkdtempSync(join(tmpdir(), 'siglip-pictures-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const bundle = readFileSync(join(fixtures, 'image/platform.bin'));
const { files } = JSON.parse(readFileSync(join(fixtures, 'image/platform.json'), 'utf8')) as {
  files: Row[];
};
const fileOf = (name: string): Uint8Array<ArrayBuffer> => {
  const { offset, length } = files.find((row) => row.name === name)!;
  return new Uint8Array(bundle).slice(offset, offset + length);
};

const isInstalled = (() => {
  try {
    return createRequire(import.meta.url).resolve('sharp') !== '';
  } catch {
    return false;
  }
})();

describe('inputs', async () => {
  const expected = await loadImage(path);
  const { buffer } = new Uint8Array(bytes);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const blob = new Blob([bytes], { type: 'text/plain' });
  const canvas = {
    width: 320,
    height: 320,
    getContext: () => ({ getImageData: () => ({ ...expected, data: expected.data }) }),
  };
  const percent = [...bytes].map((b) => `%${b.toString(16).padStart(2, '0')}`).join('');
  const given: Record<string, ImageInput> = {
    'Buffer': bytes,
    'Uint8Array': new Uint8Array(bytes),
    'ArrayBuffer': buffer,
    'DataView': new DataView(buffer),
    'bytes in shared memory': shared,
    'SharedArrayBuffer': shared.buffer,
    'Blob with a wrong type': blob,
    'File with a wrong name': new File([bytes], 'rocket.webp', { type: 'image/webp' }),
    'Response': new Response(bytes),
    'blob: URL': URL.createObjectURL(blob),
    'blob: URL object': new URL(URL.createObjectURL(blob)),
    'file: URL': pathToFileURL(path),
    'file: URL as text': pathToFileURL(path).href,
    'data URL': `data:image/png;base64,${bytes.toString('base64')}`,
    'data URL of no type': `data:;base64,${bytes.toString('base64')}`,
    'data URL with escapes in base64': `data:image/png;base64,${encodeURIComponent(bytes.toString('base64'))}`,
    'data URL that is not base64': `data:image/png,${percent}`,
    'base64 in lines': bytes.toString('base64').replace(/.{76}/g, '$&\n'),
    'pixels': expected as ImageInput,
    'canvas of a library': canvas,
  }; // prettier-ignore
  test.each(Object.entries(given))('%s', async (_, image) => {
    const { mode, width, height, data } = await loadImage(image);
    expect({ mode, width, height }).toEqual({ mode: 'RGB', width: 320, height: 320 });
    expect(upright(data as Uint8Array)).toBe(upright(expected.data as Uint8Array));
  });

  test('blob: URLs are not for the fetch that was passed', async () => {
    const fetch = () => Promise.reject(new Error('asked'));
    expect(await loadImage(URL.createObjectURL(blob), { fetch })).toEqual(expected);
  });
  test('the caller’s bytes are left alone', async () => {
    const own = new Uint8Array(bytes);
    await loadImage(own);
    expect(own).toEqual(new Uint8Array(bytes));
  });
});

describe('what is refused, and how', () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n';
  const answer = (body: string, status = 200) => ({
    fetch: () => Promise.resolve(new Response(body, { status })),
  });
  const url = 'https://example.org/a.png';
  const cases: [string, () => Promise<unknown>, string | RegExp][] = [
    ['a folder', () => loadImage(folder), `${folder}: a folder, expected a picture`],
    ['an empty file', () => loadImage(write('a', '')), /a: cannot identify .* it is empty$/],
    ['empty bytes', () => loadImage(new Uint8Array(0)), 'it is empty'],
    [
      'a page',
      () => loadImage(url, answer('\n<!DOCTYPE html><title>404</title>')),
      `${url}: cannot identify image file: neither PNG nor JPEG, it is an HTML page`,
    ],
    ['a Git LFS pointer', () => loadImage(write('b', lfs)), 'it is a Git LFS pointer'],
    ['SVG', () => loadImage(Buffer.from('<?xml version="1.0"?>\n<svg/>')), 'it is SVG'],
    ['JSON', () => loadImage(Buffer.from('{"error": 1}')), 'it is text that begins "{'],
    ['PDF', () => loadImage(Buffer.from('%PDF-1.7\n\x80')), 'it is PDF'],
    ['text', () => loadImage(Buffer.from('hello')), 'it is text that begins "hello"'],
    ['bytes', () => loadImage(Uint8Array.of(0, 1, 2)), 'it is none of the formats known here'],
    ['404', () => loadImage(url, answer('', 404)), `${url}: the server answers 404`],
    ['a 404 Response', () => loadImage(new Response('', { status: 404 })), 'Response: the server answers 404'],
    ['base64 of no picture', () => loadImage('aGVsbG8='), 'the base64 is of no picture'],
    ['a path that is not there', () => loadImage('/x.png'), 'Got /x.png. Failed with there is no such file'],
    ['an <img> outside of a page', () => loadImage({ naturalWidth: 1, naturalHeight: 1, currentSrc: url, src: url, crossOrigin: null, decode: async () => {} }, answer('<svg/>')), 'nothing can draw it here'],
    ['numbers of another kind', () => loadImage(new Float32Array(3) as never), 'Got Float32Array.'],
    ['pixels that do not fit', () => loadImage({ data: new Uint8Array(5), width: 1, height: 1 }), 'Incorrect format used for image'],
    ['too many pixels', () => loadImage(path, { maxPixels: 9 }), 'exceeds limit of 9 pixels'],
  ]; // prettier-ignore
  test.each(cases)('%s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });
  test('a Response that was read', async () => {
    const response = new Response(bytes);
    await response.arrayBuffer();
    await expect(loadImage(response)).rejects.toThrow('its body was read before');
  });
  test('an abort stays one', async () => {
    const signal = AbortSignal.abort();
    await expect(loadImage('https://example.org', { signal })).rejects.toThrow(/abort/i);
  });
});

describe('lists', async () => {
  const classify = await pipeline('zero-shot-image-classification');
  test('a hole is refused before anything is computed, with its index', async () => {
    let done = 0;
    const on_image = () => void done++;
    await expect(classify([path, undefined as never], ['a'], { on_image })).rejects.toThrow(
      'images[1]: undefined, expected a picture',
    );
    await expect(classify([path, , path] as never, ['a'])).rejects.toThrow('images[1]: undefined'); // prettier-ignore
    expect(done).toBe(0);
  });
  test('an error names the index and keeps its kind', async () => {
    await expect(classify([path, 7 as never], ['a'])).rejects.toThrow(TypeError);
    await expect(classify([path, Buffer.from('hello')], ['a'])).rejects.toThrow(
      'images[1]: cannot identify image file',
    );
    await expect(classify([path], ['a'], { maxPixels: 9 })).rejects.toThrow(RangeError);
  });
  test('an error carries index and name', async () => {
    const broken = Buffer.from('hello');
    await expect(classify([path, '/no/such.png'], ['a'])).rejects.toMatchObject({
      index: 1,
      image: '/no/such.png',
    });
    const error = await classify([path, path, broken], ['a']).catch((e: unknown) => e as PictureError); // prettier-ignore
    expect(error).toMatchObject({ index: 2, image: undefined });
  });

  test('on_error: collect: it stands in the place of its picture, and the others are done', async () => {
    const pictures = [path, '/no/such.png', 7 as never, Buffer.from('hello'), path];
    const counts: number[] = [];
    const options = { on_error: 'collect', on_image: (n: number) => void counts.push(n) } as const;
    const results = await classify(pictures, ['a', 'b'], options);
    const scores = await classify(path, ['a', 'b']);
    expect(results[0]).toEqual(scores);
    expect(results[4]).toEqual(scores);
    const errors = results.slice(1, 4) as PictureError[];
    expect(errors.map(({ index, image }) => [index, image])).toEqual([
      [1, '/no/such.png'],
      [2, undefined],
      [3, undefined],
    ]);
    expect(errors[1]).toBeInstanceOf(TypeError);
    expect(errors[2]!.message).toMatch(/^images\[3\]: cannot identify image file/);
    expect(counts).toEqual([1, 2, 3, 4, 5]);
    const features = await pipeline('image-feature-extraction');
    const vectors = await features(pictures, { on_error: 'collect', pool: true });
    expect(vectors.map((vector) => vector instanceof Error)).toEqual([false, true, true, true, false]); // prettier-ignore
  });

  test('on_error: one picture throws, an abort does, and another word is refused', async () => {
    const options = { on_error: 'collect' } as const;
    await expect(classify('/no/such.png' as never, ['a'], options)).rejects.toThrow('no such file');
    const signal = AbortSignal.abort();
    await expect(classify([path], ['a'], { ...options, signal })).rejects.toThrow(/abort/i);
    await expect(classify([path], ['a'], { on_error: 'colect' as 'throw' })).rejects.toThrow(
      'on_error: colect, expected throw or collect',
    );
  });

  test('an empty list has no scores', async () => expect(await classify([], ['a'])).toEqual([]));

  test('decoders of the pipeline serve every call, after the call’s own', async () => {
    const asked: string[] = [];
    const decoder = (name: string, takes: boolean) => ({
      matches: () => (asked.push(name), takes),
      decode: () => loadImage(path),
    });
    const features = await pipeline('image-feature-extraction', undefined, {
      decoders: [decoder('pipeline', true)],
    });
    const expected = await features(path, { pool: true });
    expect(asked).toEqual(['pipeline']);
    const decoders = [decoder('call', false)];
    expect(await features(Buffer.from('mine'), { pool: true, decoders })).toEqual(expected);
    expect(asked).toEqual(['pipeline', 'call', 'pipeline']);
  });
});

describe('formats that sharp decodes', () => {
  if (!isInstalled) return void test.skip('sharp is not installed on this platform');

  test.each(files.map((row) => [row.name, row] as const))('%s', async (name, row) => {
    const verdict = SHARP[name] ?? 'exact';
    const found = loadImage(fileOf(name));
    if (verdict === 'refused')
      return expect(found).rejects.toThrow(
        /sharp does not decode this (BMP|ICO|JPEG 2000) file .*, convert it to PNG or JPEG first/,
      );
    const { width, height, data } = await found;
    expect([width, height]).toEqual(sizeOf(row));
    const isExact = upright(data as Uint8Array) === row.sha256_upright;
    expect(isExact ? 'exact' : 'inexact').toBe(verdict);
  });
  test('passed by hand it is the same', async () => {
    const { default: sharp } = await import('sharp');
    const decoders = [sharpDecoder(sharp)];
    const image = fileOf('webp-exif-6');
    expect(await loadImage(image, { decoders })).toEqual(await loadImage(image));
  });
  test('a name tells nothing', async () => {
    writeFileSync(join(folder, 'photo.jpg'), fileOf('webp-lossy'));
    const image = await loadImage(join(folder, 'photo.jpg'));
    expect(image).toEqual(await loadImage(fileOf('webp-lossy')));
  });
  test('limits hold', async () => {
    const tiff = fileOf('tiff');
    await expect(loadImage(tiff, { maxPixels: 692 })).rejects.toThrow(RangeError);
    await expect(loadImage(tiff, { maxPixels: 693 })).resolves.toMatchObject({ width: 33 });
  });
  test('a damaged file', async () => {
    const cut = fileOf('webp-lossy').slice(0, 100);
    await expect(loadImage(cut)).rejects.toThrow(/sharp does not decode this WebP file \(.*webp/);
  });
});

test('without sharp the error says what to do', async () => {
  const real = process.getBuiltinModule;
  const failing = (error: Error) =>
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
      name === 'node:module'
        ? { createRequire: () => () => { throw error; } }
        : real(name as 'node:fs')) as typeof real); // prettier-ignore
  failing(Object.assign(new Error('no'), { code: 'MODULE_NOT_FOUND' }));
  await expect(loadImage(fileOf('webp-lossy'))).rejects.toThrow(
    'cannot identify image file: WebP needs sharp, which is not installed: npm install sharp, or convert it to PNG or JPEG first',
  );
  failing(new Error('\nno binary for this platform\nmore'));
  await expect(loadImage(fileOf('webp-lossy'))).rejects.toThrow(
    'which does not load (no binary for this platform)',
  );
});

test('where there are neither files nor canvases, decoders are what to pass', async () => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  await expect(loadImage(fileOf('gif'))).rejects.toThrow(
    'nothing decodes GIF here; pass what does in the option decoders, or convert it',
  );
  await expect(loadImage(fileOf('gif'), { decoders: [browserDecoder()] })).rejects.toThrow(
    'there is no canvas here',
  );
});
