// The zlib stream of a PNG, uncompressed as far as the picture needs, with the verdict zlib would give. Bytes are handed on
// as they come, for those of a large picture should not lie in memory at once.
// fflate does the work; what it leaves open is here: the header, the Adler-32 sum and where a bad stream fails.
import { Inflate } from 'fflate';
import { concat } from '../bytes.ts';
import { adler32 } from './checksums.ts';

export interface Inflated {
  /** How many bytes were handed on. */
  readonly total: number;
  /**
   * 'full': as many bytes as wanted. 'ended': the stream ends before. 'cut': its data ends before.
   * 'broken': it cannot be read on, or its sum is wrong.
   */
  readonly state: 'full' | 'ended' | 'cut' | 'broken';
}

/** Compressed bytes at a time. Deflate shrinks by 1032 at most, so a bomb unpacks to 8 MB before it is seen. */
const PIECE = 8192;

/**
 * @param chunks a zlib stream in pieces, perhaps cut or damaged, perhaps with more behind it
 * @param wanted how many bytes the picture has; reading stops there
 * @param exact whether a broken stream must give every byte before its fault (slower)
 * @param take is given the bytes in order; it must not keep them
 */
export function inflate(
  chunks: readonly Uint8Array[],
  wanted: number,
  exact: boolean,
  take: (bytes: Uint8Array) => void,
): Inflated {
  const stream = chunks[0]!.length < 2 ? [concat(chunks)] : chunks;
  if (stream[0]!.length < 2) return { total: 0, state: 'cut' };
  if (!headerIsGood(stream[0]!)) return { total: 0, state: 'broken' };
  const deflated = [stream[0]!.subarray(2), ...stream.slice(1)];
  const out = new Output(wanted, take);
  let run = inflateRaw(deflated, wanted, Infinity, out);
  // fflate gives nothing of the piece it fails in: feed that piece again by single bytes.
  if (run.failedAt >= 0 && exact) run = inflateRaw(deflated, wanted, run.failedAt, out);
  if (run.failedAt >= 0) return out.end('broken');
  if (run.total > wanted) return out.end('full');
  const sum = sumIsGood(deflated, out.sum);
  if (sum === undefined) return out.end(run.total < wanted ? 'cut' : 'full');
  // zlib says so together with the last line, which Pillow then never gets; where the sum comes with a later read than that
  // line, Pillow has stopped reading.
  if (!sum && run.total === wanted && isSumApart(deflated)) return out.end('full');
  if (!sum) return { total: Math.max(0, out.total - 1), state: 'broken' };
  return out.end(run.total < wanted ? 'ended' : 'full');
}

/** Hands on each wanted byte once; the last only when it is known that it may be. */
class Output {
  readonly #wanted: number;
  readonly #take: (bytes: Uint8Array) => void;
  readonly #last = new Uint8Array(1);
  #held = false;
  total = 0;
  sum = 1;

  constructor(wanted: number, take: (bytes: Uint8Array) => void) {
    this.#wanted = wanted;
    this.#take = take;
  }

  /** @param from where in the whole these bytes begin */
  push(bytes: Uint8Array, from: number): void {
    const fresh = bytes.subarray(this.total - from, this.#wanted - from);
    if (fresh.length === 0) return;
    this.sum = adler32(fresh, this.sum);
    this.total += fresh.length;
    if (this.#held) this.#take(this.#last);
    this.#take(fresh.subarray(0, -1));
    this.#last[0] = fresh.at(-1)!;
    this.#held = true;
  }

  end(state: Inflated['state']): Inflated {
    if (this.#held) this.#take(this.#last);
    return { total: this.total, state };
  }
}

/** RFC 1950: method 8, a window of at most 32 kB, and a multiple of 31. */
function headerIsGood([method, flags]: Uint8Array): boolean {
  return ((method! << 8) | flags!) % 31 === 0 && (method! & 15) === 8 && method! >> 4 <= 7;
}

/** Feeds pieces up to `coarse`, single bytes from there, until more than `wanted` bytes are out. */
function inflateRaw(chunks: readonly Uint8Array[], wanted: number, coarse: number, out: Output) {
  let total = 0;
  let at = 0;
  const engine = new Inflate((part) => {
    out.push(part, total);
    total += part.length;
  });
  try {
    for (const chunk of chunks) {
      for (let from = 0; from < chunk.length && total <= wanted;) {
        const step = at < coarse ? Math.min(PIECE, coarse - at, chunk.length - from) : 1;
        engine.push(chunk.subarray(from, from + step));
        from += step;
        at += step;
      }
    }
  } catch {
    return { total, failedAt: at };
  }
  return { total, failedAt: -1 };
}

/** What Pillow reads of a chunk at a time. */
const READ = 65536;

/** Whether a stream that ends with its sum has some of that, and no more, in its last read: of an IDAT chunk, or of its rest. */
function isSumApart(chunks: readonly Uint8Array[]): boolean {
  const last = chunks.findLast((chunk) => chunk.length > 0)!;
  const header = last === chunks[0] ? 2 : 0; // which was cut off
  return ((last.length + header) % READ || READ) <= 4;
}

/** Whether the Adler-32 sum behind a complete stream is right; undefined if the stream or sum is cut. */
function sumIsGood(chunks: readonly Uint8Array[], sum: number): boolean | undefined {
  const end = concat(chunks.slice(-4).map((chunk) => chunk.subarray(-4)));
  if (end.length >= 4 && new DataView(end.buffer).getUint32(end.length - 4) === sum) return true;
  const deflated = concat(chunks);
  const { length } = deflated;
  const view = new DataView(deflated.buffer, deflated.byteOffset, length);
  const isSum = (at: number) => at >= 0 && at + 4 <= length && view.getUint32(at) === sum;
  // With something behind the stream: fflate does not say where it ends, but the sum stands there.
  let tries = MOST_ENDS;
  for (let at = length - 4; at >= 0 && tries > 0; at--) {
    if (!isSum(at)) continue;
    if (isWhole(deflated, at) && !isWhole(deflated, at - 1)) return true;
    tries--;
  }
  return isWhole(deflated, length - 4) ? false : undefined;
}

/** In how many places a sum is looked at: by chance it stands in one of four billion. */
const MOST_ENDS = 4;

/** Whether a deflate stream has ended within its first `length` bytes. */
function isWhole(deflated: Uint8Array, length: number): boolean {
  try {
    new Inflate(() => {}).push(deflated.subarray(0, Math.max(0, length)), true);
    return true;
  } catch {
    return false;
  }
}
