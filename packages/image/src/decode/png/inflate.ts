// The zlib stream of a PNG, uncompressed as far as the picture needs, with the verdict zlib would give.
// fflate does the work; what it leaves open is here: the header, the Adler-32 sum and where a bad stream fails.
import { Inflate } from 'fflate';
import { concat } from '../bytes.ts';
import { adler32 } from './checksums.ts';

export interface Inflated {
  readonly bytes: Uint8Array;
  /**
   * 'full': as many bytes as wanted. 'ended': the stream ends before. 'cut': its data ends before.
   * 'broken': it cannot be read on, or its sum is wrong.
   */
  readonly state: 'full' | 'ended' | 'cut' | 'broken';
}

/** Compressed bytes at a time. Deflate shrinks by 1032 at most, so a bomb unpacks to 8 MB before it is seen. */
const PIECE = 8192;

/**
 * @param stream a zlib stream, perhaps cut or damaged, perhaps with more behind it
 * @param wanted how many bytes the picture has; reading stops there
 * @param exact whether a broken stream must give every byte before its fault (slower)
 */
export function inflate(stream: Uint8Array, wanted: number, exact: boolean): Inflated {
  if (stream.length < 2) return { bytes: stream.subarray(0, 0), state: 'cut' };
  if (!headerIsGood(stream)) return { bytes: stream.subarray(0, 0), state: 'broken' };
  const deflated = stream.subarray(2);
  let run = inflateRaw(deflated, wanted, deflated.length);
  // fflate gives nothing of the piece it fails in: feed that piece again by single bytes.
  if (run.failedAt >= 0 && exact) run = inflateRaw(deflated, wanted, run.failedAt);
  const bytes = concat(run.parts).subarray(0, wanted);
  if (run.failedAt >= 0) return { bytes, state: 'broken' };
  if (run.total > wanted) return { bytes, state: 'full' };
  const sum = sumIsGood(deflated, bytes);
  if (sum === undefined) return { bytes, state: run.total < wanted ? 'cut' : 'full' };
  // zlib says so together with the last line, which Pillow then never gets.
  if (!sum) return { bytes: bytes.subarray(0, -1), state: 'broken' };
  return { bytes, state: run.total < wanted ? 'ended' : 'full' };
}

/** RFC 1950: method 8, a window of at most 32 kB, and a multiple of 31. */
function headerIsGood([method, flags]: Uint8Array): boolean {
  return ((method! << 8) | flags!) % 31 === 0 && (method! & 15) === 8 && method! >> 4 <= 7;
}

/** Feeds pieces up to `coarse`, single bytes from there, until more than `wanted` bytes are out. */
function inflateRaw(deflated: Uint8Array, wanted: number, coarse: number) {
  const parts: Uint8Array[] = [];
  let total = 0;
  let at = 0;
  const engine = new Inflate((part) => {
    parts.push(part.slice());
    total += part.length;
  });
  try {
    while (at < deflated.length && total <= wanted) {
      const step = at < coarse ? Math.min(PIECE, coarse - at) : 1;
      engine.push(deflated.subarray(at, at + step));
      at += step;
    }
  } catch {
    return { parts, total, failedAt: at };
  }
  return { parts, total, failedAt: -1 };
}

/** Whether the Adler-32 sum behind a complete stream is right; undefined if the stream or sum is cut. */
function sumIsGood(deflated: Uint8Array, bytes: Uint8Array): boolean | undefined {
  const sum = adler32(bytes);
  const { length } = deflated;
  const view = new DataView(deflated.buffer, deflated.byteOffset, length);
  const isSum = (at: number) => at >= 0 && at + 4 <= length && view.getUint32(at) === sum;
  if (isSum(length - 4)) return true;
  // With something behind the stream: fflate does not say where it ends, but the sum stands there.
  let tries = MOST_ENDS;
  for (let at = length - 5; at >= 0 && tries > 0; at--) {
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
