// What Python wrote is read as Python reads it, lazily and by rows.
import { describe, expect, test } from 'vitest';
import { type ByteSource, bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { fileOf, fixtureBytes, hexOf, reference } from './fixtures.ts';

/** A source that notes what is read of it. */
function watched(bytes: Uint8Array): ByteSource & { reads: [number, number][]; closed: number } {
  const inner = bytesSource(bytes);
  const source = {
    ...inner,
    reads: [] as [number, number][],
    closed: 0,
    read(offset: number, length: number) {
      source.reads.push([offset, length]);
      return inner.read(offset, length);
    },
    async close() {
      source.closed++;
    },
  };
  return source;
}

describe.each(Object.entries(reference.files))('%s, written by Python', (name, described) => {
  test('names, dtypes, shapes, bytes and metadata are what Python reads', async () => {
    const file = await openSafetensors(bytesSource(fixtureBytes(name)));
    expect(Object.fromEntries(file.metadata)).toEqual(described.metadata);
    expect([...file.tensors.keys()].sort()).toEqual(described.tensors.map((t) => t.name).sort());
    for (const { name: key, dtype, shape, hex } of described.tensors) {
      const tensor = await file.read(key);
      expect([tensor.dtype, tensor.shape, hexOf(tensor.data)]).toEqual([dtype, shape, hex]);
    }
  });

  test('rows read one by one are the rows of the whole', async () => {
    const file = await openSafetensors(bytesSource(fixtureBytes(name)));
    for (const { name: key, dtype, shape, hex } of described.tensors) {
      const rows = shape[0];
      // A row of F6 [4, 2] has 12 bits: see the test below.
      if (rows === undefined || dtype === 'F6_E2M3') continue;
      let joined = '';
      for (let row = 0; row < rows; row++) {
        const tensor = await file.read(key, [row, row + 1]);
        expect(tensor.shape).toEqual([1, ...shape.slice(1)]);
        joined += hexOf(tensor.data);
      }
      expect(joined).toBe(hex);
    }
  });
});

describe('reading', () => {
  test('opening reads the header alone, a row range its bytes alone', async () => {
    const data = Uint8Array.from({ length: 24 }, (_, i) => i);
    const header = '{"a":{"dtype":"U16","shape":[4,3],"data_offsets":[0,24]}}';
    const source = watched(fileOf(header, data));
    const file = await openSafetensors(source);
    expect(source.reads).toEqual([
      [0, 8],
      [8, header.length],
    ]);
    const { shape, data: rows } = await file.read('a', [1, 3]);
    expect(source.reads[2]).toEqual([8 + header.length + 6, 12]);
    expect(shape).toEqual([2, 3]);
    expect(rows).toEqual(Uint16Array.of(0x0706, 0x0908, 0x0b0a, 0x0d0c, 0x0f0e, 0x1110));
  });

  test('each dtype comes in its own array', async () => {
    const file = await openSafetensors(bytesSource(fixtureBytes('dtypes.safetensors')));
    const kinds: Record<string, string> = {};
    for (const name of file.tensors.keys()) {
      const { dtype, data } = await file.read(name);
      kinds[dtype] = `${data.constructor.name} ${data.length}`;
    }
    expect(kinds).toEqual({
      BOOL: 'Uint8Array 6',
      F4: 'Uint8Array 6',
      U8: 'Uint8Array 6',
      I8: 'Int8Array 6',
      F8_E5M2: 'Uint8Array 6',
      F8_E4M3: 'Uint8Array 6',
      F8_E8M0: 'Uint8Array 6',
      F8_E4M3FNUZ: 'Uint8Array 6',
      F8_E5M2FNUZ: 'Uint8Array 6',
      I16: 'Int16Array 6',
      U16: 'Uint16Array 6',
      F16: 'Uint16Array 6',
      BF16: 'Uint16Array 6',
      I32: 'Int32Array 6',
      U32: 'Uint32Array 6',
      F32: 'Float32Array 6',
      C64: 'Float32Array 12',
      F64: 'Float64Array 6',
      I64: 'BigInt64Array 6',
      U64: 'BigUint64Array 6',
    });
  });

  test('an aligned tensor is a view of the bytes, an unaligned one a copy, in a Buffer too', async () => {
    const aligned = fixtureBytes('dtypes.safetensors');
    const view = await (await openSafetensors(bytesSource(aligned))).read('float64');
    expect(view.data.buffer).toBe(aligned.buffer);
    const shifted = Buffer.from(fixtureBytes('unaligned.safetensors'));
    const copy = await (await openSafetensors(bytesSource(shifted))).read('f64');
    expect(copy.data.buffer).not.toBe(shifted.buffer);
  });

  test('tensors are listed in the order of their bytes', async () => {
    const file = await openSafetensors(bytesSource(fixtureBytes('unaligned.safetensors')));
    expect([...file.tensors.keys()]).toEqual(['u8', 'f64', 'f32', 'f6', 'bf16']);
  });

  test('no such tensor, no such rows', async () => {
    const file = await openSafetensors(bytesSource(fixtureBytes('shapes.safetensors')));
    await expect(file.read('toString')).rejects.toThrow(
      'safetensors file: no tensor "toString" among its 10',
    );
    await expect(file.read('scalar', [0, 1])).rejects.toThrow(
      'tensor "scalar": rows [0, 1) of a scalar, expected a tensor with rows',
    );
    for (const rows of [
      [0, 6],
      [-1, 2],
      [3, 2],
      [0, 1.5],
      [NaN, 1],
    ] as [number, number][])
      await expect(file.read('bytes', rows)).rejects.toThrow(
        `tensor "bytes": rows [${rows[0]}, ${rows[1]}), expected a range within [0, 5)`,
      );
    expect((await file.read('bytes', [5, 5])).shape).toEqual([0]);
    expect((await file.read('empty.columns', [1, 3])).shape).toEqual([2, 0]);
  });

  test('rows of 12 bits can be read in pairs', async () => {
    const file = await openSafetensors(bytesSource(fixtureBytes('unaligned.safetensors')));
    expect((await file.read('f6', [2, 4])).data).toEqual((await file.read('f6')).data.slice(3));
    await expect(file.read('f6', [0, 1])).rejects.toThrow(
      'tensor "f6": rows [0, 1) of 6-bit elements, expected a range of whole bytes',
    );
  });

  test('the source closes with the file, and when opening fails', async () => {
    const good = watched(fileOf('{}'));
    await (await openSafetensors(good)).close();
    expect(good.closed).toBe(1);
    const bad = watched(fileOf('{'));
    await expect(openSafetensors(bad)).rejects.toThrow();
    expect(bad.closed).toBe(1);
  });
});
