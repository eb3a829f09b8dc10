// Writes damaged copies of the files of a folder, the same ones for the same seed. It knows JPEG's markers; it reads no pixel.
//
//     node tools/fuzz/mutate.mjs ORIGINALS OUT --count 1000 --seed 1
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** mulberry32: whole numbers below n, the same for the same seed everywhere. */
export function random(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  };
}

/** Bytes that decoders look at twice: stuffing, fill bytes, restarts, ends, a scan. */
const TROUBLE = [
  [0xff],
  [0xff, 0x00],
  [0xff, 0xff, 0x00],
  [0xff, 0xff, 0xff, 0x00],
  [0xff, 0xff],
  [0xff, 0xd9],
  [0xff, 0x01],
  [0xff, 0x4c],
  [0xff, 0xda],
  [0xff, 0xfe, 0x00, 0x02],
  [0x00, 0x00, 0x00, 0x00],
];

const splice = (bytes, at, drop, put) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at + drop)]);

/** Each takes the bytes, a place and `below`, and gives the damaged bytes. */
const EDITS = [
  (b, at, below) => splice(b, at, 1, [below(256)]),
  (b, at, below) => splice(b, at, 1, [b[at] ^ (1 << below(8))]),
  (b, at, below) => splice(b, at, 1, TROUBLE[below(TROUBLE.length)]),
  (b, at, below) => splice(b, at, 0, TROUBLE[below(TROUBLE.length)]),
  (b, at, below) => splice(b, at, 0, [0xff, 0xd0 + below(8)]),
  (b, at, below) => splice(b, at, 1 + below(4), []),
  (b, at, below) =>
    splice(
      b,
      at,
      0,
      Array.from({ length: 1 + below(4) }, () => below(256)),
    ),
  (b, at, below) => {
    const from = below(b.length);
    return splice(b, at, 0, b.subarray(from, from + below(200)));
  },
  (b, at, below) => (below(3) === 0 ? b.subarray(0, at) : splice(b, at, below(200), [])),
];

/** Where JPEG's pixel data begins: behind the first scan's header; 2 for other files. */
function dataOf(bytes) {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (bytes[at + 1] === 0xda) return end;
    at = end;
  }
  return 2;
}

/** One damaged copy: 1 to 4 edits, three of four in the pixel data. */
export function mutant(original, below) {
  let bytes = Buffer.from(original);
  const data = dataOf(bytes);
  for (let edits = 1 + below(4); edits > 0 && bytes.length > 4; edits--) {
    const from = below(4) > 0 && data < bytes.length ? data : 2;
    bytes = EDITS[below(EDITS.length)](bytes, from + below(bytes.length - from), below);
  }
  return bytes;
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { count: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
  });
  const [originals, out] = positionals;
  const files = readdirSync(originals).sort();
  const below = random(Number(values.seed));
  mkdirSync(out, { recursive: true });
  for (let i = 0; i < Number(values.count); i++) {
    const name = files[below(files.length)];
    const file = `${String(i).padStart(6, '0')}-${name}`;
    writeFileSync(join(out, file), mutant(readFileSync(join(originals, name)), below));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
