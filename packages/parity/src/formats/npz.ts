// NumPy's .npz: a zip of .npy files.
import { unzipSync, zipSync } from 'fflate';
import type { DumpTensor } from '../dump.ts';
import { readNpy, writeNpy } from './npy.ts';

/** Of an archive unpacked, in bytes: more is refused, since a small file may claim anything. */
const LARGEST = 2 ** 31;

/** Throws with `path` for anything else. */
export function readNpz(bytes: Uint8Array, path: string): Map<string, DumpTensor> {
  let total = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ originalSize }) {
        total += originalSize;
        if (total > LARGEST) throw new RangeError(`more than ${LARGEST} bytes unpacked`);
        return true;
      },
    });
  } catch (error) {
    throw new Error(`${path}: no readable .npz: ${(error as Error).message}`);
  }
  const entries = Object.entries(files).filter(([name]) => name.endsWith('.npy'));
  return new Map(
    entries.map(([name, npy]) => [name.slice(0, -4), readNpy(npy, `${path}:${name}`)]),
  );
}

/** Stored without compression, as numpy.savez does. */
export function writeNpz(taps: ReadonlyMap<string, DumpTensor>): Uint8Array {
  const files = [...taps].map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)] as const);
  return zipSync(Object.fromEntries(files), { level: 0 });
}
