// Edits of a tar file: fields of its headers with the checksum right again, its entries, and the JSON within.
import type { Random } from '../random.ts';
import { concat, mutateBytes, mutateList } from './bytes.ts';
import { mutateJson } from './json.ts';

interface Entry {
  /** 512 bytes. */
  readonly header: Uint8Array;
  /** Without padding. */
  readonly data: Uint8Array;
}

// prettier-ignore
const NAMES = ['', 'x', '.', '..', '../x.jpg', '/x.txt', 'a/b.json', 'a.b.c.png', '.txt', '__proto__.txt', 'constructor.json', 'x'.repeat(100), 'é.txt'];
// prettier-ignore
const SIZES = ['', '0', '1', '777', '77777777777', '-1', '-1000', '9', 'x', '00000000010', '0x10', '1e3', '\x80\0\0\0\0\0\0\0\0\0\x01', '\xff'.repeat(11)];
const KINDS = ['0', '\0', '1', '2', '5', '7', 'L', 'K', 'x', 'g', 'S', '\xff'];
// prettier-ignore
const PAX = ['17 path=pax.json\n', '10 size=0\n', '99999 path=x\n', '0 a=b\n', '-5 a=b\n', 'x', '11 size=1e9\n', '15 size=-1000\n', '= = =\n'];

export function mutateTar(r: Random, bytes: Uint8Array): Uint8Array {
  if (r.once(20)) return mutateBytes(r, bytes);
  let entries = entriesOf(bytes);
  for (let n = 1 + r.below(3); n > 0; n--) entries = mutateList(r, entries, (e) => edited(r, e));
  const end = new Uint8Array(r.pick([1024, 1024, 512, 0, 100]));
  const file = concat([...entries.flatMap(written), end]);
  return r.once(20) ? file.subarray(0, r.below(file.length)) : file;
}

function entriesOf(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const header = bytes.slice(at, at + 512);
    const size = parseInt(String.fromCharCode(...header.subarray(124, 135)), 8) || 0;
    entries.push({ header, data: bytes.slice(at + 512, at + 512 + size) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return entries;
}

function edited(r: Random, { header, data }: Entry): Entry {
  const copy = header.slice();
  const kind = r.below(7);
  if (kind === 0) put(copy, 0, 100, r.pick(NAMES));
  else if (kind === 1) put(copy, 124, 12, r.pick(SIZES));
  else if (kind === 2) put(copy, 156, 1, r.pick(KINDS));
  else if (kind === 3) put(copy, r.pick([100, 136, 257, 345]), 8, r.pick([...NAMES, ...SIZES]));
  else if (kind === 4) {
    put(copy, 156, 1, r.pick(['x', 'g', 'L']));
    return sized(
      copy,
      Uint8Array.from(r.pick(PAX), (c) => c.charCodeAt(0)),
    );
  } else return sized(copy, r.once(3) ? mutateBytes(r, data) : mutateJson(r, data));
  return { header: copy, data };
}

function sized(header: Uint8Array, data: Uint8Array): Entry {
  put(header, 124, 12, data.length.toString(8).padStart(11, '0'));
  return { header, data };
}

function put(to: Uint8Array, at: number, length: number, text: string): void {
  for (let i = 0; i < length; i++) to[at + i] = i < text.length ? text.charCodeAt(i) & 255 : 0;
}

function written({ header, data }: Entry): Uint8Array[] {
  put(header, 148, 8, ' '.repeat(8));
  const sum = header.reduce((a, b) => a + b, 0);
  put(header, 148, 8, `${sum.toString(8).padStart(6, '0')}\0 `);
  return [header, data, new Uint8Array((512 - (data.length % 512)) % 512)];
}
