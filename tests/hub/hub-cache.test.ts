// hubFiles: when the cache will do, when the hub is asked.
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { content } from './hub-server.ts';
import { cache, expectBig, hostFolder, hub, id, model } from './hub-setup.ts';

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
    await model().bytes('config.json');
    const folder = join(cache, hostFolder(), id, 'config.json');
    await truncate(join(folder, 'blob-git1'), 10);
    expect(await model().bytes('config.json')).toEqual(content(30));
    for (const text of ['', '[]', 'null', '{"key":"../../x","size":1}', '{"size":30}']) {
      await writeFile(join(folder, 'ref-main.json'), text);
      expect(await model().bytes('config.json')).toEqual(content(30));
    }
  });
});
