// What a page keeps of a model, in a Cache in memory that does what browsers' do: chunks, resuming, too little room.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hubFiles, type HubOptions } from '@siglip-ts/hub';
import { pageStore } from '../../packages/hub/src/stores/page-store.ts';
import { content, cutEvery } from './hub-server.ts';
import { big, expectBig, hub, id } from './hub-setup.ts';

const CHUNK = 30_000;
/** By address, in the order of their writing. */
let entries: Map<string, Response>;
let room: number;
let written: number[];

const fakeCache = {
  async match(url: string) {
    return entries.get(url)?.clone();
  },
  async put(url: string, response: Response) {
    const { size } = await response.clone().blob();
    const full = [...entries.values()].length > 0 && room < size;
    if (full || room < size) throw new DOMException('Quota exceeded.', 'QuotaExceededError');
    room -= size;
    written.push(size);
    entries.set(url, response);
  },
  async keys(url: string, { ignoreSearch }: { ignoreSearch: boolean }) {
    const bare = (text: string) => (ignoreSearch ? text.replace(/\?.*/, '') : text);
    return [...entries.keys()].filter((key) => bare(key) === bare(url)).map((url) => ({ url }));
  },
  async delete(url: string, o?: { ignoreSearch: boolean }) {
    const keys = o?.ignoreSearch ? (await fakeCache.keys(url, o)).map((k) => k.url) : [url];
    return keys.map((key) => entries.delete(key)).some(Boolean);
  },
};
const opened = vi.fn<(name: string) => Promise<unknown>>(async () => fakeCache);

beforeEach(() => {
  entries = new Map();
  room = 1e9;
  written = [];
  opened.mockClear();
  vi.stubGlobal('caches', { open: opened });
  vi.stubGlobal('navigator', { storage: { estimate: async () => ({ quota: room, usage: 0 }) } });
  vi.stubGlobal('location', new URL('https://site.example/'));
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  return () => vi.unstubAllGlobals();
});

/** As in a page; without retries, so that a cut is an error. */
const model = (options: HubOptions = {}) =>
  hubFiles(id, { endpoint: hub.endpoint, retry: { attempts: 1, pause: 1 }, ...options });

describe('the store', () => {
  const key = 'host%3A80/google/siglip/model.safetensors/blob-x';
  const open = async () => (await pageStore('siglip-ts', CHUNK))!;
  const fill = async (tag: string | undefined, bytes: Uint8Array) => {
    const sink = await (await open()).sink(key, tag, bytes.length);
    const from = sink.size;
    for (let at = from; at < bytes.length; at += 7_001)
      await sink.write(bytes.subarray(at, at + 7_001));
    return { sink, from };
  };

  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 100_000])('%i bytes', async (size) => {
    const bytes = big.subarray(0, size);
    await (await fill('"x"', bytes)).sink.finish();
    const store = await open();
    expect(Buffer.compare((await store.get(key))!, bytes)).toBe(0);
    const source = (await store.open(key))!;
    expect(source.size).toBe(size);
    for (const [from, to] of [[0, size], [size >> 1, size], [CHUNK - 5, CHUNK + 5]] as const) // prettier-ignore
      if (to <= size && from >= 0)
        expect(Buffer.compare(await source.read(from, to - from), bytes.subarray(from, to))).toBe(0); // prettier-ignore
    await expect(source.read(0, size + 1)).rejects.toThrow(`expected a range within ${size}`);
    expect(Math.max(...written)).toBeLessThanOrEqual(CHUNK);
    await store.forget!(key);
    expect(entries.size).toBe(0);
  });

  test('a writer that ends without a word is resumed at a chunk', async () => {
    await fill('"x"', big.subarray(0, 70_000));
    expect(await (await open()).open(key)).toBeUndefined();
    const { sink, from } = await fill('"x"', big);
    expect(from).toBe(60_000);
    await sink.finish();
    expect(Buffer.compare((await (await open()).get(key))!, big)).toBe(0);
  });

  test('one that stops goes on where it was, unless another has gone further', async () => {
    await (await fill('"x"', big.subarray(0, 70_000))).sink.close();
    expect((await fill('"x"', big.subarray(0, 80_000))).from).toBe(70_000);
    expect((await fill('"x"', big.subarray(0, 95_000))).from).toBe(70_000);
    const { sink, from } = await fill('"x"', big);
    expect(from).toBe(90_000);
    await sink.finish();
    expect(Buffer.compare((await (await open()).get(key))!, big)).toBe(0);
    expect([...entries.keys()].some((url) => url.includes('tail'))).toBe(false);
  });

  test('another tag, and none, begin anew; a drop leaves nothing', async () => {
    await fill('"x"', big.subarray(0, 70_000));
    expect((await fill('"y"', big)).from).toBe(0);
    const { sink, from } = await fill(undefined, big.subarray(0, 70_000));
    expect(from).toBe(0);
    const before = entries.size;
    await sink.close();
    expect(entries.size).toBe(before - 2);
    const other = await fill('"z"', big.subarray(0, 70_000));
    await other.sink.drop();
    expect(entries.size).toBe(before - 2);
  });

  test('the last chunk, written before the browser ended, is not taken for a whole one', async () => {
    await (await fill('"x"', big)).sink.finish();
    entries.delete(`https://siglip-ts.invalid/${key.replace('%', '%25')}`);
    expect((await fill('"x"', big)).from).toBe(90_000);
  });

  test('a writer that comes late leaves the value alone', async () => {
    const late = await fill('"x"', big.subarray(0, 70_000));
    await (await fill('"x"', big)).sink.finish();
    await late.sink.drop();
    expect(Buffer.compare((await (await open()).get(key))!, big)).toBe(0);
  });

  test('chunks that are gone', async () => {
    await (await fill('"x"', big)).sink.finish();
    const source = (await (await open()).open(key))!;
    entries.delete([...entries.keys()].find((url) => url.endsWith('i=1'))!);
    await expect(source.read(20_000, 20_000)).rejects.toThrow(
      `${key}: bytes from 30000 on are no longer in the browser's storage, which was cleared; load the model again`,
    );
    expect(await (await open()).open(key)).toBeUndefined();
    const { sink, from } = await fill('"x"', big);
    expect(from).toBe(30_000);
    await sink.finish();
    expect(Buffer.compare((await (await open()).get(key))!, big)).toBe(0);
  });

  test.each([
    ['there are none', () => vi.stubGlobal('caches', undefined)],
    ['they may not be opened', () => opened.mockRejectedValueOnce(new DOMException('', 'SecurityError'))], // prettier-ignore
    ['the context is not secure', () => vi.stubGlobal('navigator', {})],
  ])('where %s, nothing is kept', async (_, prepare) => {
    prepare();
    expectBig(await model().bytes('model.safetensors'));
    expect(entries.size).toBe(0);
  });
});

describe('a model in a page', () => {
  test('the next load asks once whether anything is new, and for no weights', async () => {
    for (let i = 0; i < 2; i++) {
      hub.requests.length = 0;
      const files = model();
      expect(await files.bytes('config.json')).toEqual(content(30));
      expectBig(await files.bytes('model.safetensors'));
      expect(await files.bytes('added_tokens.json')).toBeUndefined();
    }
    expect(hub.log.slice(4)).toEqual(['hub /google/siglip-base/resolve/main/config.json']);
    expect(opened).toHaveBeenCalledWith('siglip-ts');
    hub.log.length = 0;
    expectBig(
      await model({ revision: hub.commit })
        .bytes('config.json')
        .then(() => big),
    );
    expect(hub.log).toEqual([]);
  });

  test('no header that costs a question to another origin', async () => {
    for (let i = 0; i < 2; i++) expectBig(await model().bytes('model.safetensors'));
    for (const { headers } of hub.requests)
      for (const name of ['if-none-match', 'if-range', 'authorization'])
        expect(headers).not.toHaveProperty(name);
  });

  test('a file that has changed is brought, and the old one makes room', async () => {
    await model().bytes('model.safetensors');
    const newer = content(50_000);
    hub.files.set('model.safetensors', { bytes: newer, etag: 'sha257', via: 'storage' });
    hub.commit = 'decade'.padEnd(40, '0');
    expect(await model().bytes('model.safetensors')).toEqual(newer);
    const blobs = [...entries.keys()].filter((url) => url.includes('blob-'));
    expect(blobs).toEqual([expect.stringContaining('blob-s3-sha257')]);
  });

  test('another Cache by name; none', async () => {
    await model({ cache: 'mine' }).bytes('config.json');
    expect(opened.mock.calls).toEqual([['mine']]);
    await model({ cache: false }).bytes('config.json');
    expect(opened).toHaveBeenCalledTimes(1);
  });

  test('too little room: a warning, and the weights are read on the hub', async () => {
    room = 50_000;
    const warn = vi.fn<(message: string) => void>();
    const files = model({ warn });
    const source = await files.open('model.safetensors');
    expectBig(await source?.read(0, big.length));
    expect(await files.bytes('config.json')).toEqual(content(30));
    expect(warn.mock.calls).toEqual([
      [
        "google/siglip-base: model.safetensors is not kept: the browser's storage has 1 MB free for this site, 1 MB are needed",
      ],
    ]);
    expect(entries.size).toBe(0);
    expect(hub.requests.some(({ headers }) => headers.range === 'bytes=0-131071')).toBe(true);
    const body = (_: unknown, response: import('node:http').ServerResponse) =>
      !!response.writeHead(200, { 'content-length': big.length }).end(big);
    hub.files.set('model.safetensors', { bytes: big, etag: 'sha256', via: 'storage', body });
    const whole = await model({ warn() {} }).open('model.safetensors');
    expectBig(await whole?.read(0, big.length));
  });

  test('room that ends while it is written', async () => {
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({}) } });
    room = 10;
    const warn = vi.fn<(message: string) => void>();
    expectBig(await model({ warn }).bytes('model.safetensors'));
    expect(warn.mock.calls[0]![0]).toMatch(
      /MB are needed \(QuotaExceededError: Quota exceeded.\)$/,
    );
  });

  test('a cut of a body is resumed where the answers show whose rest it is', async () => {
    hub.files.set('big', { bytes: big, etag: 'x', via: 'storage', body: cutEvery(30_000, 60_000) });
    const retry = { attempts: 5, pause: 1 };
    expectBig(await model({ retry }).bytes('big'));
    const ranges = hub.requests.filter(({ server }) => server === 'storage').map(({ headers }) => headers.range); // prettier-ignore
    expect(ranges.filter(Boolean)).toEqual(['bytes=30000-', 'bytes=60000-']);
  });

  test('a rest of another file is not joined', async () => {
    const body = cutEvery(30_000, 30_000);
    hub.files.set('big', { bytes: big, etag: 'x', via: 'storage', body });
    await expect(model().bytes('big')).rejects.toThrow('cut at byte 30000');
    const newer = content(90_000).reverse();
    let etag = 'x';
    hub.files.set('big', {
      bytes: newer,
      etag: 'y',
      via: 'storage',
      body(request, response) {
        // Between the first question and the one for the rest it becomes another file.
        if (request.headers.range === undefined) response.setHeader('etag', `"s3-${etag}"`);
        etag = 'y';
        return false;
      },
    });
    const retry = { attempts: 3, pause: 1 };
    expect(await model({ retry }).bytes('big')).toEqual(newer);
  });
});
