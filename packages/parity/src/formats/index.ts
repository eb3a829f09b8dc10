// Dumps on disk, of whichever format; what each is, is a file of its own. Input is hostile: what is broken throws one line
// with the path.
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Dump, DumpTensor } from '../dump.ts';
import { readDebugTree, TREE } from './debug-tree.ts';
import { firstBytes, readBytes } from './file.ts';
import { MANIFEST, readFolder, writeFolder } from './folder.ts';
import { readNpy, writeNpy } from './npy.ts';
import { readNpz, writeNpz } from './npz.ts';
import { readRaw, writeRaw } from './raw.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

/** What a dump can be written as: our folder, one file, or a folder with a file for each tensor. */
export const dumpFormats = ['folder', 'safetensors', 'npz', 'npy', 'bin'] as const;
export type DumpFormat = (typeof dumpFormats)[number];

/** "PK", how every zip begins. */
const ZIP = Uint8Array.of(0x50, 0x4b);

/** Throws for what is none of the formats, and for a dump without tensors. One odd array among others is in `skipped`. */
export async function readDump(path: string): Promise<Dump> {
  const isFolder = (await stat(path)).isDirectory();
  const dump = isFolder ? await readFiles(path) : await readFileDump(path);
  if (dump.taps.size === 0)
    throw new Error(dump.skipped?.[0] ?? `${path}: no tensors, expected a dump`);
  return dump;
}

async function readFiles(path: string): Promise<Dump> {
  const names = (await readdir(path)).sort();
  if (names.includes(MANIFEST)) return readFolder(path);
  const tree = names.find((name) => TREE.test(name));
  if (tree !== undefined) return readDebugTree(path, tree);
  const kind = names.some((name) => name.endsWith('.npy')) ? '.npy' : '.bin';
  const taps = new Map<string, DumpTensor>();
  const skipped: string[] = [];
  for (const file of names.filter((name) => name.endsWith(kind))) {
    const [name, full] = [file.slice(0, -4), join(path, file)];
    const bytes = await readBytes(full);
    try {
      taps.set(name, kind === '.npy' ? readNpy(bytes, full) : readRaw(bytes, name, full));
    } catch (error) {
      skipped.push((error as Error).message);
    }
  }
  return bare(path, taps, skipped);
}

async function readFileDump(path: string): Promise<Dump> {
  if (String(await firstBytes(path, 2)) === String(ZIP)) {
    const skipped: string[] = [];
    const taps = readNpz(await readBytes(path), path, (why) => skipped.push(why));
    return bare(path, taps, skipped);
  }
  const { tensors, metadata } = await readSafetensors(path);
  const text = (key: string) => metadata.get(key);
  const model = text('model');
  return {
    ...bare(path, tensors),
    ...(text('producer') !== undefined && { producer: text('producer')! }),
    ...(model !== undefined && { model }),
    ...(text('dtype') !== undefined && { dtype: text('dtype')! }),
  };
}

/** Of a dump that says nothing of itself. */
const bare = (
  path: string,
  taps: ReadonlyMap<string, DumpTensor>,
  skipped: readonly string[] = [],
): Dump => ({
  schema: 1,
  producer: basename(path),
  dtype: [...taps.values()].find(({ dtype }) => dtype.includes('float'))?.dtype ?? 'float32',
  taps,
  ...(skipped.length > 0 && { skipped }),
});

/** By its name .safetensors, .npz, or our folder. Halves are written as float32, and .bin has float32 and int32 only. */
export async function writeDump(
  path: string,
  dump: Dump,
  format: DumpFormat = formatOf(path),
): Promise<void> {
  const { producer, model, dtype, taps } = dump;
  const about = { producer, ...(model !== undefined && { model }), dtype };
  if (format === 'folder') return writeFolder(path, dump);
  if (format === 'safetensors') return writeFile(path, writeSafetensors(taps, about));
  if (format === 'npz') return writeFile(path, writeNpz(taps));
  await mkdir(path, { recursive: true });
  for (const [name, tensor] of taps) {
    const file = `${name}.${format}`;
    if (basename(file) !== file)
      throw new Error(`${path}: tensor "${name}" has a folder in its name, expected none`);
    await writeFile(join(path, file), format === 'npy' ? writeNpy(tensor) : writeRaw(name, tensor));
  }
}

const formatOf = (path: string): DumpFormat =>
  path.endsWith('.safetensors') ? 'safetensors' : path.endsWith('.npz') ? 'npz' : 'folder';
