// What the environment says of the hub: tokens, being offline, and the cache of the hub's own client.
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hubFiles, type HubOptions } from '@siglip-ts/hub';
import { content } from './hub-server.ts';
import { big, cache, expectBig, home, hub, id } from './hub-setup.ts';

beforeEach(() => vi.stubEnv('SIGLIP_CACHE', cache));
const retry = { attempts: 2, pause: 1 };
const model = (options: HubOptions = {}) => hubFiles(id, { endpoint: hub.endpoint, retry, ...options }); // prettier-ignore
const sent = () => hub.requests.map(({ server, headers }) => `${server} ${headers.authorization}`);

describe('the token', () => {
  test.each([
    [{ HF_TOKEN: 'one\n', HUGGING_FACE_HUB_TOKEN: 'two' }, {}, 'Bearer one'],
    [{ HUGGING_FACE_HUB_TOKEN: 'two' }, {}, 'Bearer two'],
    [{ HF_TOKEN: 'one' }, { token: 'mine' }, 'Bearer mine'],
    [{ HF_TOKEN: 'one' }, { token: false }, undefined],
    [{ HF_TOKEN: 'one', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, {}, undefined],
    [{}, {}, undefined],
  ] as const)('%j %j', async (variables, options, token) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    await model(options).bytes('model.safetensors');
    expect(sent()).toEqual([`hub ${token}`, 'storage undefined']);
  });

  test('that `huggingface-cli login` wrote', async () => {
    await writeFile(join(home, 'token'), 'written\n');
    await model().bytes('model.safetensors');
    expect(sent()).toEqual(['hub Bearer written', 'storage undefined']);
    await writeFile(join(home, 'other'), 'elsewhere');
    vi.stubEnv('HF_TOKEN_PATH', join(home, 'other'));
    hub.requests.length = 0;
    await model().bytes('config.json');
    expect(sent()).toEqual(['hub Bearer elsewhere']);
  });

  test('that is refused is named', async () => {
    vi.stubEnv('HF_TOKEN', 'old');
    const code = { 'x-error-code': 'GatedRepo' };
    hub.intercept = (_, response) => !!response.writeHead(403, code).end();
    await expect(model().bytes('config.json')).rejects.toThrow(
      'expected the given token to be valid and to have permission to read this model; it is that of $HF_TOKEN',
    );
  });
});

test.each(['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'])('$%s: nothing is asked', async (name) => {
  await model().bytes('config.json');
  hub.log.length = 0;
  vi.stubEnv(name, 'ON');
  expect(await model().bytes('config.json')).toEqual(content(30));
  await expect(model().bytes('other.json')).rejects.toThrow('expected it there with local_files');
  expect(hub.log).toEqual([]);
  expect(await model({ local_files_only: false }).bytes('other.json')).toBeUndefined();
});

describe("the cache of the hub's own client", () => {
  /** Puts a file there as huggingface_hub does. */
  async function put(root: string, file: string, bytes: Uint8Array, etag: string, linked = true) {
    const folder = join(root, 'models--google--siglip-base');
    const path = join(folder, 'snapshots', hub.commit, file);
    for (const at of [dirname(path), join(folder, 'blobs'), join(folder, 'refs')])
      await mkdir(at, { recursive: true });
    await writeFile(join(folder, 'refs/main'), hub.commit);
    const blob = join(folder, 'blobs', etag);
    await writeFile(linked ? blob : path, bytes);
    if (linked) await symlink(blob, path);
  }

  test.each([
    ['HF_HOME', (v: string) => join(v, 'hub')],
    ['HF_HUB_CACHE', (v: string) => v],
    ['HUGGINGFACE_HUB_CACHE', (v: string) => v],
  ])('$%s', async (name, rootOf) => {
    const named = join(home, name);
    vi.stubEnv(name, named);
    await put(rootOf(named), 'config.json', content(7), 'git1');
    await put(rootOf(named), 'model.safetensors', big, 'sha256');
    const before = await readdir(home, { recursive: true });
    // A branch: asked about by its ETag, and not brought again.
    expect(await model().bytes('config.json')).toEqual(content(7));
    expect(hub.requests.map(({ headers }) => headers['if-none-match'])).toEqual(['"git1"']);
    // A commit, and offline: not even asked about.
    hub.log.length = 0;
    for (const options of [{ revision: hub.commit }, { local_files_only: true }]) {
      expectBig(await model(options).bytes('model.safetensors'));
      const source = await model(options).open('model.safetensors');
      expectBig(await source?.read(0, big.length));
    }
    expect(hub.log).toEqual([]);
    expect(await readdir(home, { recursive: true })).toEqual(before);
    expect(await readdir(cache)).toEqual([]);
  });

  test('a file that is newer on the hub is brought into our own', async () => {
    await put(join(home, 'hub'), 'config.json', content(7), 'git0');
    expect(await model().bytes('config.json')).toEqual(content(30));
    expect(await model().bytes('config.json')).toEqual(content(30));
    expect(hub.requests.map(({ headers }) => headers['if-none-match'])).toEqual(['"git0"', '"git1"']); // prettier-ignore
  });

  test('once the commit is known, the files of that commit need no asking', async () => {
    for (const file of ['config.json', 'model.safetensors'])
      await put(join(home, 'hub'), file, content(9), file === 'config.json' ? 'git1' : 'sha256');
    const files = model();
    await files.bytes('config.json');
    await files.bytes('model.safetensors');
    expect(hub.log.length).toBe(1);
  });

  test('without links, as on Windows, the commit tells', async () => {
    await put(join(home, 'hub'), 'config.json', content(7), 'git1', false);
    expect(await model().bytes('config.json')).toEqual(content(7));
    hub.commit = 'decade'.padEnd(40, '0');
    expect(await model().bytes('config.json')).toEqual(content(30));
  });

  test('what it knows to be missing; another cache that is asked for', async () => {
    const folder = join(home, 'hub/models--google--siglip-base/.no_exist', hub.commit);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'added_tokens.json'), '');
    expect(await model({ revision: hub.commit }).bytes('added_tokens.json')).toBeUndefined();
    expect(hub.log).toEqual([]);
    await put(join(home, 'hub'), 'config.json', content(7), 'git1');
    for (const other of [cache, false] as const)
      expect(await model({ cache: other }).bytes('config.json')).toEqual(content(30));
  });
});
