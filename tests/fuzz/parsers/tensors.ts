// Files of tensors: safetensors, and the dumps that parity reads from a disk.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDump } from '@siglip-ts/parity';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { mutateNpy } from '../mutate/npy.ts';
import { mutateNpz } from '../mutate/npz.ts';
import { mutateSafetensors } from '../mutate/safetensors.ts';
import { fileOf, type Parser } from './parser.ts';

const files = (folder: string, names: readonly string[]) => () =>
  names.map((name) => fileOf(folder, name));
const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A folder of this process alone, gone when it ends. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'siglip-fuzz-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A dump in a file of that name, all of whose tensors are as large as they say. */
const dump = (name: string, within: '' | 'dump'): Parser['read'] => {
  let folder: string | undefined;
  return async (bytes) => {
    folder ??= ownFolder();
    writeFileSync(join(folder, name), bytes);
    const { taps, skipped } = await readDump(within ? folder : join(folder, name));
    for (const [tap, { shape, data }] of taps)
      if (data.length !== product(shape)) return `${tap}: ${data.length} numbers for [${shape}]`;
    const unnamed = skipped?.find((why) => !why.includes(name));
    if (unnamed !== undefined) throw new Error(unnamed);
    return undefined;
  };
};

export const TENSORS: readonly Parser[] = [
  {
    name: 'safetensors',
    seeds: files('fixtures/safetensors', [
      'dtypes.safetensors',
      'shapes.safetensors',
      'unaligned.safetensors',
    ]),
    mutate: mutateSafetensors,
    async read(bytes) {
      const file = await openSafetensors(bytesSource(bytes, 'fuzz.safetensors'));
      for (const [name, { begin, end }] of file.tensors) {
        const { data } = await file.read(name);
        if (data.byteLength !== end - begin) return `${name}: ${data.byteLength} bytes`;
      }
      return undefined;
    },
    names: /fuzz\.safetensors/,
  },
  {
    name: 'npy',
    seeds: files('fixtures/parity', [
      ...['float16', 'float64', 'int64', 'scalar', 'uint8'].map((name) => `npy/${name}.npy`),
      'fortran/transposed.npy',
    ]),
    mutate: mutateNpy,
    read: dump('fuzz.npy', 'dump'),
    names: /fuzz\.npy/,
  },
  {
    name: 'npz',
    seeds: files('fixtures/parity', ['formats.npz', 'odd.npz']),
    mutate: mutateNpz,
    read: dump('fuzz.npz', ''),
    names: /fuzz\.npz/,
  },
];
