// Brings the body of an answer into a store: resumes what an earlier attempt left, checks lengths,
// reports progress. Which file, and whether it is needed, hub.ts decides.
import type { Limit } from '../files/limits.ts';
import { chunksOf, tooMuch } from '../reading/body.ts';
import { isSilence } from '../reading/silence.ts';
import type { BlobStore, Sink } from '../stores/blob-store.ts';
import { keyPart, uniqueName } from '../stores/key.ts';
import type { Answer, Failed } from './answer.ts';
import type { Connection } from './connection.ts';
import { ownLength } from './own-length.ts';
import { messageOf } from './refusals.ts';
import { ask, discard } from './request.ts';

type Found = Extract<Answer, { kind: 'found' }>;

/** A whole file in the store. */
export interface Stored {
  readonly key: string;
  readonly size: number;
}

export type OnBytes = (loaded: number, total: number) => void;

/**
 * Writes the answered file into `store`, under a key in `folder` that names its content.
 *
 * Returns a failure when another attempt may go on from what was received. Throws, and keeps
 * nothing, when the server contradicts itself or the file is larger than `limit`; on an abort it throws and keeps what there is.
 */
export async function download(
  remote: Connection,
  store: BlobStore,
  folder: string,
  answer: Found,
  limit: Limit,
  onBytes: OnBytes,
): Promise<Stored | Failed> {
  const { version, response } = answer;
  const key = `${folder}/blob-${keyPart(version.etag ?? uniqueName())}`;
  const length = version.size === undefined ? lengthOf(remote, response) : exactly(version.size);
  if (length !== undefined && length.bytes > limit.bytes) {
    await discard(response);
    throw tooLarge(answer.url, limit, length.bytes);
  }
  // Only the hub's ETags say what is in a file.
  const content = version.etag === undefined ? '' : remote.hub && version.etag;
  const tag = version.etag && strongTag(remote, response);
  const sink = await store.sink(key, tag, length?.bytes, content);
  const there = await sizeOf(store, key);
  if (there !== undefined && (!length?.exact || there === length.bytes)) {
    // Another revision has the same content, or another process was faster.
    await Promise.all([discard(response), sink.drop()]);
    return { key, size: there };
  }
  const resumed = sink.size > 0;
  try {
    const cut = await fill(remote, sink, answer, length, limit, onBytes);
    if (cut !== undefined) {
      await sink.close();
      return cut;
    }
  } catch (error) {
    await (remote.signal?.aborted ? sink.close() : sink.drop());
    throw error;
  }
  const { size } = sink;
  const kept = await sink.finish();
  if (kept !== undefined) return { key: kept, size };
  const why =
    `${answer.url}: the body is not what its ETag ${version.etag} says, and is not kept: ` +
    'something on the way changes files; try again, or without the proxy or mirror in between';
  if (resumed) return failed(why); // What was on disk may be to blame: once more from the start.
  throw new Error(why);
}

const tooLarge = (url: string, { bytes, option }: Limit, size?: number): Error =>
  new RangeError(`${url}: ${tooMuch(size, bytes, option).message}`);

/** How many bytes the store has under `key`. */
export async function sizeOf(store: BlobStore, key: string): Promise<number | undefined> {
  const source = await store.open(key);
  await source?.close?.();
  return source?.size;
}

/** How long a body is; not exactly where it may be the length of a compressed form. */
interface Length {
  readonly bytes: number;
  readonly exact: boolean;
}

const exactly = (bytes: number): Length => ({ bytes, exact: true });

/**
 * Brings the sink to its length. A failure says that it fell short and another attempt may not.
 */
async function fill(
  remote: Connection,
  sink: Sink,
  { response, url }: Found,
  length: Length | undefined,
  limit: Limit,
  onBytes: OnBytes,
): Promise<Failed | undefined> {
  if (sink.size === 0) return receive(remote, response, url, sink, length, limit, onBytes);
  await discard(response);
  if (sink.size === length?.bytes) return undefined; // Cut between the last byte and the end of it.
  const tag = strongTag(remote, response) ?? '';
  const range = { range: `bytes=${sink.size}-`, ...(!remote.inPage && { 'if-range': tag }) };
  const answer = await ask(remote, url, {}, range);
  if (answer.kind === 'failed') return answer;
  if (answer.kind === 'found') {
    const { status, headers } = answer.response;
    const fits = headers.get('content-range')?.startsWith(`bytes ${sink.size}-`);
    // The header that would keep another file from being sent costs a page a question first; so it looks afterwards.
    const found = headers.get('etag') ?? (remote.inPage ? undefined : tag);
    if (status === 206 && fits && found === tag)
      return receive(remote, answer.response, url, sink, length, limit, onBytes);
    await discard(answer.response);
  }
  await sink.drop();
  return failed(`${url}: not the rest that was asked for, expected status 206`);
}

/**
 * Reads the body into the sink. A failure says that it was cut; a body of a wrong length is thrown.
 */
async function receive(
  remote: Connection,
  response: Response,
  url: string,
  sink: Sink,
  length: Length | undefined,
  limit: Limit,
  onBytes: OnBytes,
): Promise<Failed | undefined> {
  const chunks = chunksOf(response, remote.patienceAt(url));
  const total = length?.exact ? length.bytes : undefined;
  const own = total === undefined && limit.says_length && sink.size === 0 ? ownLength() : undefined;
  try {
    for (;;) {
      let chunk: Uint8Array | void;
      try {
        chunk = (await chunks.next()).value;
      } catch (error) {
        remote.signal?.throwIfAborted();
        return failed(`${url}: cut at byte ${sink.size} (${messageOf(error)})`, error);
      }
      remote.signal?.throwIfAborted();
      if (chunk === undefined) break;
      const size = sink.size + chunk.length;
      if (total !== undefined && size > total)
        throw new Error(`${url}: more than ${total} bytes, expected as many as the server said`);
      if (size > limit.bytes) throw tooLarge(url, limit);
      const most = own?.(chunk) ?? Infinity;
      if (size > most)
        throw new Error(`${url}: more than ${most} bytes, expected no more than its header says`);
      await sink.write(chunk);
      onBytes(size, Math.max(size, length?.bytes ?? 0));
    }
  } finally {
    await chunks.return();
  }
  if (total !== undefined && sink.size !== total)
    throw new Error(`${url}: the body ends at byte ${sink.size}, expected ${total} bytes`);
  return undefined;
}

const failed = (message: string, cause?: unknown): Failed => ({
  kind: 'failed',
  why: new Error(message, { cause }),
  ...(isSilence(cause) && { hopeless: true }),
});

/** How long the body is, as far as the server says. */
function lengthOf(remote: Connection, response: Response): Length | undefined {
  const length = response.headers.get('content-length');
  // With an encoding, that is the length of the compressed form; and another origin need not show that there is one.
  if (length === null || isEncoded(response)) return undefined;
  return { bytes: Number(length), exact: !remote.inPage };
}

/** The ETag, if it stands for the exact bytes of the body: what If-Range needs. */
function strongTag({ inPage }: Connection, response: Response): string | undefined {
  const tag = response.headers.get('etag') ?? '';
  // Where fetch itself followed a redirect, and this is not known to be a browser, nobody knows whose tag it is.
  if (isEncoded(response) || (response.redirected && !inPage)) return undefined;
  return /^"[\w.:+/=-]{1,80}"$/.test(tag) ? tag : undefined;
}

function isEncoded(response: Response): boolean {
  return (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
}
