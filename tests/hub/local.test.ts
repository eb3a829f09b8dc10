// The files of a folder and of a map, and how modelFiles chooses.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderFiles, mapFiles, modelFiles } from '@siglip-ts/hub';
import { openSafetensors } from '@siglip-ts/safetensors';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
  await writeFile(join(folder, 'config.json'), '{"a":1}');
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'sub', 'x'), 'y');
});
afterAll(() => rm(folder, { recursive: true }));

const bytes = new TextEncoder().encode('{"a":1}');

describe.each([
  ['a folder', () => folderFiles(folder)],
  [
    'a Map',
    () =>
      mapFiles(
        new Map([
          ['config.json', bytes],
          ['sub/x', Uint8Array.of(121)],
        ]),
      ),
  ],
  ['an object', () => mapFiles({ 'config.json': bytes, 'sub/x': Uint8Array.of(121) })],
])('the files of %s', (_, make) => {
  test('are read whole, in parts, or not there', async () => {
    const files = make();
    expect(await files.bytes('config.json')).toEqual(bytes);
    expect(await files.bytes('sub/x')).toEqual(Uint8Array.of(121));
    const source = await files.open('config.json');
    expect(source?.size).toBe(7);
    expect(await source?.read(2, 3)).toEqual(bytes.slice(2, 5));
    await source?.close?.();
    for (const none of ['toString', 'config.json/x', 'nowhere/config.json']) {
      expect(await files.bytes(none)).toBeUndefined();
      expect(await files.open(none)).toBeUndefined();
    }
    expect(await files.list?.()).toContain('config.json');
  });

  test.each(['../x', '/etc/passwd', 'a/../../b', '', 'a//b', './a', 'C:x', 'a\\b', 'a\0'])(
    'a name may not be %j',
    async (name) => {
      const message = `file name ${JSON.stringify(name)}: expected a relative path without '..'`;
      await expect((async () => make().bytes(name))()).rejects.toThrow(message);
      await expect((async () => make().open(name))()).rejects.toThrow(message);
    },
  );
});

describe('modelFiles', () => {
  test('picks by what it is given', async () => {
    expect((await modelFiles(folder)).name).toBe(folder);
    expect((await modelFiles({ get: bytes })).name).toBe('the given files');
    expect(await (await modelFiles({ get: bytes })).bytes('get')).toBe(bytes);
    expect((await modelFiles(new Map())).name).toBe('the given files');
    expect((await modelFiles('google/siglip-base-patch16-224')).name).toBe(
      'google/siglip-base-patch16-224',
    );
  });

  test.each([
    'siglip',
    './models/siglip',
    '../x',
    'a/b/c',
    '',
    'a b/c',
    '-a/b',
    'a/..',
    'a/b-',
    'a--b/c',
  ])('%j is neither a folder nor an id', async (source) => {
    await expect(modelFiles(source)).rejects.toThrow(
      `Incorrect path_or_model_id: '${source}'. Please provide either the path to a local folder or the repo_id of a model on the Hub.`,
    );
  });

  test('a file in a folder opens as safetensors', async () => {
    const files = await modelFiles('fixtures/safetensors');
    const source = await files.open('dtypes.safetensors');
    const file = await openSafetensors(source!);
    expect(file.tensors.size).toBe(20);
    await file.close();
  });
});
