// hubFiles when the network, the server or the user breaks off, and when several download at once.
import { readdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ProgressInfo } from '@siglip-ts/hub';
import { content, cutEvery, type HubFile } from './hub-server.ts';
import { big, cache, cached, expectBig, hostFolder, hub, id, model } from './hub-setup.ts';

describe('failures', () => {
  test.each(['hub', 'cache', 'storage'] as const)(
    'a cut body is resumed, from the %s',
    async (via) => {
      hub.files.set('big', { bytes: big, etag: 'x', via, body: cutEvery(30_000, 60_000) });
      expectBig(await model().bytes('big'));
      const ranges = hub.requests
        .map((r) => r.headers.range)
        .filter((range) => range !== undefined);
      expect(ranges).toEqual(['bytes=30000-', 'bytes=60000-']);
      const etag = via === 'storage' ? '"s3-x"' : '"x"';
      expect(hub.requests.find((r) => r.headers.range)?.headers['if-range']).toBe(etag);
      expect(await cached()).toEqual(['blob-x', `ref-${hub.commit}.json`, 'ref-main.json']);
    },
  );

  test('in memory too', async () => {
    hub.files.set('big', { bytes: big, etag: 'x', body: cutEvery(30_000, 30_000) });
    expectBig(await model({ cache: false }).bytes('big'));
    expect(hub.requests.at(-1)?.headers.range).toBe('bytes=30000-');
  });

  test('a later run goes on where one gave up, unless the file has changed', async () => {
    const once = { retry: { attempts: 1, pause: 1 } };
    const file = { bytes: big, etag: 'x', body: cutEvery(30_000, 60_000) };
    hub.files.set('big', file);
    await expect(model(once).bytes('big')).rejects.toThrow(/\/big: cut at byte 30000 \(/);
    expect((await cached()).map((name) => name.replace(/-.*/, ''))).toEqual(['blob']);
    await expect(model({ ...once, local_files_only: true }).bytes('big')).rejects.toThrow(
      'not in the cache',
    );
    await expect(model(once).bytes('big')).rejects.toThrow('cut at byte 60000');
    hub.files.set('big', { bytes: content(50_000), etag: 'y' });
    expect(await model(once).bytes('big')).toEqual(content(50_000));
    hub.files.set('big', file);
    hub.requests.length = 0;
    expectBig(await model(once).bytes('big'));
    expect(hub.requests.at(-1)?.headers.range).toBe('bytes=60000-');
  });

  test('a rest that is not the rest asked for is not joined', async () => {
    const cut = cutEvery(30_000, 30_000);
    let answered = false;
    const body: HubFile['body'] = (request, response) => {
      if (answered) return false;
      if (request.headers.range === undefined) return cut(request, response);
      answered = true;
      const range = 'bytes 20000-99999/100000';
      response.writeHead(206, { 'content-range': range, 'content-length': 80_000 });
      response.end(big.subarray(20_000));
      return true;
    };
    hub.files.set('big', { bytes: big, etag: 'x', body });
    expectBig(await model().bytes('big'));
  });

  test('a body without a strong ETag, or compressed, is brought again from its start', async () => {
    const packed = gzipSync(big);
    for (const headers of [{ etag: 'W/"x"' }, { etag: '"x"', 'content-encoding': 'gzip' }, {}]) {
      const sent = 'content-encoding' in headers ? packed : big;
      let cut = true;
      hub.intercept = (_, response) => {
        response.writeHead(200, { ...headers, 'content-length': sent.length });
        if (!cut) return !!response.end(sent);
        cut = false;
        return response.write(sent.subarray(0, 100), () =>
          setTimeout(() => response.destroy(), 20),
        );
      };
      hub.requests.length = 0;
      expectBig(await model({ revision: `r${packed.length}` }).bytes('big'));
      expect(hub.requests.map((r) => r.headers.range)).toEqual([undefined, undefined]);
      await rm(join(cache, hostFolder()), { recursive: true });
    }
  });

  test('where redirects are hidden, as in browsers, a cut body is brought again too', async () => {
    const browser: typeof fetch = async (url, init) => {
      const response = await fetch(url, init);
      if (init?.redirect !== 'manual' || response.status !== 302) return response;
      return Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' });
    };
    let cut = true;
    const body: HubFile['body'] = (request, response) => {
      if (!cut) return false;
      cut = false;
      return cutEvery(30_000, 30_000)(request, response);
    };
    hub.files.set('big', { bytes: big, etag: 'x', via: 'storage', body });
    expectBig(await model({ fetch: browser, cache: false }).bytes('big'));
    expect(hub.requests.some((r) => r.headers.range !== undefined)).toBe(false);
  });

  test('a partial file whose writer may be alive is left alone', async () => {
    hub.files.set('big', { bytes: big, etag: 'x', body: cutEvery(30_000, 30_000) });
    const once = { retry: { attempts: 1, pause: 1 } };
    await expect(model(once).bytes('big')).rejects.toThrow('cut at byte 30000');
    const folder = join(cache, hostFolder(), id, 'big');
    const [part = ''] = await readdir(folder);
    const now = Date.now() / 1000;
    await utimes(join(folder, part), now, now);
    await expect(model(once).bytes('big')).rejects.toThrow('cut at byte 30000');
    expect((await readdir(folder)).length).toBe(2);
    await utimes(join(folder, part), now - 3600, now - 3600); // killed an hour ago
    expectBig(await model(once).bytes('big'));
    expect(await cached()).toEqual(['blob-x', `ref-${hub.commit}.json`, 'ref-main.json']);
  });

  test('a server error is tried again', async () => {
    let left = 2;
    hub.intercept = (_, response) => left-- > 0 && !!response.writeHead(503).end();
    expect(await model().bytes('config.json')).toEqual(content(30));
    left = 3;
    await expect(model().bytes('model.safetensors')).rejects.toThrow('status 503, expected 200');
  });

  test('a length other than the hub lists is an error, and nothing stays', async () => {
    const body: HubFile['body'] = (_, response) => !!response.end(content(50));
    hub.files.set('big', { bytes: big, etag: 'x', via: 'storage', body });
    await expect(model().bytes('big')).rejects.toThrow(
      'the body ends at byte 50, expected 100000 bytes',
    );
    expect(await cached()).toEqual([]);
  });

  test('a body shorter or longer than promised is an error, and nothing stays', async () => {
    for (const [length, message] of [
      [20, 'the body ends at byte 20, expected 30 bytes'],
      [40, 'more than 30 bytes, expected as many as the server said'],
    ] as const) {
      const headers = { 'content-length': '30', etag: '"e"' };
      const fetch = async () => new Response(content(length) as BodyInit, { headers });
      await expect(model({ fetch }).bytes('config.json')).rejects.toThrow(message);
      expect(await cached()).toEqual([]);
    }
  });

  test('a huge promise with a tiny body takes no memory', async () => {
    const body: HubFile['body'] = (_, response) => {
      response.writeHead(200, { 'content-length': 1e15 });
      response.write(content(10), () => setTimeout(() => response.destroy(), 10));
      return true;
    };
    hub.files.set('big', { bytes: big, etag: 'x', body });
    const before = process.memoryUsage().arrayBuffers;
    for (const where of [cache, false] as const)
      await expect(model({ cache: where }).bytes('big')).rejects.toThrow('/big: ');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });

  test('an abort stops at once and leaves what came, to go on from', async () => {
    const body: HubFile['body'] = (request, response) => {
      if (request.headers.range !== undefined) return false;
      response.writeHead(200, { 'content-length': big.length });
      response.write(big.subarray(0, 40_000));
      return true;
    };
    hub.files.set('big', { bytes: big, etag: 'x', body });
    const aborter = new AbortController();
    const progress_callback = (info: ProgressInfo) => {
      if (info.status === 'progress' && info.loaded === 40_000)
        setTimeout(() => aborter.abort(new Error('enough')), 5);
    };
    const start = performance.now();
    await expect(model({ signal: aborter.signal, progress_callback }).bytes('big')).rejects.toThrow(
      'enough',
    );
    expect(performance.now() - start).toBeLessThan(1000);
    expectBig(await model().bytes('big'));
    expect(hub.requests.at(-1)?.headers.range).toBe('bytes=40000-');
    await expect(model({ signal: aborter.signal }).bytes('config.json')).rejects.toThrow('enough');
  });

  test('an abort ends a pause between attempts', async () => {
    hub.intercept = (_, response) => !!response.writeHead(500).end();
    const signal = AbortSignal.timeout(30);
    const waiting = model({ signal, retry: { attempts: 2, pause: 60_000 } }).bytes('config.json');
    await expect(waiting).rejects.toThrow('aborted due to timeout');
  });
});

describe('at the same time', () => {
  test('one model asks once', async () => {
    const files = model();
    const all = await Promise.all(
      Array.from({ length: 5 }, () => files.bytes('model.safetensors')),
    );
    for (const bytes of all) expectBig(bytes);
    expect(hub.log.length).toBe(2);
  });

  test('several, as several processes are, do not disturb each other', async () => {
    hub.files.set('big', { bytes: big, etag: 'x', via: 'storage', body: cutEvery(30_000, 60_000) });
    const retry = { attempts: 20, pause: 1 };
    const all = await Promise.all(Array.from({ length: 8 }, () => model({ retry }).bytes('big')));
    for (const bytes of all) expectBig(bytes);
    expect(await cached()).toEqual(['blob-x', `ref-${hub.commit}.json`, 'ref-main.json']);
  });
});
