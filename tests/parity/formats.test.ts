// Dumps in files: what numpy wrote is read as numpy means it, our folder comes back, and broken bytes end in one line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type Dump, type DumpTensor, readDump, writeDump } from '@siglip-ts/parity';

const fixtures = join(import.meta.dirname, '../../fixtures');
const scratch = mkdtempSync(join(tmpdir(), 'siglip-parity-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** As fixtures/make/parity_formats.py has them. */
const WRITTEN: Record<string, DumpTensor> = {
  float64: { shape: [1, 3], dtype: 'float64', data: Float64Array.of(0.1, -2.5, 3) },
  'text_model.float32': {
    shape: [2, 3],
    dtype: 'float32',
    data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25),
  },
  float16: { shape: [2], dtype: 'float16', data: Float32Array.of(1.5, -0.25) },
  int64: { shape: [1, 2], dtype: 'int64', data: Int32Array.of(1, -7) },
  uint8: { shape: [2], dtype: 'uint8', data: Int32Array.of(0, 255) },
  scalar: { shape: [], dtype: 'float32', data: Float32Array.of(3.5) },
};

test.each(['formats.npz', 'npy'])("numpy's %s", async (name) => {
  const { taps } = await readDump(join(fixtures, 'parity', name));
  expect(Object.fromEntries(taps)).toEqual(WRITTEN);
});

test('what numpy transposed and then saved', async () => {
  const { taps } = await readDump(join(fixtures, 'parity/fortran'));
  const { shape, data } = taps.get('transposed')!;
  expect(shape).toEqual([2, 3, 4]);
  for (const [i, j, k] of [
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [1, 2, 3],
  ] as const)
    // prettier-ignore
    expect(data[(i * 3 + j) * 4 + k]).toBe((k * 3 + j) * 2 + i);
});

test('other types than most: either byte order, unsigned, bfloat16; what is no numbers is named', async () => {
  const file = join(fixtures, 'parity/odd.npz');
  const { taps, skipped } = await readDump(file);
  const one = (dtype: string, ...data: number[]) => ({ shape: [data.length], dtype, data });
  const numbers = [...taps].map(([name, x]) => [name, { ...x, data: [...x.data] }]);
  expect(Object.fromEntries(numbers)).toEqual({
    big_float32: { shape: [1, 2], dtype: 'float32', data: [1.5, Math.fround(-0.1)] },
    big_float64: one('float64', 1e300, 2),
    big_float16: one('float16', 1.5, -0.25),
    big_int64: one('int64', -7, 2 ** 31 - 1),
    uint16: one('uint16', 65535, 1),
    uint32: one('uint32', 2 ** 31 - 1, 1),
    uint64: one('uint64', 5),
    bfloat16: one('bfloat16', 1, -2.5, 0.15625),
    empty: { shape: [0, 3], dtype: 'float32', data: [] },
  });
  const why = (name: string, what: string) =>
    `${file}:${name}.npy: ${what}, expected a .npy file of numbers`;
  expect(skipped).toEqual([
    why('too_far', 'number 4294967295, which 32 bits do not hold'),
    why('text', "dtype '<U5'"),
    why('bytes', "dtype '|S1'"),
    why('complex', "dtype '<c8'"),
    why('structure', "dtype [('a', '<i4'), ('b', '<f4')]"),
    why('objects', "dtype '|O'"),
    why('time', "dtype '<M8[D]'"),
  ]);
});

test('our folder keeps order, numbers and names', async () => {
  const names = ['scalar', 'float64', 'text_model.float32'];
  const dump: Dump = {
    schema: 1,
    producer: 'somebody 1.0',
    model: 'a-model',
    dtype: 'float32',
    taps: new Map(names.map((name) => [name, WRITTEN[name]!])),
  };
  await writeDump(join(scratch, 'ours'), dump);
  const back = await readDump(join(scratch, 'ours'));
  expect(back).toEqual(dump);
  expect([...back.taps.keys()]).toEqual(names);
});

test('one .safetensors of transformers', async () => {
  const { taps, dtype } = await readDump(join(fixtures, 'model/plain/golden-float32.safetensors'));
  expect(dtype).toBe('float32');
  expect(taps.get('logits_per_image')!.shape).toEqual([3, 3]);
});

const HOSTILE = {
  npz: readFileSync(join(fixtures, 'parity/formats.npz')),
  npy: readFileSync(join(fixtures, 'parity/npy/float64.npy')),
  safetensors: readFileSync(join(fixtures, 'parity/diagnose.safetensors')).subarray(0, 4096),
};

/** A file with one byte changed, or cut short. It is read or refused; nothing else may happen. */
test.each(Object.entries(HOSTILE))(
  'a broken .%s is refused in an Error with its path',
  async (kind, bytes) => {
    const folder = mkdtempSync(join(scratch, 'hostile-'));
    const path = join(folder, `x.${kind}`);
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      to: fc.nat(255),
      length: fc.integer({ min: 0, max: bytes.length }),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, to, length, cut }) => {
        const broken = Buffer.from(cut ? bytes.subarray(0, length) : bytes);
        if (at < broken.length) broken[at] = to;
        writeFileSync(path, broken);
        try {
          const { taps } = await readDump(kind === 'npy' ? folder : path);
          for (const { shape, data } of taps.values())
            expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect((error as Error).message).toContain(kind === 'npy' ? folder : path);
        }
      }),
      { numRuns: 300 },
    );
  },
);

test.each([
  ['{', 'manifest.json: '],
  ['{"schema": 2}', 'manifest.json: schema 2, expected 1'],
  ['null', 'manifest.json: '],
  ['{"schema": 1, "producer": "a", "dtype": "b", "taps": [1]}', 'expected taps, a list of names'],
])('a manifest that says %s', async (text, message) => {
  const folder = mkdtempSync(join(scratch, 'manifest-'));
  writeFileSync(join(folder, 'manifest.json'), text);
  await expect(readDump(folder)).rejects.toThrow(message);
});
