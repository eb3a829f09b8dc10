// Dumps that somebody made to do harm, or that broke on the way: exit 2, one line, at once, and no memory that the file
// does not account for. Bytes changed at random are formats.test.ts, a debugger's tree is debug-tree.test.ts.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { scratch, siglip } from '../cli/harness.ts';

const { path } = scratch();
const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures', name));

function npy(header: string, numbers = 0, version = 1, length = header.length): Uint8Array {
  const size = version === 1 ? Buffer.alloc(2) : Buffer.alloc(4);
  if (version === 1) size.writeUInt16LE(length);
  else size.writeUInt32LE(length);
  const magic = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1');
  return Buffer.concat([magic, size, Buffer.from(header), Buffer.alloc(numbers)]);
}
const header = (shape: string, descr = '<f4') =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }\n`;

/** A zip whose directory says that its one file has so many bytes unpacked. */
function claiming(bytes: number): Uint8Array {
  const zip = zipSync({ 'a.npy': npy(header('1,'), 4) });
  const directory = Buffer.from(zip.buffer).indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  new DataView(zip.buffer).setUint32(directory + 24, bytes, true);
  return zip;
}

const zip = fixture('parity/formats.npz');
const safetensors = fixture('model/plain/golden-float32.safetensors');
const FILES: Readonly<Record<string, Uint8Array>> = {
  'an empty file': new Uint8Array(),
  'a zip cut in half': zip.subarray(0, zip.length / 2),
  'a zip without its directory': zip.subarray(0, zip.length - 100),
  'a zip that claims 4 GB': claiming(2 ** 32 - 2),
  'a zip that claims 1 GB': claiming(2 ** 30),
  'a zip of what is no .npy': zipSync({ 'a.npy': new Uint8Array(20) }),
  'a zip of pickles': zipSync({ 'a.npy': npy(header('1,', '|O'), 8) }),
  'safetensors cut in half': safetensors.subarray(0, safetensors.length / 2),
  'safetensors with a header of 2 ** 60 bytes': Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 16, 0x7b, 0x7d),
};
const NPY: Readonly<Record<string, Uint8Array>> = {
  'a header of 4 GB': npy(header('1,'), 4, 2, 2 ** 32 - 1),
  'a header longer than the file': npy(header('1,'), 4, 1, 60_000),
  'a shape of 10 ** 24': npy(header('1000000000000, 1000000000000'), 4),
  'a shape whose product is no number': npy(header(`${'9'.repeat(400)}, 0`), 4),
  'fewer numbers than the shape': npy(header('3,'), 8),
  'more numbers than the shape': npy(header('3,'), 16),
  'a header that is a program': npy("__import__('os').system('x')\n", 4),
};
const FOLDERS: Readonly<Record<string, (at: string) => void>> = {
  'an empty folder': () => {},
  'a link to itself': (at) => symlinkSync('a.npy', join(at, 'a.npy')),
  'a link to a device': (at) => symlinkSync('/dev/zero', join(at, 'a.npy')),
  'a pipe': (at) => void execFileSync('mkfifo', [join(at, 'a.bin')]),
  'a folder called .npy': (at) => mkdirSync(join(at, 'a.npy')),
  'a manifest of a tap that is not there': (at) => {
    const manifest = { schema: 1, producer: 'x', dtype: 'float32', taps: ['gone'] };
    writeFileSync(join(at, 'manifest.json'), JSON.stringify(manifest));
    writeFileSync(join(at, 'taps.safetensors'), safetensors);
  },
  'a manifest without its tensors': (at) =>
    writeFileSync(
      join(at, 'manifest.json'),
      '{"schema": 1, "producer": "x", "dtype": "float32", "taps": []}',
    ),
  'a manifest that is a device': (at) => symlinkSync('/dev/zero', join(at, 'manifest.json')),
};

async function refused(dump: string): Promise<void> {
  const before = process.memoryUsage().rss;
  const { code, stdout, stderr } = await siglip(['parity', 'diff', dump]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.trimEnd().split('\n').length).toBe(1);
  expect(stderr).toContain(dump);
  expect(process.memoryUsage().rss - before).toBeLessThan(20e6); // seen: 1 MB; code that is compiled meanwhile counts, too
}

describe('is refused:', () => {
  let count = 0;
  test.each(Object.entries(FILES))('%s', async (_, bytes) => {
    const at = path(`file-${count++}`);
    writeFileSync(at, bytes);
    await refused(at);
  });
  test.each(Object.entries(NPY))('a .npy with %s', async (_, bytes) => {
    const at = path(`npy-${count++}`);
    mkdirSync(at);
    writeFileSync(join(at, 'a.npy'), bytes);
    await refused(at);
  });
  test.each(Object.entries(FOLDERS))('%s', async (_, make) => {
    const at = path(`folder-${count++}`);
    mkdirSync(at);
    make(at);
    await refused(at);
  });
  test('a link that leads to itself', async () => {
    symlinkSync('loop', path('loop'));
    await refused(path('loop'));
  });
});
