// Downloaded files in the Cache of a page, kept between its loads. Large ones lie there in chunks, since browsers fail on
// one entry of a gigabyte; they are read chunk by chunk, so that no file is in memory as a whole.
//
// A sha256 is not checked: no browser computes one piece by piece, and other origins do not show the hub's.
//
// No locks: a chunk's address names the exact bytes it is of, so two tabs at most write the same twice.
import { type ByteSource, bytesSource } from '@siglip-ts/safetensors';
import { type BlobStore, notKept, type Sink } from './blob-store.ts';
import { keyPart, uniqueName } from './key.ts';

/** Also how much memory a download takes, and how much of it a cut can lose. */
const CHUNK = 16 * 2 ** 20;

/** Written last, under the key itself: that the value is there, in chunks. */
interface Manifest {
  readonly size: number;
  readonly chunk: number;
  /** What the chunks' addresses have in common beside the key. */
  readonly part: string;
}
const MANIFEST = 'application/vnd.siglip-ts.chunks+json';

/** The store in the Cache `name`, or undefined where the browser keeps nothing, as in some private windows. */
export async function pageStore(name: string, chunk = CHUNK): Promise<BlobStore | undefined> {
  try {
    // Where reading `caches` alone throws, as in frames without an origin, nothing is kept either.
    if (!globalThis.caches || !globalThis.navigator?.storage) return undefined;
    return { ...storeIn(await caches.open(name), chunk), name };
  } catch {
    return undefined;
  }
}

function storeIn(cache: Cache, chunk: number): BlobStore {
  const store: BlobStore = {
    async get(key) {
      const found = await cache.match(addressOf(key));
      if (found === undefined) return undefined;
      if (found.headers.get('content-type') !== MANIFEST)
        return new Uint8Array(await found.arrayBuffer());
      const source = await store.open(key);
      return source?.read(0, source.size);
    },
    put: (key, bytes) => write(cache, addressOf(key), bytes, bytes.length),
    async open(key) {
      const found = await cache.match(addressOf(key));
      if (found === undefined) return undefined;
      if (found.headers.get('content-type') !== MANIFEST)
        return bytesSource(new Uint8Array(await found.arrayBuffer()), key);
      const manifest = (await found.json()) as Manifest;
      const chunks = await chunksOf(cache, key, manifest.part);
      if (chunks.size < Math.ceil(manifest.size / manifest.chunk)) return undefined; // evicted
      return chunkSource(cache, key, manifest);
    },
    sink: (key, tag, size) => chunkSink(cache, key, tag, size, chunk),
    async forget(key) {
      await cache.delete(addressOf(key), { ignoreSearch: true }); // its chunks, too
    },
  };
  return store;
}

/** Keys are paths; their '%' must stay one. */
const addressOf = (key: string): string =>
  `https://siglip-ts.invalid/${key.split('/').map(encodeURIComponent).join('/')}`;

const chunkAddress = (key: string, part: string, i: number): string =>
  `${addressOf(key)}?${new URLSearchParams({ part, i: String(i) })}`;

/** What a cut left of the chunk after the whole ones; where it starts is in a header. */
const tailAddress = (key: string, part: string): string =>
  `${addressOf(key)}?${new URLSearchParams({ part, i: 'tail' })}`;
const START = 'x-start';

/** The numbers of the chunks that are there. */
async function chunksOf(cache: Cache, key: string, part: string): Promise<Set<number>> {
  const entries = await cache.keys(addressOf(key), { ignoreSearch: true });
  const searches = entries.map(({ url }) => new URL(url).searchParams);
  const ours = searches.filter((search) => search.get('part') === part);
  return new Set(ours.map((search) => Number(search.get('i'))).filter(Number.isInteger));
}

function chunkSource(cache: Cache, name: string, { size, chunk, part }: Manifest): ByteSource {
  // A blob is a reference to what lies on disk: of one chunk at a time, since reads mostly follow each other.
  let last: { i: number; blob: Promise<Blob> } | undefined;
  async function blobOf(i: number): Promise<Blob> {
    const found = await cache.match(chunkAddress(name, part, i));
    if (found !== undefined) return found.blob();
    throw new Error(
      `${name}: bytes from ${i * chunk} on are no longer in the browser's storage, which was cleared; load the model again`,
    );
  }
  async function bytesOf(i: number, start: number, end: number): Promise<Uint8Array> {
    if (last?.i !== i) last = { i, blob: blobOf(i) };
    const bytes = new Uint8Array(await (await last.blob).slice(start, end).arrayBuffer());
    if (bytes.length === end - start) return bytes;
    throw new Error(`${name}: chunk ${i} ends at ${start + bytes.length}, expected ${end}`);
  }
  return {
    name,
    size,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > size)
        throw new RangeError(
          `${name}: a read of ${length} bytes at ${offset}, expected a range within ${size}`,
        );
      const first = Math.floor(offset / chunk);
      // Most tensors lie in one chunk: their bytes are not copied.
      if (offset + length <= (first + 1) * chunk)
        return bytesOf(first, offset - first * chunk, offset - first * chunk + length);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const i = Math.floor((offset + done) / chunk);
        const start = offset + done - i * chunk;
        const read = await bytesOf(i, start, Math.min(chunk, start + length - done));
        bytes.set(read, done);
        done += read.length;
      }
      return bytes;
    },
  };
}

async function chunkSink(
  cache: Cache,
  key: string,
  tag: string | undefined,
  expected: number | undefined,
  chunk: number,
): Promise<Sink> {
  const part = tag === undefined ? uniqueName() : keyPart(tag);
  let i = tag === undefined ? 0 : await resumable(cache, key, part, chunk);
  const needed = (expected ?? 0) - i * chunk;
  if (needed > 0) await expectRoom(needed);
  const tail = tag === undefined ? undefined : await cache.match(tailAddress(key, part));
  const fits = Number(tail?.headers.get(START)) === i * chunk;
  let rest = new Uint8Array(tail && fits ? await tail.arrayBuffer() : []);
  let filled = rest.length;
  async function flush(): Promise<void> {
    const more = Math.max(filled, (expected ?? 0) - i * chunk);
    await write(cache, chunkAddress(key, part, i), rest.subarray(0, filled), more);
    i++;
    filled = 0;
  }
  async function drop(): Promise<void> {
    if (await cache.match(addressOf(key))) return; // They belong to a value that another writer has finished.
    for (const n of await chunksOf(cache, key, part))
      await cache.delete(chunkAddress(key, part, n));
    await cache.delete(tailAddress(key, part));
  }
  return {
    get size() {
      return i * chunk + filled;
    },
    async write(bytes) {
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + chunk - filled);
        if (filled + piece.length > rest.length) rest = grown(rest, filled + piece.length, chunk);
        rest.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        if (filled === chunk) await flush();
      }
    },
    async finish() {
      const size = i * chunk + filled;
      await cache.delete(tailAddress(key, part));
      if (i === 0) {
        await write(cache, addressOf(key), rest.subarray(0, filled), filled);
        return key;
      }
      if (filled > 0) await flush();
      const manifest: Manifest = { size, chunk, part };
      const bytes = new TextEncoder().encode(JSON.stringify(manifest));
      await write(cache, addressOf(key), bytes, bytes.length, { 'content-type': MANIFEST });
      return key;
    },
    async close() {
      if (tag === undefined) return drop();
      const headers = { [START]: String(i * chunk) };
      const bytes = rest.subarray(0, filled);
      // Where there is no room for it, the whole chunks alone stay.
      await write(cache, tailAddress(key, part), bytes, filled, headers).catch(() => undefined);
    },
    drop,
  };
}

/** How many whole chunks in a row are there to go on from. */
async function resumable(cache: Cache, key: string, part: string, chunk: number): Promise<number> {
  const chunks = await chunksOf(cache, key, part);
  let n = 0;
  while (chunks.has(n)) n++;
  // The last of a file is shorter; of the others each was whole before the next was begun.
  const last = n > 0 ? await cache.match(chunkAddress(key, part, n - 1)) : undefined;
  return n > 0 && (await last?.blob())?.size !== chunk ? n - 1 : n;
}

function grown(bytes: Uint8Array, needed: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(needed, 4 * bytes.length, 2 ** 16)));
  larger.set(bytes);
  return larger;
}

/** @param needed how many bytes more are to come, for the message. */
async function write(
  cache: Cache,
  address: string,
  bytes: Uint8Array,
  needed: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    await cache.put(address, new Response(bytes as Uint8Array<ArrayBuffer>, { headers }));
  } catch (error) {
    throw notKept(`${await roomText(needed)} (${String(error)})`, error);
  }
}

async function expectRoom(needed: number): Promise<void> {
  if (needed > (await room())) throw notKept(await roomText(needed));
}

async function roomText(needed: number): Promise<string> {
  return `the browser's storage has ${inMB(await room())} free for this site, ${inMB(needed)} are needed`;
}

/** How many bytes the browser says that it would keep yet. */
async function room(): Promise<number> {
  const { quota, usage } = await navigator.storage.estimate().catch(() => ({}) as StorageEstimate);
  return quota === undefined ? Infinity : Math.max(0, quota - (usage ?? 0));
}

const inMB = (bytes: number): string =>
  bytes === Infinity ? 'an unknown number of MB' : `${Math.ceil(bytes / 1e6)} MB`;
