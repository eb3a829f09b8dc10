// The files of a model on a server, the Hugging Face hub or any other, through a cache: when to ask, when the copy at hand
// will do. How to ask is in request.ts, how to receive in download.ts.
import { folderStore } from '#folder-store';
import { fileSource } from '@siglip-ts/safetensors/node';
import { readBytes } from '../files/folder.ts';
import { type FileLimits, limitOf } from '../files/limits.ts';
import { expectFileName, type ModelFiles } from '../files/model-files.ts';
import { isOffline, ownCache } from '../runtime/environment.ts';
import { hasFileSystem } from '../runtime/node.ts';
import { inPage } from '../runtime/page.ts';
import { type BlobStore, type FileCache, isNotKept, memoryStore } from '../stores/blob-store.ts';
import { pageStore } from '../stores/page-store.ts';
import { addressConnection, type Connection, hubConnection, type Retry } from './connection.ts';
import { atHand, type Found, knownOf, type Loading, locate } from './locate.ts';
import type { ProgressInfo } from './progress.ts';
import { rangeSource } from './ranges.ts';

/** How a model's files are found, fetched and kept. */
export interface HubOptions {
  /** A branch, a tag or a commit. */
  revision?: string;
  /** The folder within the model that has the files, as in Python: `image_encoder`. */
  subfolder?: string;
  /**
   * Where files are kept: a folder, a cache of your own, or false for memory alone.
   *
   * In Node the default is $SIGLIP_CACHE, else $XDG_CACHE_HOME/siglip-ts, else ~/.cache/siglip-ts, and what Python has
   * downloaded ($HF_HUB_CACHE, $HF_HOME/hub, ~/.cache/huggingface/hub) is read there. In a page it is the browser's Cache
   * of this name, by default 'siglip-ts': `caches.delete('siglip-ts')` deletes all. The browser may do so, too, when it
   * runs out of space, unless the page calls `navigator.storage.persist()`.
   */
  cache?: string | false | FileCache;
  /** Used in place of the platform's, for a proxy or for headers of one's own. */
  fetch?: typeof globalThis.fetch;
  /** Aborts the loading, which then rejects with its reason. */
  signal?: AbortSignal;
  /** Receives each file: once when it begins and ends, and the bytes on the way. */
  progress_callback?: (info: ProgressInfo) => void;
  /** Receives warnings: a copy that may be old, a rate limit. Default: console.warn. */
  warn?: (message: string) => void;
  /** Never asks the server: what the cache lacks is an error. Default: whether $HF_HUB_OFFLINE is set. */
  local_files_only?: boolean;
  /**
   * Sent to the hub, never to where it redirects, nor to an address of your own. Default: $HF_TOKEN, or what
   * `huggingface-cli login` wrote; false for none.
   */
  token?: string | false;
  /** Default: $HF_ENDPOINT, else https://huggingface.co. */
  endpoint?: string;
  /**
   * How often a file is asked for while the network or the server fails, and the first pause in ms. A server that says
   * when to come back is waited for, up to a minute in all.
   */
  retry?: Retry;
  /**
   * Seconds without a byte after which a server is given up; one more attempt is made. `progress_callback` is told after
   * each of them. Default: $HF_HUB_DOWNLOAD_TIMEOUT, else 8.
   */
  silence?: number;
  /** How large the files of a model may be, in a folder too; one that is larger is not read. */
  limits?: FileLimits;
  /**
   * What `open` gives is read on the server, range by range, and not kept, unless the cache has it: to see a header, or
   * for a part of the weights. Files that are read whole are kept as ever.
   */
  ranges?: boolean;
}

/** Every one of them, for whoever checks that an option is known. The compiler sees to it that none is missing. */
// prettier-ignore
export const HUB_OPTIONS: Readonly<Record<keyof HubOptions, 0>> = {
  revision: 0, cache: 0, fetch: 0, signal: 0, progress_callback: 0, local_files_only: 0, token: 0, endpoint: 0, retry: 0,
  ranges: 0, subfolder: 0, warn: 0, silence: 0, limits: 0,
};

/**
 * The model `id` on the hub at a revision, downloaded file by file as they are asked for.
 *
 * A cached file is used without asking when the revision is a commit, or is known to be the commit the copy is of; else
 * it is asked about (by ETag); if the hub cannot be reached the copy is used, with a warning.
 * Throws on ids and revisions that are none; its methods when the hub refuses, fails or is cut off.
 */
export function hubFiles(id: string, options: HubOptions = {}): ModelFiles {
  return remoteFiles(hubConnection(id, options), options);
}

/**
 * The model in a folder on any server, `https://host/models/siglip/`: config.json and the other files lie beside each
 * other. Kept like the hub's, where the server sends an ETag or a Last-Modified. No token is sent.
 */
export function addressFiles(url: URL, options: HubOptions = {}): ModelFiles {
  return remoteFiles(addressConnection(url, options), options);
}

function remoteFiles(remote: Connection, options: HubOptions): ModelFiles {
  const loading: Loading = {
    remote,
    offline: options.local_files_only ?? isOffline(),
    shared: options.cache === undefined,
    limits: options.limits,
    progress: options.progress_callback,
    absences: new Map(),
  };
  let store: Promise<BlobStore> | undefined;
  let { ranges = false } = options;
  // A file that is asked for twice at once is downloaded once.
  const pending = new Map<string, Promise<Found>>();
  function locateOnce(from: BlobStore, file: string): Promise<Found> {
    const found = pending.get(file) ?? locate(loading, from, file);
    pending.set(file, found);
    return found.finally(() => pending.delete(file));
  }
  async function read<T>(
    file: string,
    from: BlobStore,
    fromCache: (key: string) => Promise<T | undefined>,
    fromDisk: (path: string) => Promise<T>,
  ): Promise<T | undefined> {
    const found = await locateOnce(from, file);
    if ('missing' in found) return undefined;
    const value = 'path' in found ? await fromDisk(found.path) : await fromCache(found.key);
    if (value === undefined)
      throw new Error(`${remote.name}: ${file} has gone from the cache, expected it to stay`);
    return value;
  }
  /** Does `use` with the store; where that has no room, goes on without keeping anything. */
  async function keeping<T>(file: string, use: (from: BlobStore) => Promise<T>): Promise<T> {
    expectFileName(file);
    limitOf(file, options.limits); // What is wrong with them is said, though a copy may be at hand.
    const opened = (store ??= storeOf(options.cache));
    try {
      return await use(await opened);
    } catch (error) {
      if (!isNotKept(error)) throw error;
      if (store === opened) {
        remote.warn(`${remote.name}: ${file} is not kept: ${error.message}`);
        store = Promise.resolve(memoryStore());
        ranges = true;
      }
      return use(await store);
    }
  }
  return {
    name: remote.name,
    open: (file) =>
      keeping(file, async (from) => {
        const whole = () => read(file, from, (key) => from.open(key), fileSource);
        if (!ranges || loading.offline) return whole();
        const copy = await atHand(loading, from, file);
        if (copy?.settled) return whole();
        return (await rangeSource(remote, file, knownOf(copy?.found))) ?? whole();
      }),
    bytes: (file) =>
      keeping(file, (from) =>
        read(
          file,
          from,
          (key) => from.get(key),
          (path) => readBytes(path, limitOf(file, options.limits)),
        ),
      ),
    absence: (file) => loading.absences.get(file),
  };
}

async function storeOf(cache: HubOptions['cache']): Promise<BlobStore> {
  if (cache === false) return memoryStore();
  if (typeof cache === 'object' && 'put' in cache && 'get' in cache) return memoryStore(cache);
  if (cache !== undefined && (typeof cache !== 'string' || cache === ''))
    throw new TypeError(`cache: ${String(cache)}, expected a folder, false, or { get, put }`);
  if (inPage()) return (await pageStore(cache ?? 'siglip-ts')) ?? memoryStore();
  return cache !== undefined || hasFileSystem() ? folderStore(cache ?? ownCache()) : memoryStore();
}
