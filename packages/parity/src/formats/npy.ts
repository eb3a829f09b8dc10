// NumPy's .npy: magic, a Python dictionary, numbers of either byte order. No text, no structures, no pickled objects.
import { fromBits } from '@siglip-ts/core';
import { type DumpTensor, transposed } from '../dump.ts';

const MAGIC = '\x93NUMPY';
const HEADER = /^\{'descr': (.+), 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), \}\s*$/;

/** Throws with `name` for anything else. */
export function readNpy(bytes: Uint8Array, name: string): DumpTensor {
  const fail = (what: string): never => {
    throw new Error(`${name}: ${what}, expected a .npy file of numbers`);
  };
  const latin1 = (from: number, to: number) =>
    String.fromCharCode(...bytes.subarray(from, Math.min(to, from + 4096)));
  if (latin1(0, 6) !== MAGIC || bytes.length < 12) return fail('no .npy header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6]!;
  const [start, length] =
    major === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const header = HEADER.exec(latin1(start, start + length));
  if (!header || start + length > bytes.length) return fail('its header is not readable');
  const [, descr, fortran, dims] = header as unknown as [string, string, string, string];
  const shape = dims.split(',').map((n) => n.trim()).filter(Boolean).map(Number); // prettier-ignore
  const [, order, type = ''] = /^'([<>|=])([a-zA-Z]\d+)'$/.exec(descr) ?? [];
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (!read) return fail(`dtype ${descr.slice(0, 80)}`);
  const count = shape.reduce((product, n) => product * n, 1);
  const width = Number(type.slice(1));
  const have = bytes.length - start - length;
  if (have !== count * width)
    return fail(`${have} bytes of numbers for shape [${shape.join(', ')}] of ${width} bytes each`);
  // A copy, since the numbers need not be aligned in the file. A Buffer's own slice would be a view of the whole file.
  const numbers = new Uint8Array(bytes.subarray(start + length));
  if (order === '>') reverseEach(numbers, width);
  const values = read(numbers.buffer);
  const far = values.wide?.findIndex((value) => Math.abs(value) > MOST) ?? -1;
  if (far >= 0) return fail(`number ${values.wide![far]}, which 32 bits do not hold`);
  if (fortran === 'False') return tensorOf(shape, values);
  // The first axis is densest: numpy.save writes a transposed array so.
  const backwards = tensorOf(shape.toReversed(), values);
  return transposed(backwards, shape.map((_, i) => i).toReversed());
}

const DESCRIPTIONS = { Float64Array: '<f8', Float32Array: '<f4', Int32Array: '<i4' } as const;

/** Version 1.0, as numpy.save writes it. Widened halves stay float32. */
export function writeNpy({ shape, data }: DumpTensor): Uint8Array {
  const descr = DESCRIPTIONS[data.constructor.name as keyof typeof DESCRIPTIONS];
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10; // numbers begin at a multiple of 64
  const head = `${MAGIC}\x01\x00..${dictionary.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(10 + length + data.byteLength);
  for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  new DataView(bytes.buffer).setUint16(8, length, true);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return bytes;
}

/** Most that an integer of a dump may be: ids, masks and positions are far below. */
const MOST = 2 ** 31 - 1;

interface Numbers {
  dtype: string;
  data?: DumpTensor['data'];
  /** Integers that may be more than 32 bits hold. */
  wide?: Float64Array;
}

const tensorOf = (shape: number[], { dtype, data, wide }: Numbers): DumpTensor => ({
  shape,
  dtype,
  data: data ?? Int32Array.from(wide!),
});

/** By kind and bytes of a number. V2 is what JAX's bfloat16 is to a NumPy that does not know it, as big_vision saves it. */
const READERS: Readonly<Record<string, (b: ArrayBufferLike) => Numbers>> = {
  f8: (b) => ({ dtype: 'float64', data: new Float64Array(b) }),
  f4: (b) => ({ dtype: 'float32', data: new Float32Array(b) }),
  f2: (b) => halves(b, 'float16'),
  V2: (b) => halves(b, 'bfloat16'),
  i8: (b) => ({ dtype: 'int64', wide: Float64Array.from(new BigInt64Array(b), Number) }),
  u8: (b) => ({ dtype: 'uint64', wide: Float64Array.from(new BigUint64Array(b), Number) }),
  i4: (b) => ({ dtype: 'int32', data: new Int32Array(b) }),
  u4: (b) => ({ dtype: 'uint32', wide: Float64Array.from(new Uint32Array(b)) }),
  i2: (b) => ({ dtype: 'int16', data: Int32Array.from(new Int16Array(b)) }),
  u2: (b) => ({ dtype: 'uint16', data: Int32Array.from(new Uint16Array(b)) }),
  i1: (b) => ({ dtype: 'int8', data: Int32Array.from(new Int8Array(b)) }),
  u1: (b) => ({ dtype: 'uint8', data: Int32Array.from(new Uint8Array(b)) }),
  b1: (b) => ({ dtype: 'bool', data: Int32Array.from(new Uint8Array(b)) }),
};

const halves = (b: ArrayBufferLike, dtype: 'float16' | 'bfloat16'): Numbers => ({
  dtype,
  data: Float32Array.from(fromBits(new Uint16Array(b), dtype)),
});

/** Big-endian numbers to little-endian ones, in place. */
function reverseEach(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
