// hubFiles: which addresses it asks, what it tells, what it makes of the hub's answers.
import { readdir } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { hubFiles, type ProgressInfo } from '@siglip-ts/hub';
import { content, type HubFile } from './hub-server.ts';
import { big, cache, cached, expectBig, hostFolder, hub, id, model } from './hub-setup.ts';

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

  /** As a browser's fetch does, which belongs to the window. */
  function particular(this: unknown, ...request: Parameters<typeof fetch>): Promise<Response> {
    if (this !== undefined && this !== globalThis) throw new TypeError('Illegal invocation');
    return globalThis.fetch(...request);
  }
  test('fetch is called as a function, as a browser wants it', async () => {
    expectBig(await model({ fetch: particular }).bytes('model.safetensors'));
    const native = globalThis.fetch;
    vi.stubGlobal('fetch', function (this: unknown, ...request: Parameters<typeof fetch>) {
      if (this !== undefined && this !== globalThis) throw new TypeError('Illegal invocation');
      return native(...request);
    });
    expectBig(await model({ cache: false }).bytes('model.safetensors'));
    vi.unstubAllGlobals();
  });

  test('the token goes to the hub only', async () => {
    await model({ token: 'hf_secret' }).bytes('model.safetensors');
    expect(hub.requests.map(({ server, headers }) => [server, headers.authorization])).toEqual([
      ['hub', 'Bearer hf_secret'],
      ['storage', undefined],
    ]);
  });

  test('a page in place of a file, as networks send that ask to log in, is no file', async () => {
    hub.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
      return true;
    };
    const files = model();
    expect(await files.bytes('config.json')).toBeUndefined();
    expect(files.absence?.('config.json')).toContain('answered a web page');
    hub.intercept = undefined;
    expect(await model().bytes('config.json')).toEqual(content(30)); // nothing was kept
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
    const folder = `${hostFolder()}/google/siglip-base/config.json`;
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
    expect(events.map((e) => `${e.status} ${'file' in e && e.file}`)).toEqual([
      'initiate model.safetensors',
      'done model.safetensors',
      'initiate nothing.json',
    ]);
  });
});
