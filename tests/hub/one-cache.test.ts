// One cold cache that several fill at the same time, and what stays in it: nothing twice, nothing partial, nothing outdated.
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addressFiles } from '@siglip-ts/hub';
import { content, cutEvery } from './hub-server.ts';
import { big, cache, cached, expectBig, hostFolder, hub, id, model } from './hub-setup.ts';
import { fillTogether } from './one-cache.ts';

const folder = () => join(cache, hostFolder(), id, 'big');
const parts = async () => (await cached()).filter((name) => name.includes('.part-'));

test('ten processes at once, some killed with -9: all others end right, and no partial files pile up', async () => {
  const { killed } = await fillTogether(3);
  expect(killed).toBeGreaterThan(0);
});

test('a value that is there is not replaced under those who read it', async () => {
  hub.files.set('big', { bytes: big, etag: 'x', body: cutEvery(50_000, 50_000) });
  // Of two revisions, so that one does not wait for the other; the pause before the rest makes it the later.
  const slow = model({ revision: 'a', retry: { attempts: 3, pause: 400 } });
  const fast = model({ revision: 'b' });
  const late = slow.open('big');
  const source = (await fast.open('big'))!;
  const before = await stat(join(folder(), 'blob-x'));
  expectBig(await (await late)!.read(0, 100_000));
  expectBig(await source.read(0, 100_000));
  const after = await stat(join(folder(), 'blob-x'));
  expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  expect(await parts()).toEqual([]);
});

test('two loads in one process share a download; one that is aborted does not take the other along', async () => {
  const bodies = () => hub.log.filter((line) => line.startsWith('storage')).length;
  const all = Array.from({ length: 5 }, () => model().bytes('model.safetensors'));
  for (const bytes of await Promise.all(all)) expectBig(bytes);
  expect(bodies()).toBe(1);

  hub.files.set('big', { bytes: big, etag: 'x', body: cutEvery(50_000, 50_000) });
  const stop = new AbortController();
  const first = model({ signal: stop.signal, retry: { attempts: 3, pause: 60_000 } }).bytes('big');
  while (!hub.log.some((line) => line.endsWith('/big')))
    await new Promise((resolve) => setTimeout(resolve, 2)); // it is the one that downloads
  const second = model().bytes('big');
  const waits = new AbortController();
  const third = model({ signal: waits.signal }).bytes('big');
  waits.abort(new Error('no longer'));
  await expect(third).rejects.toThrow('no longer');
  setTimeout(() => stop.abort(new Error('enough')), 300);
  await expect(first).rejects.toThrow('enough');
  expectBig(await second);
});

test('what a killed process left is gone on from at once', async () => {
  hub.files.set('big', { bytes: big, etag: 'x', body: cutEvery(30_000, 30_000) });
  await expect(model({ retry: { attempts: 1, pause: 1 } }).bytes('big')).rejects.toThrow('cut');
  const [name = ''] = await parts();
  const owner = /([0-9a-f]{8})\.(\d+)\.(.{8})\.(\d+)$/.exec(name)!;
  expect(Number(owner[2])).toBe(process.pid);
  const bytes = await readFile(join(folder(), name));
  // Of a process that is no more: ids end well below.
  const gone = [`${owner[1]}.${2 ** 30}.${owner[3]}.0`, `${owner[1]}.${process.pid}.earlier_.0`];
  for (const writer of gone) {
    await rm(folder(), { recursive: true });
    await mkdir(folder());
    await writeFile(join(folder(), name.slice(0, owner.index) + writer), bytes);
    hub.requests.length = 0;
    expectBig(await model().bytes('big'));
    expect(hub.requests.at(-1)?.headers.range).toBe('bytes=30000-');
    expect(await parts()).toEqual([]);
  }
  // Of a process elsewhere, of which nothing is known but that the file is new.
  await rm(folder(), { recursive: true });
  await mkdir(folder());
  await writeFile(join(folder(), `${name.slice(0, owner.index)}00000000.1.elsewher.0`), bytes);
  hub.files.set('big', { bytes: big, etag: 'x' });
  hub.requests.length = 0;
  expectBig(await model().bytes('big'));
  expect(hub.requests.some(({ headers }) => headers.range !== undefined)).toBe(false);
  expect((await parts()).length).toBe(1);
});

test('where a server names no version, the same content is kept once, and an older one goes when nobody reads it', async () => {
  let bytes = content(1000);
  hub.intercept = (_, response) => !!response.end(bytes);
  const read = () =>
    addressFiles(new URL(`${hub.endpoint}/models/`), { cache }).bytes('config.json');
  const blobs = async () => (await cached()).filter((name) => name.startsWith('blob-'));
  for (let start = 0; start < 3; start++) expect(await read()).toEqual(content(1000));
  const [first = '', ...others] = await blobs();
  expect(others).toEqual([]);
  bytes = content(1001);
  expect(await read()).toEqual(bytes);
  expect((await blobs()).length).toBe(2); // Someone may be reading it yet.
  const path = (await readdir(cache, { recursive: true })).find((name) => name.endsWith(first))!;
  await utimes(join(cache, path), new Date('2020-01-01'), new Date('2020-01-01'));
  bytes = content(1002);
  expect(await read()).toEqual(bytes);
  expect(await blobs()).not.toContain(first);
  expect((await blobs()).length).toBe(2);
});
