// fileSource: files on disk.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, open, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '@siglip-ts/safetensors';
import { fileSource } from '@siglip-ts/safetensors/node';
import { fileOf, fixturePath, hexOf, reference } from './fixtures.ts';

/** Of a descriptor; what listing them opened itself is gone. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'safetensors-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('fileSource', () => {
  test('reads a file from disk', async () => {
    const file = await openSafetensors(await fileSource(fixturePath('unaligned.safetensors')));
    for (const { name, hex } of reference.files['unaligned.safetensors']!.tensors)
      expect(hexOf((await file.read(name)).data)).toBe(hex);
    await file.close();
  });

  test('reads beyond 4 GiB', async () => {
    const big = 5 * 2 ** 30;
    const header =
      `{"big":{"dtype":"U8","shape":[${big / 1024},1024],"data_offsets":[0,${big}]},` +
      `"last":{"dtype":"U16","shape":[2],"data_offsets":[${big},${big + 4}]}}`;
    const path = join(folder, 'big.safetensors');
    const handle = await open(path, 'w');
    await handle.write(fileOf(header));
    const dataStart = 8 + header.length;
    await handle.truncate(dataStart + big + 4); // sparse: takes no room on disk
    await handle.write(Uint8Array.of(7), 0, 1, dataStart + big - 1);
    await handle.write(Uint8Array.of(1, 2, 3, 4), 0, 4, dataStart + big);
    await handle.close();

    const file = await openSafetensors(await fileSource(path));
    expect((await file.read('last')).data).toEqual(Uint16Array.of(0x0201, 0x0403));
    const rows = await file.read('big', [big / 1024 - 1, big / 1024]);
    expect([rows.data[1022], rows.data[1023]]).toEqual([0, 7]);
    await file.close();
  });

  test.skipIf(!existsSync('/proc/self/fd'))('a read closes what it opened', async () => {
    const open = () => readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`));
    const path = fixturePath('unaligned.safetensors');
    const source = await fileSource(path);
    for (let i = 0; i < 100; i++) await source.read(0, 8);
    await expect(source.read(0, 1000)).rejects.toThrow('is truncated');
    expect(open().filter((name) => name === path)).toEqual([]);
  });

  test('a missing file, a folder, a read past the end', async () => {
    await expect(fileSource(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fileSource(folder)).rejects.toThrow(`${folder}: not a regular file, expected one`);
    const path = fixturePath('unaligned.safetensors');
    const source = await fileSource(path);
    await expect(source.read(0, 2 ** 40)).rejects.toThrow(
      `${path} is truncated: it has 386 bytes, expected 1099511627776 bytes at 0`,
    );
    for (const [offset, length] of [
      [-1, 2],
      [0, -1],
      [385, 2],
    ] as const)
      // prettier-ignore
      await expect(source.read(offset, length)).rejects.toThrow(`${path} is truncated`);
    expect(await source.read(386, 0)).toEqual(new Uint8Array());
    await source.close?.();
  });

  test('a file that was rewritten in the same length says so', async () => {
    const path = join(folder, 'rewritten');
    await writeFile(path, 'abc');
    const source = await fileSource(path);
    await utimes(path, 1, 1);
    await expect(source.read(0, 3)).rejects.toThrow('changed since it was opened');
  });

  test('a file that is written to while it is open says so', async () => {
    const path = join(folder, 'shrinks.safetensors');
    const handle = await open(path, 'w');
    await handle.write(
      fileOf('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}', new Uint8Array(4)),
    );
    await handle.close();
    const file = await openSafetensors(await fileSource(path));
    await truncate(path, 62);
    await expect(file.read('a')).rejects.toThrow(
      `${path}: changed since it was opened, from 65 to 62 bytes`,
    );
    await file.close();
  });
});
