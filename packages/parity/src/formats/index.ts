// Dumps on disk, of whichever format: our folder, one .safetensors, an .npz, or a folder of .npy files. Input is hostile:
// what is broken throws one line with the path.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { serialize, type FileDType, type TensorData } from '@siglip-ts/safetensors';
import { unzipSync } from 'fflate';
import type { Dump, DumpTensor } from '../dump.ts';
import { readNpy } from './npy.ts';
import { readSafetensors } from './safetensors.ts';

const MANIFEST = 'manifest.json';
const TENSORS = 'taps.safetensors';
/** Of an .npz unpacked: more is refused, since a small file may claim anything. */
const LARGEST = 2 ** 31;

/** Throws for what is none of the formats, and for a dump without tensors. */
export async function readDump(path: string): Promise<Dump> {
  const dump = (await stat(path)).isDirectory() ? await readFolder(path) : await readFileDump(path);
  if (dump.taps.size === 0) throw new Error(`${path}: no tensors, expected a dump`);
  return dump;
}

async function readFolder(path: string): Promise<Dump> {
  const names = await readdir(path);
  if (names.includes(MANIFEST)) return readOurs(path);
  const taps = new Map<string, DumpTensor>();
  for (const name of names.filter((n) => n.endsWith('.npy')).sort())
    taps.set(name.slice(0, -4), readNpy(await readFile(join(path, name)), join(path, name)));
  return { schema: 1, producer: basename(path), dtype: dtypeOf(taps), taps };
}

async function readFileDump(path: string): Promise<Dump> {
  const bytes = await readFile(path);
  if (bytes.subarray(0, 2).toString('latin1') === 'PK') {
    const taps = npzTaps(path, bytes);
    return { schema: 1, producer: basename(path), dtype: dtypeOf(taps), taps };
  }
  const { tensors, metadata } = await readSafetensors(path);
  const producer = metadata.get('producer') ?? basename(path);
  return { schema: 1, producer, dtype: metadata.get('dtype') ?? dtypeOf(tensors), taps: tensors };
}

function npzTaps(path: string, bytes: Uint8Array): Map<string, DumpTensor> {
  let total = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ originalSize }) {
        total += originalSize;
        if (total > LARGEST) throw new RangeError(`more than ${LARGEST} bytes unpacked`);
        return true;
      },
    });
  } catch (error) {
    throw new Error(`${path}: no readable .npz: ${(error as Error).message}`);
  }
  const entries = Object.entries(files).filter(([name]) => name.endsWith('.npy'));
  return new Map(
    entries.map(([name, npy]) => [name.slice(0, -4), readNpy(npy, `${path}:${name}`)]),
  );
}

/** The manifest names the order; the tensors are beside it. */
async function readOurs(path: string): Promise<Dump> {
  const fail = (what: string): never => {
    throw new Error(`${join(path, MANIFEST)}: ${what}`);
  };
  let manifest: Record<string, unknown>;
  try {
    manifest = JSON.parse(await readFile(join(path, MANIFEST), 'utf8')) as Record<string, unknown>;
  } catch (error) {
    return fail((error as Error).message);
  }
  const { schema, producer, model, dtype, taps: order } = manifest ?? {};
  if (schema !== 1) return fail(`schema ${JSON.stringify(schema)}, expected 1`);
  if (typeof producer !== 'string' || typeof dtype !== 'string') return fail('expected a producer and a dtype'); // prettier-ignore
  if (!Array.isArray(order) || !order.every((name) => typeof name === 'string'))
    return fail('expected taps, a list of names');
  const { tensors } = await readSafetensors(join(path, TENSORS));
  const taps = new Map<string, DumpTensor>();
  for (const name of order as string[])
    taps.set(name, tensors.get(name) ?? fail(`tap "${name}", which ${TENSORS} does not have`));
  return { schema: 1, producer, ...(typeof model === 'string' && { model }), dtype, taps };
}

const FILE_DTYPES = { Float32Array: 'F32', Float64Array: 'F64', Int32Array: 'I32' } as const;

/** Writes a dump as a folder: manifest.json and taps.safetensors. Halves are written as float32. */
export async function writeDump(path: string, dump: Dump): Promise<void> {
  const tensors = new Map<string, { dtype: FileDType; shape: number[]; data: TensorData }>();
  for (const [name, { shape, data }] of dump.taps) {
    const dtype = FILE_DTYPES[data.constructor.name as keyof typeof FILE_DTYPES];
    tensors.set(name, { dtype, shape: [...shape], data: data as TensorData });
  }
  await mkdir(path, { recursive: true });
  await writeFile(join(path, TENSORS), serialize(tensors, new Map()));
  const { taps, ...rest } = dump;
  await writeFile(
    join(path, MANIFEST),
    `${JSON.stringify({ ...rest, taps: [...taps.keys()] }, null, 2)}\n`,
  );
}

/** The dtype of the first tensor of floats. */
const dtypeOf = (taps: ReadonlyMap<string, DumpTensor>): string =>
  [...taps.values()].find(({ dtype }) => dtype.includes('float'))?.dtype ?? 'float32';
