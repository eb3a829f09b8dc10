// Edits of a .npz: of one array in it, zipped again, and of the fields of the zip's records.
import { unzipSync, zipSync } from 'fflate';
import type { Random } from '../random.ts';
import { mutateBytes, setNumber } from './bytes.ts';
import { mutateNpy } from './npy.ts';

/** Where the fields of a record are, by the third byte of its signature: local, central, end. */
const FIELDS: Readonly<Record<number, readonly number[]>> = {
  3: [4, 6, 8, 14, 18, 22, 26, 28],
  1: [8, 10, 16, 20, 24, 28, 30, 32, 42],
  5: [4, 6, 8, 10, 12, 16, 20],
};

export function mutateNpz(r: Random, bytes: Uint8Array): Uint8Array {
  if (r.once(15)) return mutateBytes(r, bytes);
  if (r.once(2)) return withRecord(r, bytes);
  const files = unzipSync(bytes);
  const name = r.pick(Object.keys(files));
  const npy = mutateNpy(r, files[name]!);
  if (r.once(6)) delete files[name];
  const names = [name, name, name, '', '../x.npy', '__proto__.npy', 'constructor.npy', 'x.txt', 'a/b.npy', 'é.npy']; // prettier-ignore
  Object.defineProperty(files, r.pick(names), { value: npy, enumerable: true, configurable: true });
  return zipSync(files, { level: r.pick([0, 0, 6]) as 0 | 6 });
}

function withRecord(r: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const records: [at: number, fields: readonly number[]][] = [];
  for (let at = 0; at + 4 <= out.length; at++) {
    const fields = FIELDS[out[at + 2]!];
    if (fields && out[at] === 0x50 && out[at + 1] === 0x4b && out[at + 3] === out[at + 2]! + 1)
      records.push([at, fields]);
  }
  for (let n = 1 + r.below(3); n > 0 && records.length > 0; n--) {
    const [at, fields] = r.pick(records);
    setNumber(r, out, Math.min(out.length - 1, at + r.pick(fields)));
  }
  return out;
}
