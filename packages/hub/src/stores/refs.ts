// What the cache knows of a file at a revision: a small record beside the bytes. Where the bytes come from is not its business.
import type { Connection } from '../server/connection.ts';
import { sizeOf } from '../server/download.ts';
import type { BlobStore } from './blob-store.ts';
import { keyPart } from './key.ts';

/** A file that is there whole. */
export interface Kept {
  readonly key: string;
  readonly size: number;
  readonly etag?: string;
  /** That of the revision when the file was asked for; the file may be of a later one. */
  readonly commit?: string;
}

/** Where the bytes of a file are, or that there is no such file. */
export type Ref = Kept | { readonly missing: true; readonly commit?: string };

export function isCommit(revision: string | undefined): boolean {
  return /^[0-9a-f]{40}$/.test(revision ?? '');
}

/** Where the cache has all that belongs to a file. */
export function folderOf(remote: Connection, file: string): string {
  return [...remote.place, file].map(keyPart).join('/');
}

function refKey(remote: Connection, file: string, revision: string): string {
  return `${folderOf(remote, file)}/ref-${keyPart(revision)}.json`;
}

/** The record of a file, if there is one and the bytes it tells of are there and whole. */
export async function readRef(
  remote: Connection,
  store: BlobStore,
  file: string,
  revision: string,
): Promise<Ref | undefined> {
  const bytes = await store.get(refKey(remote, file, revision));
  if (bytes === undefined) return undefined;
  let ref: unknown;
  try {
    ref = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof ref !== 'object' || ref === null) return undefined;
  if ('missing' in ref) return { missing: true };
  const { key, size, etag, commit } = ref as Record<string, unknown>;
  const prefix = `${folderOf(remote, file)}/blob-`;
  const ours =
    typeof key === 'string' && key.lastIndexOf('/') < prefix.length && key.startsWith(prefix);
  if (!ours || typeof size !== 'number' || (await sizeOf(store, key)) !== size) return undefined;
  return {
    ...{ key, size },
    ...(typeof etag === 'string' && { etag }),
    ...(typeof commit === 'string' && { commit }),
  };
}

/** Records a file under the revision asked for, and under the commit that the server said this is now. */
export async function writeRef(
  remote: Connection,
  store: BlobStore,
  file: string,
  ref: Ref,
  commit: string | undefined,
): Promise<Ref> {
  const old = store.forget && (await readRef(remote, store, file, remote.revision));
  const bytes = new TextEncoder().encode(JSON.stringify(ref));
  for (const revision of new Set([remote.revision, commit ?? remote.revision]))
    await store.put(refKey(remote, file, revision), bytes);
  if (old && 'key' in old && !('key' in ref && ref.key === old.key)) await store.forget?.(old.key);
  return ref;
}
