// Pictures with their captions, as training reads them: a folder with captions.jsonl, or tar shards in webdataset's
// layout. Not decoded, and not checked before they are read: what is broken throws then, with its name.
import { stat } from 'node:fs/promises';
import { folderShard } from './folder-pairs.ts';
import type { DataLimits } from './limits.ts';
import type { Shard } from './pair.ts';
import { tarShard } from './tar-pairs.ts';

/** The shards at `paths`: folders and .tar files. Throws if one has no pair. What is larger than
 * `limits` say, or no regular file, is not read. */
export async function openShards(
  paths: readonly string[],
  limits: DataLimits = {},
): Promise<Shard[]> {
  const shards: Shard[] = [];
  for (const path of paths) {
    const open = (await stat(path)).isDirectory() ? folderShard : tarShard;
    const shard = await open(path, limits);
    if (shard.size === 0) throw new Error(`${path}: no pairs, expected at least one`);
    shards.push(shard);
  }
  return shards;
}
