// What a cache on disk holds, whether it is what its names say, and what of it nobody needs. For people who look after one:
// loading needs none of it.
import { ifThere, textOfRecord } from '../files/folder.ts';
import { ownCache } from '../runtime/environment.ts';
import { hasFileSystem, node } from '../runtime/node.ts';
import { type Digest, digestFile, digestLike, SHA256 } from './digest.ts';
import { unnamed } from './folder-store.ts';
import { orphans } from './partial.ts';

/** A model of which the cache has files. */
export interface CachedModel {
  /** `org/name`; with its host before it where that is not huggingface.co. */
  readonly name: string;
  /** How many files. */
  readonly files: number;
  /** On disk, older versions of files included. */
  readonly bytes: number;
  /** When the last of it came. */
  readonly downloaded: Date;
}

/** A file of the cache, and what is wrong with it. */
export interface BadFile {
  /** On disk. */
  readonly path: string;
  /** `org/name: file`. */
  readonly name: string;
  /** What it has, and what its name says. */
  readonly why: string;
}

/** What `verifyCache` found. */
export interface CacheVerdict {
  /** Files whose names say what is in them, and bytes of those. */
  readonly checked: number;
  /** See checked. */
  readonly bytes: number;
  /** Files of servers whose ETags say nothing of the content: only their size was looked at. */
  readonly nameless: number;
  /** What is to be deleted. */
  readonly bad: readonly BadFile[];
}

/** The models in a cache, by name; `root` as the option `cache`. */
export async function listCache(root: string = defaultCache()): Promise<CachedModel[]> {
  const models = new Map<string, CachedModel>();
  for await (const { model, blobs } of filesIn(root)) {
    if (blobs.length === 0) continue; // Known not to be there, or only begun.
    const before = models.get(model);
    const times = blobs.map(({ written }) => written);
    const last = times.reduce((a, b) => Math.max(a, b), before?.downloaded.getTime() ?? 0);
    models.set(model, {
      name: model,
      files: (before?.files ?? 0) + 1,
      bytes: blobs.reduce((sum, { size }) => sum + size, before?.bytes ?? 0),
      downloaded: new Date(last),
    });
  }
  return [...models.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads every file of a cache and compares it with its name. A bad one that is deleted is downloaded anew when needed. */
export async function verifyCache(
  root: string = defaultCache(),
  options: { signal?: AbortSignal } = {},
): Promise<CacheVerdict> {
  const bad: BadFile[] = [];
  let [checked, nameless, bytes] = [0, 0, 0];
  for await (const { model, file, hub, blobs, refs } of filesIn(root)) {
    for (const { path, id, size } of blobs) {
      options.signal?.throwIfAborted();
      const ref = refs.find((ref) => ref.key === id);
      const tell = (why: string) => bad.push({ path, name: `${model}: ${file}`, why });
      // Only the hub's ETags are of the content; where a server sends none, the cache has computed the name.
      const digest = hub || (ref && !ref.etag) ? digestLike(id, size) : undefined;
      if (ref && ref.size !== size) tell(`it has ${size} bytes, expected ${ref.size}`);
      else if (digest) await hashed(path, digest, id, tell);
      if (digest) [checked, bytes] = [checked + 1, bytes + size];
      else nameless++;
    }
  }
  return { checked, bytes, nameless, bad };
}

/** A file that `pruneCache` removed, or would. */
export interface Pruned {
  /** On disk. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** Removes what no revision names any more, and partial files that no process writes to. */
export async function pruneCache(
  root: string = defaultCache(),
  { dry_run = false }: { dry_run?: boolean } = {},
): Promise<Pruned[]> {
  const removed: Pruned[] = [];
  for await (const { folder } of filesIn(root))
    for (const { path, size } of [...(await unnamed(folder)), ...(await orphans(folder))]) {
      if (!dry_run) await node('node:fs/promises').rm(path, { force: true });
      removed.push({ path, size });
    }
  return removed;
}

function defaultCache(): string {
  if (hasFileSystem()) return ownCache();
  throw new Error('cache: no file system here, expected Node, Deno or Bun');
}

async function hashed(path: string, digest: Digest, id: string, tell: (why: string) => void) {
  await digestFile(path, digest);
  const found = digest.name();
  if (found === id) return;
  tell(`its ${id.length === SHA256.length ? 'sha256' : 'git sha1'} is ${found}, expected ${id}`);
}

interface CachedFile {
  readonly folder: string;
  readonly model: string;
  readonly file: string;
  /** Whether it is from a hub, and not from an address. */
  readonly hub: boolean;
  readonly blobs: readonly { path: string; id: string; size: number; written: number }[];
  readonly refs: readonly { key: string; size: unknown; etag: unknown }[];
}

/** The folders of files in a cache: host/org/name/file or url/host/.../file, with blobs and the records that name them. */
async function* filesIn(root: string): AsyncGenerator<CachedFile> {
  const { readdir, stat } = node('node:fs/promises');
  const { join, relative, sep } = node('node:path');
  const entries = (await ifThere(readdir(root, { recursive: true, withFileTypes: true }))) ?? [];
  const ours = entries.filter((entry) => entry.isFile() && /^(blob|ref)-/.test(entry.name));
  const folders = new Map<string, string[]>();
  for (const { parentPath, name } of ours)
    folders.set(parentPath, [...(folders.get(parentPath) ?? []), name]);
  for (const [folder, names] of folders) {
    const parts = relative(root, folder).split(sep).map(decoded);
    if (parts.length < 3) continue; // Not a cache of ours.
    const file = parts.pop()!;
    const hub = parts[0] !== 'url';
    if (parts[0] === 'url' || parts[0] === 'huggingface.co') parts.shift();
    const blobs = [];
    for (const name of names.filter((n) => n.startsWith('blob-') && !n.includes('.part-'))) {
      const path = join(folder, name);
      const s = await ifThere(stat(path));
      const id = decoded(name.slice('blob-'.length));
      if (s) blobs.push({ path, id, size: s.size, written: s.mtimeMs });
    }
    const refs = [];
    for (const name of names.filter((n) => /^ref-.*\.json$/.test(n))) {
      const ref = parsed(await textOfRecord(join(folder, name)));
      const [, id] = /\/blob-([^/]*)$/.exec(String(ref.key)) ?? [];
      if (id !== undefined) refs.push({ key: decoded(id), size: ref.size, etag: ref.etag });
    }
    yield { folder, model: parts.join('/'), file, hub, blobs, refs };
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A damaged record names nothing. */
function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
