// Any dump comes back from every format, to the bit: names, shapes, dtypes and numbers. Of .bin files, which have no shapes
// and one float dtype, what they can hold. Real files of others are formats, debug-tree and names.test.ts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  type Dump,
  type DumpFormat,
  dumpFormats,
  type DumpTensor,
  readDump,
  writeDump,
} from '@siglip-ts/parity';
import { serialize, type TensorData } from '@siglip-ts/safetensors';

const scratch = mkdtempSync(join(tmpdir(), 'siglip-round-trip-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const ARRAYS = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const;
type Name = keyof typeof ARRAYS;

/** Any bits at all: NaN of every kind, infinities, -0 and numbers below the normal ones too. */
const tensor = (dtype: Name): fc.Arbitrary<DumpTensor> =>
  fc
    .array(fc.nat(4), { maxLength: 4 })
    .chain((shape) => {
      const bytes = shape.reduce((a, b) => a * b, 1) * ARRAYS[dtype].BYTES_PER_ELEMENT;
      return fc.tuple(fc.constant(shape), fc.uint8Array({ minLength: bytes, maxLength: bytes }));
    })
    .map(([shape, { buffer }]) => ({ shape, dtype, data: new ARRAYS[dtype](buffer) }));

const names = fc.stringMatching(/^[a-zé][a-z0-9_.~ é-]{0,30}$/);
const dumps = (...dtypes: Name[]): fc.Arbitrary<Dump> =>
  fc
    .uniqueArray(fc.tuple(names, fc.oneof(...dtypes.map(tensor))), {
      minLength: 1,
      maxLength: 6,
      selector: ([name]) => name,
    })
    .map((taps) => ({ schema: 1, producer: 'x 1', dtype: 'float32', taps: new Map(taps) }));

const bits = ({ data }: DumpTensor) =>
  [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)].join();

/** By name, since only our folder keeps the order. */
const written = (taps: Dump['taps']) =>
  [...taps]
    .map(([name, x]) => [name, String(x.shape), x.dtype, bits(x)])
    .sort(([a], [b]) => (a! < b! ? -1 : 1));

const WRITERS: Readonly<Record<DumpFormat | 'tree', (path: string, dump: Dump) => Promise<void>>> =
  {
    ...(Object.fromEntries(
      dumpFormats.map((format) => [format, (p: string, d: Dump) => writeDump(p, d, format)]),
    ) as Record<DumpFormat, (path: string, dump: Dump) => Promise<void>>),
    tree: writeTree,
  };

/** As transformers' debugger lays it out: tests/parity/debug-tree.test.ts reads a real one. */
async function writeTree(path: string, { taps }: Dump): Promise<void> {
  mkdirSync(path);
  const children = [...taps].map(([name, { shape, dtype, data }]) => {
    const file = `M.${name}_outputs.safetensors`;
    const stored = { float32: 'F32', float64: 'F64', int32: 'I32' } as const;
    const tensor = { dtype: stored[dtype as Name], shape, data: data as TensorData };
    writeFileSync(join(path, file), serialize(new Map([['data', tensor]])));
    const outputs = { shape: `torch.Size([${shape.join(', ')}])`, dtype: `torch.${dtype}`, value: `./${file}` }; // prettier-ignore
    return { module_path: `M.${name}`, outputs };
  });
  const tree = { module_path: 'M', inputs: { args: [], kwargs: {} }, children };
  writeFileSync(join(path, 'M_debug_tree_FULL_TENSORS.json'), JSON.stringify(tree));
}

let count = 0;
test.each(['folder', 'safetensors', 'npz', 'npy', 'tree'] as const)('%s', async (format) => {
  await fc.assert(
    fc.asyncProperty(dumps('float32', 'float64', 'int32'), async (dump) => {
      const path = join(scratch, String(count++));
      await WRITERS[format](path, dump);
      const back = await readDump(path);
      expect(written(back.taps)).toEqual(written(dump.taps));
      if (format === 'folder') expect([...back.taps.keys()]).toEqual([...dump.taps.keys()]);
    }),
    { numRuns: 60 },
  );
});

test('bin', async () => {
  await fc.assert(
    fc.asyncProperty(dumps('float32'), tensor('int32'), async (dump, input_ids) => {
      const path = join(scratch, String(count++));
      const taps = new Map(dump.taps).set('input_ids', input_ids);
      await WRITERS.bin(path, { ...dump, taps });
      const flat = [...taps].map(
        ([name, x]) => [name, { ...x, shape: [x.data.length] }] as [string, DumpTensor],
      );
      expect(written((await readDump(path)).taps)).toEqual(written(new Map(flat)));
    }),
    { numRuns: 60 },
  );
});

test('a name with a folder in it is no file', async () => {
  const x: DumpTensor = { shape: [1], dtype: 'float32', data: Float32Array.of(1) };
  const dump: Dump = { schema: 1, producer: '', dtype: 'float32', taps: new Map([['../a', x]]) };
  for (const format of ['npy', 'bin'] as const)
    await expect(writeDump(join(scratch, format), dump, format)).rejects.toThrow(
      'tensor "../a" has a folder in its name, expected none',
    );
});
