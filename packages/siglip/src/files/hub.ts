// The files of a model on the Hugging Face hub, through a cache: when to ask the hub, when the copy
// at hand will do. How to ask is in request.ts, how to receive in download.ts.
import type { ByteSource } from '@siglip-ts/safetensors';
import { download, sizeOf } from './download.ts';
import { folderStore } from './folder-store.ts';
import { hasFileSystem, node } from '../node.ts';
import { keyPart } from './key.ts';
import { checkFileName, type ModelFiles } from './model-files.ts';
import { rangeSource } from './ranges.ts';
import { ask, attemptsOf, fileUrl, RETRY, type Answer, type Connection, type Retry } from './request.ts'; // prettier-ignore
import { memoryStore, type FileCache, type Store } from './store.ts';

/** What `progress_callback` is told, in transformers.js' shape; `progress` runs from 0 to 100. */
export type ProgressInfo =
  | { status: 'initiate' | 'download' | 'done'; name: string; file: string }
  | {
      status: 'progress';
      name: string;
      file: string;
      progress: number;
      loaded: number;
      total: number;
    }
  /** Weights are read when a forward first needs them: bytes of the parameters reached so far. */
  | { status: 'weights'; name: string; progress: number; loaded: number; total: number };

export interface HubOptions {
  /** A branch, a tag or a commit. */
  revision?: string;
  /**
   * Where files are kept: a folder, a cache of your own, or false for memory alone. In Node the
   * default is $SIGLIP_CACHE, else $XDG_CACHE_HOME/siglip-ts, else ~/.cache/siglip-ts; in browsers
   * memory.
   */
  cache?: string | false | FileCache;
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal;
  progress_callback?: (info: ProgressInfo) => void;
  /** Never asks the hub: what the cache lacks is an error. */
  local_files_only?: boolean;
  /** Sent to the hub, never to where it redirects. */
  token?: string;
  /** Default: $HF_ENDPOINT in Node, else https://huggingface.co. */
  endpoint?: string;
  /**
   * How often a file is asked for while the network or the server fails, and the first pause in ms.
   */
  retry?: Retry;
  /**
   * What `open` gives is read on the hub, range by range, and not kept, unless the cache has it: to see a header, or
   * for a part of the weights. Files that are read whole are kept as ever.
   */
  ranges?: boolean;
}

/**
 * What the cache knows of a file at a revision: where its bytes are, or that there is no such file.
 */
type Ref =
  | {
      readonly key: string;
      readonly size: number;
      readonly etag?: string;
      readonly commit?: string;
    }
  | { readonly missing: true };

/** Whether `text` has the form `organisation/model`. */
export function isHubId(text: string): boolean {
  return /^\w[\w.-]{0,95}\/\w[\w.-]{0,95}$/.test(text) && !/--|\.\.|[.-](\/|$)/.test(text);
}

/**
 * The model `id` at a revision, downloaded file by file as they are asked for.
 *
 * A cached file is used without asking when the revision is a commit, and asked about (by ETag)
 * when it is a branch; if the hub cannot be reached the copy is used, with a warning.
 * Throws on ids and revisions that are none; its methods when the hub refuses, fails or is cut off.
 */
export function hubFiles(id: string, options: HubOptions = {}): ModelFiles {
  const hub = connectionOf(id, options);
  let store: Promise<Store> | undefined;
  // A file that is asked for twice at once is downloaded once.
  const pending = new Map<string, Promise<Ref>>();
  function refTo(file: string, from: Promise<Store>): Promise<Ref> {
    const before = pending.get(checkFileName(file));
    if (before !== undefined) return before;
    const ref = from.then((store) => locate(hub, store, file, options));
    pending.set(file, ref);
    return ref.finally(() => pending.delete(file));
  }
  async function read<T>(
    file: string,
    from: (store: Store, key: string) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    store ??= storeOf(options.cache);
    const ref = await refTo(file, store);
    if ('missing' in ref) return undefined;
    const value = await from(await store, ref.key);
    if (value === undefined)
      throw new Error(`${id}: ${file} has gone from the cache, expected it to stay`);
    return value;
  }
  return {
    name: id,
    async open(file) {
      const whole = () => read<ByteSource>(file, (store, key) => store.open(key));
      if (!options.ranges || options.local_files_only) return whole();
      store ??= storeOf(options.cache);
      const cached = await readRef(hub, await store, checkFileName(file));
      if (cached && isCommit(hub.revision)) return whole();
      const known = cached && 'etag' in cached ? cached.etag : undefined;
      return (await rangeSource(hub, file, known, options.retry ?? RETRY)) ?? whole();
    },
    bytes: (file) => read(file, (store, key) => store.get(key)),
  };
}

function connectionOf(id: string, options: HubOptions): Connection {
  const revision = options.revision ?? 'main';
  const endpoint = options.endpoint ?? environment('HF_ENDPOINT') ?? 'https://huggingface.co';
  if (!isHubId(id))
    throw new Error(`hub id ${JSON.stringify(id)}: expected the form organisation/model`);
  if (!/^[\w.+-][\w./+-]*$/.test(revision) || revision.includes('..'))
    throw new Error(`revision ${JSON.stringify(revision)}: expected a branch, a tag or a commit`);
  if (!/^https?:$/.test(new URL(endpoint).protocol))
    throw new Error(`endpoint ${JSON.stringify(endpoint)}: expected an http or https address`);
  return {
    id,
    revision,
    endpoint: endpoint.replace(/\/+$/, ''),
    token: options.token,
    // Called as a function, never as a method of ours: a browser's refuses to be anything's but the window's.
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    signal: options.signal,
  };
}

async function storeOf(cache: HubOptions['cache']): Promise<Store> {
  if (typeof cache === 'object') return memoryStore(cache);
  if (cache === false || (cache === undefined && !hasFileSystem())) return memoryStore();
  return folderStore(cache ?? defaultFolder());
}

function defaultFolder(): string {
  const { homedir } = node('node:os');
  const base = environment('XDG_CACHE_HOME') ?? `${homedir()}/.cache`;
  return environment('SIGLIP_CACHE') ?? `${base}/siglip-ts`;
}

function environment(name: string): string | undefined {
  return globalThis.process?.env?.[name] || undefined;
}

/** Finds the file in the cache or brings it there. */
async function locate(
  hub: Connection,
  store: Store,
  file: string,
  options: HubOptions,
): Promise<Ref> {
  hub.signal?.throwIfAborted();
  const about = { name: hub.id, file };
  options.progress_callback?.({ status: 'initiate', ...about });
  const cached = await readRef(hub, store, file);
  if (cached === undefined && options.local_files_only)
    throw new Error(
      `${hub.id}: ${file} at revision ${hub.revision} is not in the cache, ` +
        'expected it there with local_files_only',
    );
  const settled = options.local_files_only || isCommit(hub.revision);
  const ref = cached && settled ? cached : await refresh(hub, store, file, cached, options);
  if (!('missing' in ref)) options.progress_callback?.({ status: 'done', ...about });
  return ref;
}

/** Asks the hub, again while that fails, and records its answer; `cached` is the copy at hand. */
async function refresh(
  hub: Connection,
  store: Store,
  file: string,
  cached: Ref | undefined,
  options: HubOptions,
): Promise<Ref> {
  const retry = options.retry ?? RETRY;
  const known = cached && 'etag' in cached ? cached.etag : undefined;
  let failure = new Error(`${hub.id}: ${retry.attempts} attempts, expected at least 1`);
  for await (const _ of attemptsOf(retry, hub.signal)) {
    const answer = await ask(hub, fileUrl(hub, file), known);
    if (answer.kind === 'unchanged' && cached !== undefined) return cached;
    if (answer.kind === 'missing') return writeRef(hub, store, file, { missing: true });
    if (answer.kind === 'found') {
      const ref = await bring(hub, store, file, answer, options);
      if (!(ref instanceof Error)) return writeRef(hub, store, file, ref);
      failure = ref;
    }
    if (answer.kind === 'failed') {
      failure = answer.why;
      if (cached !== undefined) break; // Offline, most likely: no reason to wait.
    }
  }
  if (cached === undefined) throw failure;
  console.warn(`${hub.id}: using the cached ${file}, perhaps out of date: ${failure.message}`);
  return cached;
}

/** Downloads the answered file, telling of the progress. */
async function bring(
  hub: Connection,
  store: Store,
  file: string,
  answer: Extract<Answer, { kind: 'found' }>,
  { progress_callback }: HubOptions,
): Promise<Ref | Error> {
  const about = { name: hub.id, file };
  progress_callback?.({ status: 'download', ...about });
  const folder = folderOf(hub, file);
  const stored = await download(hub, store, folder, answer, (loaded, total) => {
    const progress = (100 * loaded) / total;
    progress_callback?.({ status: 'progress', ...about, progress, loaded, total });
  });
  if (stored instanceof Error) return stored;
  const { etag, commit } = answer.version;
  return { ...stored, ...(etag && { etag }), ...(commit && { commit }) };
}

function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The hub's address is part of it: what a mirror served is not taken for the hub's own. */
function folderOf(hub: Connection, file: string): string {
  const [organisation = '', model = ''] = hub.id.split('/');
  return [new URL(hub.endpoint).host, organisation, model, file].map(keyPart).join('/');
}

function refKey(hub: Connection, file: string, revision: string): string {
  return `${folderOf(hub, file)}/ref-${keyPart(revision)}.json`;
}

/** The record of a file, if there is one and the bytes it tells of are there and whole. */
async function readRef(hub: Connection, store: Store, file: string): Promise<Ref | undefined> {
  const bytes = await store.get(refKey(hub, file, hub.revision));
  if (bytes === undefined) return undefined;
  let ref: unknown;
  try {
    ref = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof ref !== 'object' || ref === null) return undefined;
  if ('missing' in ref) return { missing: true };
  const { key, size, etag } = ref as Record<string, unknown>;
  const prefix = `${folderOf(hub, file)}/blob-`;
  const ours =
    typeof key === 'string' && key.lastIndexOf('/') < prefix.length && key.startsWith(prefix);
  if (!ours || typeof size !== 'number' || (await sizeOf(store, key)) !== size) return undefined;
  return { key, size, ...(typeof etag === 'string' && { etag }) };
}

/** Records a file under the revision asked for, and under the commit that this is now. */
async function writeRef(hub: Connection, store: Store, file: string, ref: Ref): Promise<Ref> {
  const bytes = new TextEncoder().encode(JSON.stringify(ref));
  await store.put(refKey(hub, file, hub.revision), bytes);
  if ('commit' in ref && ref.commit !== hub.revision && isCommit(ref.commit ?? ''))
    await store.put(refKey(hub, file, ref.commit ?? ''), bytes);
  return ref;
}
