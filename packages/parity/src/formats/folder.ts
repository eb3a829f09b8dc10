// Our own dump: a folder with manifest.json, which keeps order and origin, and taps.safetensors.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARGUMENTS, type Dump, type DumpTensor } from '../dump.ts';
import { readBytes } from './file.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

export const MANIFEST = 'manifest.json';
const TENSORS = 'taps.safetensors';

/** Throws with the manifest's path for what it should not say. */
export async function readFolder(path: string): Promise<Dump> {
  const fail = (what: string): never => {
    throw new Error(`${join(path, MANIFEST)}: ${what}`);
  };
  const bytes = await readBytes(join(path, MANIFEST));
  let manifest: Record<string, unknown>;
  try {
    manifest = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch (error) {
    return fail((error as Error).message);
  }
  const { schema, producer, model, dtype, inputs, taps: order } = manifest ?? {};
  if (schema !== 1) return fail(`schema ${JSON.stringify(schema)}, expected 1`);
  if (typeof producer !== 'string' || typeof dtype !== 'string') return fail('expected a producer and a dtype'); // prettier-ignore
  if (!Array.isArray(order) || !order.every((name) => typeof name === 'string'))
    return fail('expected taps, a list of names');
  const { tensors } = await readSafetensors(join(path, TENSORS));
  const taps = new Map<string, DumpTensor>();
  for (const name of order as string[])
    taps.set(name, tensors.get(name) ?? fail(`tap "${name}", which ${TENSORS} does not have`));
  const stated = (inputs ?? {}) as Record<string, unknown>; // absent in what others write
  for (const [name, hash] of Object.entries(hashesOf(taps)))
    if (stated[name] !== undefined && stated[name] !== hash)
      return fail(`the hash of "${name}" is not its tensor's, expected ${hash}`);
  return { schema: 1, producer, ...(typeof model === 'string' && { model }), dtype, taps };
}

/** SHA-256 of each input as float64, little-endian: the same whatever dtype somebody stored it in. */
function hashesOf(taps: ReadonlyMap<string, DumpTensor>): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const [name, { data }] of taps)
    if (ARGUMENTS.has(name)) {
      const bytes = new Uint8Array(Float64Array.from(data).buffer);
      hashes[name] = createHash('sha256').update(bytes).digest('hex');
    }
  return hashes;
}

/** Halves are written as float32. */
export async function writeFolder(path: string, { taps, ...about }: Dump): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, TENSORS), writeSafetensors(taps));
  const manifest = { ...about, inputs: hashesOf(taps), taps: [...taps.keys()] };
  await writeFile(join(path, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}
