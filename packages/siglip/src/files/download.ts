// Brings the body of an answer into a store: resumes what an earlier attempt left, checks lengths,
// reports progress. Which file, and whether it is needed, hub.ts decides.
import { keyPart } from './key.ts';
import { ask, discard, messageOf, type Answer, type Connection } from './request.ts';
import type { Sink, Store } from './store.ts';

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
 * Returns an Error when another attempt may go on from what was received. Throws, and keeps
 * nothing, when the server contradicts itself; on an abort it throws and keeps what there is.
 */
export async function download(
  hub: Connection,
  store: Store,
  folder: string,
  answer: Found,
  onBytes: OnBytes,
): Promise<Stored | Error> {
  const { version, response } = answer;
  const key = `${folder}/blob-${keyPart(version.etag ?? crypto.randomUUID())}`;
  const total = version.size ?? lengthOf(response);
  const sink = await store.sink(key, version.etag && strongTag(response));
  const there = await sizeOf(store, key);
  if (there !== undefined && there === (total ?? there)) {
    // Another revision has the same content, or another process was faster.
    await Promise.all([discard(response), sink.drop()]);
    return { key, size: there };
  }
  try {
    const cut = await fill(hub, sink, answer, total, onBytes);
    if (cut !== undefined) {
      await sink.close();
      return cut;
    }
  } catch (error) {
    await (hub.signal?.aborted ? sink.close() : sink.drop());
    throw error;
  }
  const { size } = sink;
  await sink.finish();
  return { key, size };
}

/** How many bytes the store has under `key`. */
export async function sizeOf(store: Store, key: string): Promise<number | undefined> {
  const source = await store.open(key);
  await source?.close?.();
  return source?.size;
}

/**
 * Brings the sink to `total` bytes. An Error says that it fell short and another attempt may not.
 */
async function fill(
  hub: Connection,
  sink: Sink,
  { response, url }: Found,
  total: number | undefined,
  onBytes: OnBytes,
): Promise<Error | undefined> {
  if (sink.size === 0) return receive(hub, response, url, sink, total, onBytes);
  await discard(response);
  if (sink.size === total) return undefined; // Cut between the last byte and the end of it.
  const tag = strongTag(response) ?? '';
  const range = { range: `bytes=${sink.size}-`, 'if-range': tag };
  const answer = await ask(hub, url, undefined, range);
  if (answer.kind === 'failed') return answer.why;
  if (answer.kind === 'found') {
    const { status, headers } = answer.response;
    const fits = headers.get('content-range')?.startsWith(`bytes ${sink.size}-`);
    if (status === 206 && fits && (headers.get('etag') ?? tag) === tag)
      return receive(hub, answer.response, url, sink, total, onBytes);
    await discard(answer.response);
  }
  await sink.drop();
  return new Error(`${url}: not the rest that was asked for, expected status 206`);
}

/**
 * Reads the body into the sink. An Error says that it was cut; a body of a wrong length is thrown.
 */
async function receive(
  hub: Connection,
  response: Response,
  url: string,
  sink: Sink,
  total: number | undefined,
  onBytes: OnBytes,
): Promise<Error | undefined> {
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    let chunk: Uint8Array | undefined;
    try {
      chunk = (await reader.read()).value;
    } catch (error) {
      hub.signal?.throwIfAborted();
      return new Error(`${url}: cut at byte ${sink.size} (${messageOf(error)})`, { cause: error });
    }
    hub.signal?.throwIfAborted();
    if (chunk === undefined) break;
    if (total !== undefined && sink.size + chunk.length > total) {
      await reader.cancel().catch(() => undefined);
      throw new Error(`${url}: more than ${total} bytes, expected as many as the server said`);
    }
    await sink.write(chunk);
    onBytes(sink.size, total ?? sink.size);
  }
  if (total !== undefined && sink.size !== total)
    throw new Error(`${url}: the body ends at byte ${sink.size}, expected ${total} bytes`);
  return undefined;
}

/** How long the body is, as far as the server says. */
function lengthOf(response: Response): number | undefined {
  const length = response.headers.get('content-length');
  // With an encoding, that is the length of the compressed form.
  return length === null || isEncoded(response) ? undefined : Number(length);
}

/** The ETag, if it stands for the exact bytes of the body: what If-Range needs. */
function strongTag(response: Response): string | undefined {
  const tag = response.headers.get('etag') ?? '';
  // Where fetch itself followed a redirect, as in browsers, no range can be asked for safely.
  if (isEncoded(response) || response.redirected) return undefined;
  return /^"[\w.:+/=-]{1,80}"$/.test(tag) ? tag : undefined;
}

function isEncoded(response: Response): boolean {
  return (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
}
