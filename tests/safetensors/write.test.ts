// What is written is what Python writes, to the byte, and reads back.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesSource,
  fileDTypes,
  openSafetensors,
  serialize,
  serializeHeader,
  type StoredTensor,
  type TensorData,
} from '@siglip-ts/safetensors';
import { fileOf, fixtureBytes, hexOf } from './fixtures.ts';

async function readAll(
  bytes: Uint8Array,
): Promise<{ tensors: Map<string, StoredTensor>; metadata: ReadonlyMap<string, string> }> {
  const file = await openSafetensors(bytesSource(bytes));
  const tensors = new Map<string, StoredTensor>();
  for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
  return { tensors, metadata: file.metadata };
}

describe('serialize', () => {
  test.each(['dtypes.safetensors', 'shapes.safetensors'])(
    '%s: the bytes that Python wrote',
    async (name) => {
      const bytes = fixtureBytes(name);
      const { tensors, metadata } = await readAll(bytes);
      const backwards = new Map([...tensors].reverse());
      expect(hexOf(serialize(backwards, metadata))).toBe(hexOf(bytes));
    },
  );

  test('no tensors, with and without metadata', () => {
    expect(serialize(new Map())).toEqual(fileOf('{}      '));
    expect(serialize(new Map(), new Map([['a', 'b']]))).toEqual(
      fileOf('{"__metadata__":{"a":"b"}}      '),
    );
  });

  test('what was written reads back, and writes the same again', async () => {
    // Text of whole characters: no lone surrogates.
    const text = fc.string({ unit: 'binary', maxLength: 8 }).filter((s) => s !== '__metadata__');
    const dtype = fc.constantFrom(...fileDTypes.filter((name) => !/^F[46]/.test(name)));
    const shape = fc.array(fc.nat(4), { maxLength: 3 });
    const tensor = fc
      .tuple(dtype, shape, fc.nat(255))
      .map(([type, size, seed]) => tensorOf(type, size, seed));
    const entries = fc.uniqueArray(fc.tuple(text, tensor), {
      selector: ([name]) => name,
      maxLength: 8,
    });
    const metadata = fc.uniqueArray(fc.tuple(text, text), {
      selector: ([key]) => key,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(entries, metadata, async (list, notes) => {
        const bytes = serialize(new Map(list), new Map(notes));
        const back = await readAll(bytes);
        expect(new Map(back.tensors)).toEqual(new Map(list));
        expect([...back.metadata]).toEqual(notes);
        expect(serialize(back.tensors, back.metadata)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  test('a header by itself, for data that is written later', () => {
    const tensors = new Map<string, StoredTensor>([
      ['b', { dtype: 'I8', shape: [3], data: Int8Array.of(1, 2, 3) }],
      ['c', { dtype: 'F32', shape: [], data: Float32Array.of(4) }],
      ['a', { dtype: 'I8', shape: [1, 2], data: Int8Array.of(5, 6) }],
    ]);
    const { header, order, dataBytes } = serializeHeader(tensors, new Map([['format', 'pt']]));
    const whole = serialize(tensors, new Map([['format', 'pt']]));
    expect([order, dataBytes]).toEqual([['c', 'a', 'b'], 9]);
    expect(header).toEqual(whole.subarray(0, -9));
    const large = new Map([['x', { dtype: 'F32', shape: [2 ** 20, 2 ** 13] } as const]]);
    expect(serializeHeader(large).dataBytes).toBe(2 ** 35);
    const broken = new Map([['x', { dtype: 'F4', shape: [3] } as const]]);
    expect(() => serializeHeader(broken)).toThrow(
      '"x": F4 [3], expected a shape that fills whole bytes',
    );
  });

  const refused: [name: string, tensor: StoredTensor, message: string][] = [
    [
      'a',
      { dtype: 'F32', shape: [2], data: new Float32Array(3) },
      'serialize: tensor "a": 12 bytes of data, expected 8 for F32 [2]',
    ],
    [
      'a',
      { dtype: 'F16', shape: [2], data: new Float32Array(1) },
      'serialize: tensor "a": the wrong kind of data, expected Uint16Array for F16',
    ],
    [
      'a',
      { dtype: 'F32', shape: [-1], data: new Float32Array(0) },
      'serialize: tensor "a": shape [-1], expected whole numbers',
    ],
    [
      'a',
      { dtype: 'F31' as 'F32', shape: [1], data: new Float32Array(1) },
      'serialize: tensor "a": dtype "F31", expected one such as "F32"',
    ],
    [
      'a',
      { dtype: 'F4', shape: [3], data: new Uint8Array(2) },
      'serialize: tensor "a": 2 bytes of data, expected 1.5 for F4 [3]',
    ],
    [
      '__metadata__',
      { dtype: 'U8', shape: [], data: new Uint8Array(1) },
      'serialize: tensor "__metadata__": the name is reserved for the metadata, expected another',
    ],
    [
      '\ud800',
      { dtype: 'U8', shape: [], data: new Uint8Array(1) },
      'serialize: "\\ud800" has a lone surrogate, expected text that UTF-8 can hold',
    ],
  ];
  test.each(refused)('refuses %j %j', (name, tensor, message) => {
    expect(() => serialize(new Map([[name, tensor]]))).toThrow(message);
  });
});

const arrays: Record<string, new (buffer: ArrayBuffer) => TensorData> = {
  I8: Int8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  C64: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
};

/** A tensor of arbitrary bytes, without NaN so that it equals itself. */
function tensorOf(dtype: StoredTensor['dtype'], shape: number[], seed: number): StoredTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const array = arrays[dtype] ?? Uint8Array;
  const bytes = new Uint8Array(
    count * (dtype === 'C64' ? 8 : new array(new ArrayBuffer(8)).BYTES_PER_ELEMENT),
  );
  bytes.forEach((_, i) => (bytes[i] = (seed + 37 * i) & 0x3f));
  return { dtype, shape, data: new array(bytes.buffer) };
}
