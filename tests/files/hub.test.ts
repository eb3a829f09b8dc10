import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  hubFiles,
  type HubOptions,
  type ModelFiles,
  type ProgressInfo,
} from '../../packages/siglip/src/files/index.ts';
import { content, cutEvery, startHub, type HubFile, type TestHub } from './hub-server.ts';

const id = 'google/siglip-base';
const big = content(100_000);

let hub: TestHub;
let cache: string;
beforeEach(async () => {
  hub = await startHub();
  cache = await mkdtemp(join(tmpdir(), 'hub-'));
  hub.files.set('config.json', { bytes: content(30), etag: 'git1' });
  hub.files.set('model.safetensors', { bytes: big, etag: 'sha256', via: 'storage' });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await hub.stop();
  await rm(cache, { recursive: true });
});

/** toEqual takes half a second for this. */
function expectBig(bytes: Uint8Array | undefined): void {
  expect(bytes && Buffer.compare(bytes, big)).toBe(0);
}

function model(options: HubOptions = {}): ModelFiles {
  const retry = { attempts: 3, pause: 1 };
  return hubFiles(id, { endpoint: hub.endpoint, cache, retry, ...options });
}

/** The names of what the cache holds, without the names of their folders. */
async function cached(): Promise<string[]> {
  const entries = await readdir(cache, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

describe('routes', () => {
  test('from the hub itself, after a redirect within it, from another origin', async () => {
    hub.files.set('a/b c.json', { bytes: content(9), etag: 'git2', via: 'cache' });
    const files = model({ revision: 'refs/pr/1' });
    expect(await files.bytes('config.json')).toEqual(content(30));
    expect(await files.bytes('a/b c.json')).toEqual(content(9));
    expectBig(await files.bytes('model.safetensors'));
    expect(hub.log).toEqual([
      'hub /google/siglip-base/resolve/refs%2Fpr%2F1/config.json',
      'hub /google/siglip-base/resolve/refs%2Fpr%2F1/a/b%20c.json',
      'hub /api/resolve-cache/a%2Fb%20c.json',
      'hub /google/siglip-base/resolve/refs%2Fpr%2F1/model.safetensors',
      'storage /model.safetensors',
    ]);
  });

  test('the token goes to the hub only', async () => {
    await model({ token: 'hf_secret' }).bytes('model.safetensors');
    expect(hub.requests.map(({ server, headers }) => [server, headers.authorization])).toEqual([
      ['hub', 'Bearer hf_secret'],
      ['storage', undefined],
    ]);
  });

  test('a missing file is undefined', async () => {
    expect(await model().bytes('nothing.json')).toBeUndefined();
    expect(await model().open('nothing.json')).toBeUndefined();
  });

  test('a file opens for reading parts of it', async () => {
    const source = await model().open('model.safetensors');
    expect(source?.size).toBe(100_000);
    expect(await source?.read(99_990, 10)).toEqual(big.slice(99_990));
    await source?.close?.();
  });

  test('a redirect in circles, to another protocol', async () => {
    hub.intercept = (request, response) =>
      !!response.writeHead(302, { location: request.url }).end();
    await expect(model().bytes('config.json')).rejects.toThrow(
      'more than 10 redirects, expected a file',
    );
    hub.intercept = (_, response) =>
      !!response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    await expect(model().bytes('config.json')).rejects.toThrow(
      'redirected to file:///etc/passwd, expected an https address',
    );
  });

  test.each([
    [{ revision: '../main' }, 'revision "../main": expected a branch, a tag or a commit'],
    [{ revision: '' }, 'revision "": expected a branch, a tag or a commit'],
    [{ endpoint: 'file:///x' }, 'endpoint "file:///x": expected an http or https address'],
  ])('bad options %j', (options, message) => {
    expect(() => model(options)).toThrow(message);
    expect(() => hubFiles('../x')).toThrow('hub id "../x": expected the form organisation/model');
  });

  test('without a cache, in memory', async () => {
    const files = model({ cache: false });
    expectBig(await files.bytes('model.safetensors'));
    expect(await cached()).toEqual([]);
  });

  test('a cache of the caller’s', async () => {
    const values = new Map<string, Uint8Array>();
    const own = {
      get: async (key: string) => values.get(key),
      put: async (key: string, bytes: Uint8Array) => void values.set(key, bytes),
    };
    expect(await model({ cache: own, revision: hub.commit }).bytes('config.json')).toEqual(
      content(30),
    );
    expect(await model({ cache: own, revision: hub.commit }).bytes('config.json')).toEqual(
      content(30),
    );
    expect(hub.log.length).toBe(1);
    const folder = `${new URL(hub.endpoint).host.replace(':', '%3A')}/google/siglip-base/config.json`;
    expect([...values.keys()]).toEqual([`${folder}/blob-git1`, `${folder}/ref-${hub.commit}.json`]);
  });
});

describe('refusals', () => {
  const cases: [status: number, code: string, token: string | undefined, message: string][] = [
    [
      401,
      'RepoNotFound',
      undefined,
      'answered 401 (RepoNotFound): if it is a private or gated model, pass a token that may read it',
    ],
    [
      403,
      'GatedRepo',
      'hf_x',
      'answered 403 (GatedRepo): expected the given token to be valid and to have permission',
    ],
    [404, 'RepoNotFound', undefined, 'google/siglip-base is not a local folder, and'],
    [
      404,
      'RevisionNotFound',
      undefined,
      'main is not a valid git identifier (branch name, tag name or commit id) that exists',
    ],
    [418, 'x', undefined, 'status 418, expected 200'],
  ];
  test.each(cases)('%i %s', async (status, code, token, message) => {
    hub.intercept = (_, response) => !!response.writeHead(status, { 'x-error-code': code }).end();
    await expect(model(token ? { token } : {}).bytes('config.json')).rejects.toThrow(message);
    expect(hub.log.length).toBe(1);
  });
});

test('what the storage answers is not taken for what the hub says', async () => {
  for (const status of [401, 403, 404]) {
    const body: HubFile['body'] = (_, response) => !!response.writeHead(status).end();
    hub.files.set('big', { bytes: big, etag: 'x', via: 'storage', body });
    await expect(model().bytes('big')).rejects.toThrow(
      new RegExp(`/big: status ${status}, expected 200`),
    );
  }
});

describe('defaults', () => {
  test('the endpoint and the folder come from the environment', async () => {
    vi.stubEnv('HF_ENDPOINT', `${hub.endpoint}/`);
    vi.stubEnv('SIGLIP_CACHE', cache);
    expect(await hubFiles(id).bytes('config.json')).toEqual(content(30));
    vi.stubEnv('SIGLIP_CACHE', '');
    vi.stubEnv('XDG_CACHE_HOME', cache);
    expect(await hubFiles(id).bytes('config.json')).toEqual(content(30));
    expect((await readdir(cache)).length).toBe(2);
    expect(await readdir(cache)).toContain('siglip-ts');
    vi.unstubAllEnvs();
  });
});

describe('the cache', () => {
  test('at a commit, a file is asked for once, and a missing one too', async () => {
    for (let i = 0; i < 2; i++) {
      const files = model({ revision: hub.commit });
      expect(await files.bytes('config.json')).toEqual(content(30));
      expect(await files.bytes('nothing.json')).toBeUndefined();
    }
    expect(hub.log.length).toBe(2);
  });

  test('what came by a branch is there for its commit', async () => {
    await model().bytes('config.json');
    await model({ revision: hub.commit }).bytes('config.json');
    expect(hub.log.length).toBe(1);
  });

  test('on a branch, the ETag is asked about, and no body is sent again', async () => {
    for (let i = 0; i < 2; i++) {
      expect(await model().bytes('config.json')).toEqual(content(30));
      expectBig(await model().bytes('model.safetensors'));
    }
    expect(hub.requests.slice(3).map((r) => [r.server, r.headers['if-none-match']])).toEqual([
      ['hub', '"git1"'],
      ['hub', '"sha256"'],
    ]);
  });

  test('a hub that ignores If-None-Match is not followed to the storage', async () => {
    await model().bytes('model.safetensors');
    hub.intercept = (request) => (delete request.headers['if-none-match'], false);
    await model().bytes('model.safetensors');
    expect(hub.log.filter((line) => line.startsWith('storage')).length).toBe(1);
  });

  test('a changed file is downloaded anew', async () => {
    await model().bytes('config.json');
    hub.files.set('config.json', { bytes: content(40), etag: 'git2' });
    expect(await model().bytes('config.json')).toEqual(content(40));
    hub.files.delete('config.json');
    expect(await model().bytes('config.json')).toBeUndefined();
  });

  test('a content that another revision has is not downloaded again', async () => {
    await model().bytes('model.safetensors');
    expectBig(await model({ revision: 'v2' }).bytes('model.safetensors'));
    hub.log.length = 0;
    await model({ revision: 'v2' }).bytes('model.safetensors');
    expect(hub.log).toEqual(['hub /google/siglip-base/resolve/v2/model.safetensors']);
  });

  test('offline, the copy is used with a warning, at once', async () => {
    await model().bytes('config.json');
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const retry = { attempts: 3, pause: 60_000 };
    const offline = async () => {
      throw new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') });
    };
    expect(await model({ fetch: offline, retry }).bytes('config.json')).toEqual(content(30));
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^google\/siglip-base: using the cached config.json, perhaps out of date: .*no answer \(getaddrinfo ENOTFOUND\)$/,
    );
    hub.intercept = (_, response) => !!response.writeHead(503).end();
    expect(await model({ retry }).bytes('config.json')).toEqual(content(30));
    expect(warn.mock.calls.length).toBe(2);
    await expect(model({ fetch: offline }).bytes('other.json')).rejects.toThrow(
      'getaddrinfo ENOTFOUND',
    );
  });

  test('local_files_only never asks, and says what is missing', async () => {
    await model().bytes('config.json');
    await model().bytes('nothing.json');
    const never = { local_files_only: true, fetch: async () => expect.unreachable() };
    expect(await model(never).bytes('config.json')).toEqual(content(30));
    expect(await model(never).bytes('nothing.json')).toBeUndefined();
    await expect(model(never).bytes('model.safetensors')).rejects.toThrow(
      'google/siglip-base: model.safetensors at revision main is not in the cache, expected it there with local_files_only',
    );
  });

  test('a damaged cache is not trusted', async () => {
    const { truncate, writeFile } = await import('node:fs/promises');
    await model().bytes('config.json');
    const folder = join(cache, new URL(hub.endpoint).host.replace(':', '%3A'), id, 'config.json');
    await truncate(join(folder, 'blob-git1'), 10);
    expect(await model().bytes('config.json')).toEqual(content(30));
    for (const text of ['', '[]', 'null', '{"key":"../../x","size":1}', '{"size":30}']) {
      await writeFile(join(folder, 'ref-main.json'), text);
      expect(await model().bytes('config.json')).toEqual(content(30));
    }
  });
});

describe('progress', () => {
  test('initiate, download, progress, done', async () => {
    const events: ProgressInfo[] = [];
    const files = model({ progress_callback: (info) => events.push(info) });
    await files.bytes('model.safetensors');
    const about = { name: id, file: 'model.safetensors' };
    expect(events.slice(0, 2)).toEqual([
      { status: 'initiate', ...about },
      { status: 'download', ...about },
    ]);
    expect(events.slice(-2)).toEqual([
      { status: 'progress', ...about, progress: 100, loaded: 100_000, total: 100_000 },
      { status: 'done', ...about },
    ]);
    events.length = 0;
    await files.bytes('model.safetensors');
    await files.bytes('nothing.json');
    expect(events.map((e) => `${e.status} ${e.file}`)).toEqual([
      'initiate model.safetensors',
      'done model.safetensors',
      'initiate nothing.json',
    ]);
  });
});

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
    const { gzipSync } = await import('node:zlib');
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
      await rm(join(cache, new URL(hub.endpoint).host.replace(':', '%3A')), { recursive: true });
    }
  });

  test('a partial file whose writer may be alive is left alone', async () => {
    const { utimes } = await import('node:fs/promises');
    hub.files.set('big', { bytes: big, etag: 'x', body: cutEvery(30_000, 30_000) });
    const once = { retry: { attempts: 1, pause: 1 } };
    await expect(model(once).bytes('big')).rejects.toThrow('cut at byte 30000');
    const folder = join(cache, new URL(hub.endpoint).host.replace(':', '%3A'), id, 'big');
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
    const body = (_: unknown, response: { end(bytes: Uint8Array): unknown }) =>
      !!response.end(content(50));
    hub.files.set('big', { bytes: big, etag: 'x', via: 'storage', body });
    await expect(model().bytes('big')).rejects.toThrow(/50.*100000/);
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
    const body = (_: unknown, response: import('node:http').ServerResponse) => {
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
    const slow = (
      request: { headers: { range?: string } },
      response: import('node:http').ServerResponse,
    ) => {
      if (request.headers.range !== undefined) return false;
      response.writeHead(200, { 'content-length': big.length });
      response.write(big.subarray(0, 40_000));
      return true;
    };
    hub.files.set('big', { bytes: big, etag: 'x', body: slow as never });
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
