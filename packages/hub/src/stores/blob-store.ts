// Where downloaded files are kept: what a store must do, and a store in memory. The others are
// in folder-store.ts and page-store.ts. A store knows nothing of the hub: keys are paths, values are bytes.
import { type ByteSource, bytesSource } from '@siglip-ts/safetensors';
import { concatenate } from '../reading/body.ts';

/**
 * A cache of the caller's, such as one over the browser's Cache or IndexedDB. Keys look like
 * `host/org/name/file`.
 */
export interface FileCache {
  /** What was put under the key; undefined where there is nothing. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** A value once put is never changed under `blob-...` keys; `ref-...` keys are overwritten. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}

export interface BlobStore extends FileCache {
  /** Two stores of one name have the same values; undefined for one that nobody else has. */
  readonly name?: string;
  /** The value for reading parts of it. */
  open(key: string): Promise<ByteSource | undefined>;
  /**
   * Begins to write the value of `key`, or goes on where a download was cut.
   * @param tag identifies the exact bytes (a strong ETag); without one nothing is kept of a cut.
   * @param size of the whole value, as far as that is known.
   * @param content the hub's name of the bytes, which is checked where that can be; '' where nobody has named them.
   */
  sink(key: string, tag: string | undefined, size?: number, content?: string): Promise<Sink>;
  /** Tells that a value is out of date. What else names it, and whether it goes, is the store's business. */
  forget?(key: string): Promise<void>;
}

/** A value that is being written, chunk by chunk. */
export interface Sink {
  /** How many bytes it holds. */
  readonly size: number;
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the value readable, at once and whole, and gives its key: the one it was to have, or, where nobody named the
   * content, perhaps one that does. Undefined where the content is not what it was said to be: then nothing is kept.
   */
  finish(): Promise<string | undefined>;
  /** Stops, keeping what there is for the next sink of the same key and tag. */
  close(): Promise<void>;
  /** Stops, keeping nothing. Closing it after that changes nothing. */
  drop(): Promise<void>;
}

/** The error of a store that has no room, or may not write: the files can still be loaded, but are not kept. */
export const notKept = (why: string, cause?: unknown): Error =>
  Object.assign(new Error(why, { cause }), { notKept: true });

export const isNotKept = (error: unknown): error is Error =>
  error instanceof Error && 'notKept' in error;

/** Keeps files in `cache`, or, without one, for as long as the store lives. */
export function memoryStore(cache: FileCache = mapCache()): BlobStore {
  const parts = new Map<string, Uint8Array[]>();
  return {
    get: (key) => cache.get(key),
    put: (key, bytes) => cache.put(key, bytes),
    async open(key) {
      const bytes = await cache.get(key);
      return bytes && bytesSource(bytes, key);
    },
    async sink(key, tag, _size, content) {
      const part = JSON.stringify([key, tag]);
      const chunks = (tag !== undefined && parts.get(part)) || [];
      let size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      return {
        get size() {
          return size;
        },
        async write(chunk) {
          chunks.push(chunk);
          size += chunk.length;
        },
        async finish() {
          parts.delete(part);
          const bytes = concatenate(chunks, size);
          if (!(await isNamed(bytes, content))) return undefined;
          await cache.put(key, bytes);
          return key;
        },
        close: async () => void (tag !== undefined && parts.set(part, chunks)),
        async drop() {
          chunks.length = 0;
          parts.delete(part);
        },
      };
    },
  };
}

function mapCache(): FileCache {
  const values = new Map<string, Uint8Array>();
  return {
    get: async (key) => values.get(key),
    put: async (key, bytes) => void values.set(key, bytes),
  };
}

/** Whether the bytes are what the hub's ETag says: their sha256, or git's sha1 of a small file. True where none can tell. */
async function isNamed(bytes: Uint8Array<ArrayBuffer>, name = ''): Promise<boolean> {
  const git = /^[0-9a-f]{40}$/.test(name);
  if (!globalThis.crypto?.subtle || !(git || /^[0-9a-f]{64}$/.test(name))) return true;
  const head = new TextEncoder().encode(git ? `blob ${bytes.length}\0` : '');
  const whole = git ? concatenate([head, bytes], head.length + bytes.length) : bytes;
  const hash = new Uint8Array(await crypto.subtle.digest(git ? 'SHA-1' : 'SHA-256', whole));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('') === name;
}
