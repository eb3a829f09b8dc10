// What was downloaded is what was meant: bodies against the hub's ETags, where those are hashes of the content, on the way
// and later on disk.
import { createHash, type Hash } from 'node:crypto';
import {
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { addressFiles, listCache, pruneCache, verifyCache } from '@siglip-ts/hub';
import { content, cutEvery } from './hub-server.ts';
import { big, cache, cached, expectBig, hostFolder, hub, id, model } from './hub-setup.ts';

const hex = (hash: Hash, bytes: Uint8Array) => hash.update(bytes).digest('hex');
const sha256 = (bytes: Uint8Array) => hex(createHash('sha256'), bytes);
const git = (bytes: Uint8Array) => hex(createHash('sha1').update(`blob ${bytes.length}\0`), bytes);
const other = big.with(70_000, 1);
const small = content(30);
const folder = (file: string) => join(cache, hostFolder(), id, file);

/** Sends other bytes than the ETag is of. */
const lie = (bytes: Uint8Array) => (_: unknown, response: ServerResponse) =>
  !!response.writeHead(200, { 'content-length': bytes.length }).end(bytes);

beforeEach(() => {
  hub.files.set('config.json', { bytes: small, etag: git(small) });
  hub.files.set('model.safetensors', { bytes: big, etag: sha256(big), via: 'storage' });
});

describe('on the way', () => {
  test('what is right is kept', async () => {
    for (const where of [cache, false] as const) {
      expect(await model({ cache: where }).bytes('config.json')).toEqual(small);
      expectBig(await model({ cache: where }).bytes('model.safetensors'));
    }
  });

  test.each([
    ['model.safetensors', other, () => sha256(big)],
    ['config.json', small.with(3, 9), () => git(small)],
  ])('%s: what is not is refused, and not kept', async (name, bytes, etag) => {
    const file = hub.files.get(name)!;
    for (const where of [cache, false] as const) {
      hub.files.set(name, { ...file, body: lie(bytes) });
      await expect(model({ cache: where }).bytes(name)).rejects.toThrow(
        `the body is not what its ETag ${etag()} says, and is not kept: something on the way changes files; try again, or without the proxy or mirror in between`,
      );
      expect(await cached()).toEqual([]);
    }
    hub.files.set(name, file);
    expect(Buffer.compare((await model().bytes(name))!, file.bytes)).toBe(0);
  });

  test('a rest is joined only to what was right before it; else all is brought again', async () => {
    const file = hub.files.get('model.safetensors')!;
    const cut = cutEvery(30_000, 60_000);
    hub.files.set('model.safetensors', { ...file, body: cut });
    expectBig(await model().bytes('model.safetensors')); // resumed twice, and right
    await rm(folder('model.safetensors'), { recursive: true });

    const once = { retry: { attempts: 1, pause: 1 } };
    await expect(model(once).bytes('model.safetensors')).rejects.toThrow('cut at byte 30000');
    const [part = ''] = await readdir(folder('model.safetensors'));
    const path = join(folder('model.safetensors'), part);
    await writeFile(path, (await readFile(path)).fill(7, 100, 200));
    await utimes(path, new Date(), 0);
    hub.files.set('model.safetensors', file);
    hub.requests.length = 0;
    expectBig(await model().bytes('model.safetensors'));
    const ranges = hub.requests.filter((r) => r.server === 'storage').map((r) => r.headers.range);
    expect(ranges).toEqual([undefined, 'bytes=30000-', undefined]);
  });

  test('an ETag that is no hash, or another server’s, is a name and no more', async () => {
    hub.files.set('model.safetensors', { bytes: big, etag: 'a'.repeat(32) });
    expectBig(await model().bytes('model.safetensors'));
    hub.intercept = (_, response) =>
      !!response.writeHead(200, { etag: `"${sha256(other)}"` }).end(big);
    const files = addressFiles(new URL(`${hub.endpoint}/models/`), { cache });
    expectBig(await files.bytes('model.safetensors'));
  });
});

describe('on disk', () => {
  test('verify names every file that is not what its name says', async () => {
    for (const name of ['config.json', 'model.safetensors']) await model().bytes(name);
    expect(await verifyCache(cache)).toEqual({ checked: 2, bytes: 100_030, nameless: 0, bad: [] });
    const blob = join(folder('model.safetensors'), `blob-${sha256(big)}`);
    await writeFile(blob, other);
    await truncate(join(folder('config.json'), `blob-${git(small)}`), 20);
    const { bad } = await verifyCache(cache);
    const name = `${new URL(hub.endpoint).host}/${id}`;
    expect([...bad].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      {
        path: join(folder('config.json'), `blob-${git(small)}`),
        name: `${name}: config.json`,
        why: 'it has 20 bytes, expected 30',
      },
      {
        path: blob,
        name: `${name}: model.safetensors`,
        why: `its sha256 is ${sha256(other)}, expected ${sha256(big)}`,
      },
    ]);
    for (const { path } of bad) await rm(path); // the remedy
    for (const file of ['config.json', 'model.safetensors']) await model().bytes(file);
    expect((await verifyCache(cache)).bad).toEqual([]);
  });

  test('what a server names by no hash is looked at by its size, and what it does not name by ours', async () => {
    hub.intercept = (request, response) => {
      const headers = request.url!.endsWith('config.json') ? { etag: '"v1"' } : {};
      return !!response.writeHead(200, headers).end(small);
    };
    const files = addressFiles(new URL(`${hub.endpoint}/models/`), { cache });
    await files.bytes('config.json');
    await files.bytes('tokenizer.json');
    expect(await verifyCache(cache)).toEqual({ checked: 1, bytes: 30, nameless: 1, bad: [] });
    const [blob = ''] = (await cached()).filter((name) => name === `blob-${sha256(small)}`);
    const paths = await readdir(cache, { recursive: true });
    await writeFile(
      join(
        cache,
        paths.find((p) => p.endsWith(blob))!,
      ),
      small.with(0, 9),
    );
    expect((await verifyCache(cache)).bad.map(({ why }) => why)).toEqual([
      `its sha256 is ${sha256(small.with(0, 9))}, expected ${sha256(small)}`,
    ]);
  });

  test('list tells the models, prune removes what nothing names, and both leave the rest', async () => {
    expect(await listCache(join(cache, 'nowhere'))).toEqual([]);
    const before = Date.now() - 2000;
    await model().bytes('model.safetensors');
    await model().bytes('nothing.json');
    const [listed, ...others] = await listCache(cache);
    expect(others).toEqual([]);
    const name = `${new URL(hub.endpoint).host}/${id}`;
    expect(listed).toMatchObject({ name, files: 1, bytes: 100_000 });
    expect(listed!.downloaded.getTime()).toBeGreaterThan(before);

    const kept = await cached();
    const old = join(folder('model.safetensors'), 'blob-old');
    const dead = join(folder('model.safetensors'), `blob-x.part-y-${'0'.repeat(8)}.1.deadbeef.0`);
    const alive = `${dead}1`;
    for (const path of [old, dead, alive]) await writeFile(path, content(10));
    await utimes(dead, 0, 0);
    // Not ours, wherever the option points.
    await mkdir(join(cache, 'notes'));
    await writeFile(join(cache, 'notes/blob-mine'), 'x');
    const would = await pruneCache(cache, { dry_run: true });
    expect(would).toEqual([
      { path: old, size: 10 },
      { path: dead, size: 10 },
    ]);
    expect((await cached()).length).toBe(kept.length + 4);
    expect(await pruneCache(cache)).toEqual(would);
    expect(await pruneCache(cache)).toEqual([]);
    expect((await cached()).length).toBe(kept.length + 2);
    await rm(alive);
    expectBig(await model({ local_files_only: true }).bytes('model.safetensors'));
  });
});

test.each([
  ['a device', 'a device, expected a regular file', (path: string) => symlink('/dev/zero', path)],
  [
    'a large one',
    '1099511627776 bytes, expected at most 65536',
    (path: string) => truncate(path, 2 ** 40),
  ],
])(
  'a record that is %s is refused by its path, and nothing is removed',
  async (_, words, spoil) => {
    await model({ cache }).bytes('config.json');
    const names = await readdir(folder('config.json'));
    const path = join(
      folder('config.json'),
      names.find((name) => name.startsWith('ref-main'))!,
    );
    if (words.startsWith('a device')) await rm(path);
    await spoil(path);
    await expect(model({ cache }).bytes('config.json')).rejects.toThrow(`${path}: ${words}`);
    // What is a link is no record to those who go through the folder.
    for (const all of words.startsWith('a device') ? [] : [listCache, pruneCache])
      await expect(all(cache)).rejects.toThrow(`${path}: ${words}`);
    expect((await readdir(folder('config.json'))).sort()).toEqual(names.sort());
  },
);
