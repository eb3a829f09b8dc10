// Edits of a .npy file: its dictionary with the length right again, and as many numbers as that asks for, or others.
import type { Random } from '../random.ts';
import { concat, mutateBytes } from './bytes.ts';

// prettier-ignore
const DESCRS = [
  "'<f4'", "'>f4'", "'<f8'", "'<f2'", "'|V2'", "'<i8'", "'<u8'", "'|u1'", "'|b1'", "'|O'", "'<U5'", "'<c8'", "'<f16'", "'<f0'", "'=f4'",
  "[('a', '<f4')]", "''", "'<constructor4'", "'<f4",
];
// prettier-ignore
const SHAPES = [
  '', '0,', '1,', '3,', '2, 3', '0, 99999999999', '99999999999, 99999999999', '1, '.repeat(5000), '-1,', '1e9,', '٣,', '3, , 2', '00002,',
  '9'.repeat(400) + ', 0', '0, ' + '9'.repeat(400),
];

export function mutateNpy(r: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length < 12 || r.once(15)) return mutateBytes(r, bytes);
  const length = bytes[8]! + 256 * bytes[9]!;
  let header = String.fromCharCode(...bytes.subarray(10, 10 + length));
  let data = bytes.subarray(10 + length);
  if (r.once(2)) header = header.replace(/'descr': '[^']*'/, `'descr': ${r.pick(DESCRS)}`);
  if (r.once(2)) header = header.replace(/\([^)]*\)/, `(${r.pick(SHAPES)})`);
  if (r.once(4)) header = header.replace(/False|True/, r.pick(['True', 'False', 'None', '1']));
  if (r.once(8)) header = header.replace(/'\w+':/, r.pick(["'shape':", "'x':", '']));
  if (r.once(3)) data = mutateBytes(r, data);
  else if (r.once(2)) data = new Uint8Array(r.pick([0, 1, 2, 4, 8, 12, 24, 48])).fill(r.below(256));
  const [major, first] = r.pick([[1, 2], [1, 2], [1, 2], [2, 4], [3, 4], [9, 4]] as const); // prettier-ignore
  const text = Uint8Array.from(header, (c) => c.charCodeAt(0));
  const said = new Uint8Array(first);
  for (let i = 0; i < first; i++)
    said[i] = r.once(100) ? 255 : Math.floor(text.length / 256 ** i) % 256;
  return concat([bytes.subarray(0, 6), Uint8Array.of(major, 0), said, text, data]);
}
