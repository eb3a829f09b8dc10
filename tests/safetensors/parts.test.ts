// What the format is read with, part by part: UTF-8 as the platform's, ranges of bytes, parts of a header, names of dtypes.
import { expect, test } from 'vitest';
import {
  bytesSource,
  decodeUtf8,
  fileDTypeOf,
  isFloat8,
  nameOfFileDType,
  openSafetensors,
  openSharded,
  serialize,
} from '@siglip-ts/safetensors';
import { encodeUtf8 } from '../../packages/safetensors/src/utf8.ts';
import { fileOf } from './fixtures.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function platform(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}
function ours(bytes: Uint8Array): string | null {
  try {
    return decodeUtf8(bytes, 'x');
  } catch (error) {
    expect((error as Error).message).toMatch(/^x: byte \d+ is not UTF-8, expected UTF-8$/);
    return null;
  }
}

test('UTF-8 is read as the platform reads it: every pair of bytes, and every edge of longer ones', () => {
  const wrong: string[] = [];
  const check = (...bytes: number[]) => {
    const given = Uint8Array.from(bytes);
    if (ours(given) !== platform(given)) wrong.push(bytes.map((b) => b.toString(16)).join(' '));
  };
  for (let a = 0; a < 256; a++) for (let b = 0; b < 256; b++) check(a, b);
  const edges = [0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let a = 0xc0; a < 256; a++)
    for (const b of edges)
      for (const c of edges) {
        check(a, b, c);
        for (const d of edges) check(a, b, c, d);
      }
  expect(wrong).toEqual([]);
});

test('and written as it writes it', () => {
  for (const point of [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
    const text = `a${String.fromCodePoint(point)}b`;
    expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
    expect(decodeUtf8(encodeUtf8(text), 'x')).toBe(text);
  }
});

test('bytes in memory: a range is within them', async () => {
  const source = bytesSource(Uint8Array.of(1, 2, 3), 'three');
  expect(source.name).toBe('three');
  expect('name' in bytesSource(new Uint8Array())).toBe(false);
  expect(await source.read(1, 2)).toEqual(Uint8Array.of(2, 3));
  expect(await source.read(3, 0)).toEqual(new Uint8Array());
  for (const [offset, length] of [
    [-1, 2],
    [2, -1],
    [2, 2],
    [4, 0],
  ] as const)
    // prettier-ignore
    await expect(source.read(offset, length)).rejects.toThrow(RangeError);
});

test('a header has every part of a tensor, and bytes that end after they begin', async () => {
  const parts = { dtype: 'U8', shape: [1], data_offsets: [0, 1] };
  const opened = (entry: object) =>
    openSafetensors(bytesSource(fileOf(JSON.stringify({ a: entry }), Uint8Array.of(7))));
  expect((await opened(parts)).tensors.size).toBe(1);
  for (const name of Object.keys(parts)) {
    const rest = Object.fromEntries(Object.entries(parts).filter(([key]) => key !== name));
    await expect(opened(rest)).rejects.toThrow('tensor "a": a part is missing, expected dtype');
  }
  for (const [data_offsets, n] of [
    [[], 0],
    [[0], 1],
    [[0, 1, 2], 3],
  ] as const)
    // prettier-ignore
    await expect(opened({ ...parts, data_offsets })).rejects.toThrow(`${n} data_offsets, expected 2`);
  const empty = { dtype: 'U8', shape: [0], data_offsets: [0, 0] };
  const file = await openSafetensors(bytesSource(fileOf(JSON.stringify({ a: empty }))));
  expect((await file.read('a', [0, 0])).shape).toEqual([0]);
  expect(file.tensors.get('a')!.end).toBe(0);
});

test('a header may be as long as the limit, and a file as short as its header', async () => {
  const source = () => bytesSource(fileOf('{}'));
  expect((await openSafetensors(source(), { maxHeaderBytes: 2 })).tensors.size).toBe(0);
  await expect(openSafetensors(source(), { maxHeaderBytes: 1 })).rejects.toThrow('at most 1');
});

test('the first shard that has a metadata key wins', async () => {
  const shard = (name: string) =>
    serialize(
      new Map([[name, { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }]]),
      new Map([['from', name]]),
    );
  const index = JSON.stringify({ weight_map: { a: 'a.safetensors', b: 'b.safetensors' } });
  const file = await openSharded(index, async (name) => bytesSource(shard(name[0]!)));
  expect([...file.metadata]).toEqual([['from', 'a']]);
});

test('dtypes by the names of NumPy and torch', () => {
  expect([fileDTypeOf('float32'), fileDTypeOf('bfloat16'), fileDTypeOf('bool')]).toEqual(['F32', 'BF16', 'BOOL']); // prettier-ignore
  expect([nameOfFileDType('F32'), nameOfFileDType('BF16')]).toEqual(['float32', 'bfloat16']);
  expect(nameOfFileDType('F8_E4M3')).toBe('F8_E4M3');
  expect([isFloat8('F8_E4M3'), isFloat8('F8_E5M2'), isFloat8('F8_E8M0')]).toEqual([true, true, false]); // prettier-ignore
});
