// Pictures with their captions, as training reads them: a folder with captions.jsonl, or tar shards in webdataset's
// layout. Not decoded, and not checked before they are read: what is broken throws then, with its name.
import { stat } from 'node:fs/promises';
import { folderShard } from './folder-pairs.ts';
import { tarShard } from './tar-pairs.ts';

/** One picture and what is true of it. */
export interface Pair {
  /** What messages call it. */
  readonly name: string;
  /** The bytes of a picture's file. */
  readonly image: Uint8Array;
  /** At least one. */
  readonly captions: readonly string[];
}

/** How the names of pictures end. Their bytes say what they are; formats beside JPEG and PNG need sharp. */
export const PICTURES = ['jpg', 'jpeg', 'png', 'webp', 'avif', 'gif', 'tif', 'tiff'];

/** Pairs that are cheap to read one after another: a folder, or one tar file. */
export interface Shard {
  /** What messages call it. */
  readonly name: string;
  /** How many pairs it has. */
  readonly size: number;
  /** Throws with the pair's name where it is broken. */
  read(i: number): Promise<Pair>;
}

/** The shards at `paths`: folders and .tar files. Throws if one has no pair. */
export async function openShards(paths: readonly string[]): Promise<Shard[]> {
  const shards: Shard[] = [];
  for (const path of paths) {
    const shard = (await stat(path)).isDirectory() ? await folderShard(path) : await tarShard(path);
    if (shard.size === 0) throw new Error(`${path}: no pairs, expected at least one`);
    shards.push(shard);
  }
  return shards;
}

/** The captions in a row of JSON: `text` as in HF's image folders, `caption`, or a list of `captions`. */
export function captionsOf(row: unknown): string[] {
  const { text, caption, captions } = row as Record<string, unknown>;
  const found = [text ?? caption ?? captions].flat();
  if (found.length === 0 || !found.every((c) => typeof c === 'string' && c.trim() !== ''))
    throw new TypeError('no caption: expected a text, caption or captions field that is not empty');
  return found as string[];
}
