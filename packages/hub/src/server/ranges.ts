// Reads parts of a file where it lies on the hub, and keeps nothing: for a header, or for one tower of two.
import type { ByteSource } from '@siglip-ts/safetensors';
import { bodyOf } from '../reading/body.ts';
import { isSilence } from '../reading/silence.ts';
import type { Failed } from './answer.ts';
import { attemptsOf, heed } from './attempts.ts';
import type { Connection } from './connection.ts';
import { messageOf } from './refusals.ts';
import { ask, discard, type Known } from './request.ts';

/** What the first request brings: the header of a safetensors file, most likely. */
const HEAD = 128 * 1024;

interface Part {
  readonly bytes: Uint8Array;
  /** Of the whole file. */
  readonly size: number;
  readonly etag: string | undefined;
}

/**
 * The file on the hub, read by ranges, a request for each. Undefined where that cannot be: the hub has no such file, has
 * it as it was (`known` is the ETag of the copy at hand), or sends it whole.
 *
 * Throws when the hub refuses or keeps failing; `read` also when the file has become another one.
 */
export async function rangeSource(
  remote: Connection,
  file: string,
  known: Known,
): Promise<ByteSource | undefined> {
  const url = remote.urlOf(file);
  const head = await partOf(remote, url, 0, HEAD, known);
  if (head === undefined) return undefined;
  const { size, etag } = head;
  return {
    name: `${remote.name}/${file}`,
    size,
    async read(offset, length) {
      const end = offset + length;
      if (offset < 0 || length < 0 || end > size)
        throw new RangeError(
          `${url}: a read of ${length} bytes at ${offset}, expected a range within ${size}`,
        );
      if (end <= head.bytes.length) return head.bytes.subarray(offset, end);
      const part = await partOf(remote, url, offset, length, {});
      if (part?.etag !== etag || part?.size !== size)
        throw new Error(`${url}: another file than before, expected it to stay while it is read`);
      return part.bytes;
    },
  };
}

async function partOf(
  remote: Connection,
  url: string,
  offset: number,
  length: number,
  known: Known,
): Promise<Part | undefined> {
  const range = { range: `bytes=${offset}-${offset + length - 1}` };
  let failure = new Error(`${url}: ${remote.retry.attempts} attempts, expected at least 1`);
  for await (const attempt of attemptsOf(remote)) {
    const answer = await ask(remote, url, known, range);
    if (answer.kind === 'missing' || answer.kind === 'unchanged') return undefined;
    let failed: Failed;
    if (answer.kind === 'found') {
      const part = await received(remote, url, answer.response, offset, length);
      if (!(part instanceof Error)) return part && { ...part, etag: answer.version.etag };
      failed = { kind: 'failed', why: part, hopeless: isSilence(part.cause) };
    } else failed = answer;
    heed(remote, attempt, failed);
    failure = failed.why;
  }
  throw failure;
}

/** The bytes of a partial answer; undefined when it is none, an Error when it was cut. */
async function received(
  remote: Connection,
  url: string,
  response: Response,
  offset: number,
  length: number,
): Promise<Omit<Part, 'etag'> | Error | undefined> {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []; // prettier-ignore
  if (response.status !== 206 || Number(first) !== offset) {
    await discard(response);
    return undefined;
  }
  const size = Number(total);
  const expected = Math.min(length, size - offset);
  try {
    const bytes = await bodyOf(response, expected, undefined, remote.patienceAt(url));
    if (bytes.length === expected) return { bytes, size };
    return new Error(`${url}: ${bytes.length} bytes at ${offset}, expected ${expected}`);
  } catch (error) {
    remote.signal?.throwIfAborted();
    if (error instanceof RangeError) throw new RangeError(`${url}: at ${offset}: ${error.message}`);
    return new Error(`${url}: cut after byte ${offset} (${messageOf(error)})`, { cause: error });
  }
}
