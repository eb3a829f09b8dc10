// A checkpoint split over several files by model.safetensors.index.json, read as if it were one.
import type { TensorInfo } from './header.ts';
import { JsonReader } from './json.ts';
import { openSafetensors, type SafetensorsFile } from './open.ts';
import type { ByteSource } from './source.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * Opens every shard that the index names and reads its header, no tensor yet.
 *
 * `tensors` holds what the index lists, each with its place in its own shard; `metadata` joins the
 * shards' (the first wins). Throws when a shard lacks a listed tensor or is not a plain file name.
 * @param indexJson the index: `{"weight_map": {"tensor name": "shard file name"}}` and more.
 * @param open opens a shard by its file name, in the folder of the index.
 */
export async function openSharded(
  indexJson: Uint8Array | string,
  open: (file: string) => Promise<ByteSource>,
  options: { maxHeaderBytes?: number } = {},
): Promise<SafetensorsFile> {
  const shardOf = parseIndex(
    typeof indexJson === 'string' ? indexJson : decodeUtf8(indexJson, 'index'),
  );
  const shards = new Map<string, SafetensorsFile>();
  const tensors = new Map<string, TensorInfo>();
  const metadata = new Map<string, string>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const [tensor, file] of shardOf) {
      const shard = shards.get(file) ?? (await openSafetensors(await open(file), options));
      shards.set(file, shard);
      const info = shard.tensors.get(tensor);
      if (info === undefined)
        throw new Error(`${file}: no tensor ${JSON.stringify(tensor)}, expected it by the index`);
      tensors.set(tensor, info);
    }
  } catch (error) {
    await close();
    throw error;
  }
  for (const shard of shards.values())
    for (const [key, value] of shard.metadata) if (!metadata.has(key)) metadata.set(key, value);
  const read: SafetensorsFile['read'] = async (name, rows) => {
    const shard = shards.get(shardOf.get(name) ?? '');
    if (shard === undefined)
      throw new Error(`index: no tensor ${JSON.stringify(name)} among its ${shardOf.size}`);
    return shard.read(name, rows);
  };
  return { metadata, tensors, read, close };
}

function parseIndex(text: string): Map<string, string> {
  const reader = new JsonReader(text, 'index');
  let shardOf: Map<string, string> | undefined;
  reader.object((key) => {
    if (key !== 'weight_map') return reader.skip();
    const map = (shardOf = new Map<string, string>());
    reader.object((tensor) => map.set(tensor, reader.string()));
  });
  reader.expectEnd();
  if (shardOf === undefined) throw new Error('index: no weight_map, expected one');
  for (const file of shardOf.values())
    // No separator, no drive, no '..': a shard lies beside its index.
    if (!/^[^/\\:\0]+$/.test(file) || file === '.' || file === '..')
      throw new Error(`index: the shard ${JSON.stringify(file)}, expected a plain file name`);
  return shardOf;
}
