// Where downloaded files are kept: what a store must do, and a store in memory. The others are
// in folder-store.ts and page-store.ts. A store knows nothing of the hub: keys are paths, values are bytes.
import { type ByteSource, bytesSource } from '@siglip-ts/safetensors';

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
  /** The value for reading parts of it. */
  open(key: string): Promise<ByteSource | undefined>;
  /**
   * Begins to write the value of `key`, or goes on where a download was cut.
   * @param tag identifies the exact bytes (a strong ETag); without one nothing is kept of a cut.
   * @param size of the whole value, as far as that is known.
   */
  sink(key: string, tag: string | undefined, size?: number): Promise<Sink>;
  /** Deletes a value that is out of date, where room is scarce. */
  forget?(key: string): Promise<void>;
}

/** A value that is being written, chunk by chunk. */
export interface Sink {
  /** How many bytes it holds. */
  readonly size: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the value readable under its key, at once and whole. */
  finish(): Promise<void>;
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
    async sink(key, tag) {
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
          await cache.put(key, concatenate(chunks, size));
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

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
