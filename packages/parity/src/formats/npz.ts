// NumPy's .npz: a zip of .npy files.
import { unzipSync, zipSync } from 'fflate';
import type { DumpTensor } from '../dump.ts';
import { readNpy, writeNpy } from './npy.ts';

/** Of an archive unpacked, in bytes. */
const LARGEST = 2 ** 31;
/** Deflate makes of a byte at most 1032. Memory is set aside by what a file claims, so that more is refused before. */
const DEFLATE = 1032;

/** Throws with `path` for anything else. What in it is no array of numbers goes to `skip`. */
export function readNpz(
  bytes: Uint8Array,
  path: string,
  skip: (why: string) => void,
): Map<string, DumpTensor> {
  let [total, packed] = [0, 0];
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ name, size, originalSize }) {
        total += originalSize;
        packed += size;
        if (originalSize > DEFLATE * size || packed > bytes.length)
          throw new RangeError(`${name}: ${originalSize} bytes, more than ${size} can hold`);
        if (total > LARGEST) throw new RangeError(`more than ${LARGEST} bytes unpacked`);
        return true;
      },
    });
  } catch (error) {
    throw new Error(`${path}: no readable .npz: ${(error as Error).message}`);
  }
  const entries = Object.entries(files).filter(([name]) => name.endsWith('.npy'));
  const taps = new Map<string, DumpTensor>();
  for (const [name, npy] of entries) {
    try {
      taps.set(name.slice(0, -4), readNpy(npy, `${path}:${name}`));
    } catch (error) {
      skip((error as Error).message);
    }
  }
  return taps;
}

/** Stored without compression, as numpy.savez does. */
export function writeNpz(taps: ReadonlyMap<string, DumpTensor>): Uint8Array {
  const files = [...taps].map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)] as const);
  return zipSync(Object.fromEntries(files), { level: 0 });
}
