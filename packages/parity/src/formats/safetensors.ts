// Tensors of a .safetensors file as a dump's, and back.
import { fromBits } from '@siglip-ts/core';
import {
  nameOfFileDType,
  openSafetensors,
  serialize,
  type StoredTensor,
  type TensorData,
} from '@siglip-ts/safetensors';
import { fileSource } from '@siglip-ts/safetensors/node';
import type { DumpTensor } from '../dump.ts';

/** All of them, in the file's order, and the file's metadata. Throws for a dtype that is no number's. */
export async function readSafetensors(
  path: string,
): Promise<{ tensors: Map<string, DumpTensor>; metadata: ReadonlyMap<string, string> }> {
  const file = await openSafetensors(await fileSource(path));
  try {
    const tensors = new Map<string, DumpTensor>();
    for (const name of file.tensors.keys())
      tensors.set(name, tensorOf(`${path}: tensor "${name}"`, await file.read(name)));
    return { tensors, metadata: file.metadata };
  } finally {
    await file.close();
  }
}

function tensorOf(name: string, { dtype, shape, data }: StoredTensor): DumpTensor {
  const stored = nameOfFileDType(dtype);
  const numbers = (): DumpTensor['data'] => {
    if (dtype === 'F16') return Float32Array.from(fromBits(data as Uint16Array, 'float16'));
    if (dtype === 'BF16') return Float32Array.from(fromBits(data as Uint16Array, 'bfloat16'));
    if (data instanceof Float32Array || data instanceof Float64Array) return data;
    if (!/^(BOOL|[IU]\d+)$/.test(dtype))
      throw new TypeError(`${name} is ${dtype}, expected numbers`);
    return Int32Array.from(data as Iterable<number | bigint>, Number);
  };
  return { shape, dtype: stored, data: numbers() };
}

const FILE_DTYPES = { Float32Array: 'F32', Float64Array: 'F64', Int32Array: 'I32' } as const;

/** The bytes of a file. Widened halves stay float32. */
export function writeSafetensors(
  taps: ReadonlyMap<string, DumpTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of taps) {
    const dtype = FILE_DTYPES[data.constructor.name as keyof typeof FILE_DTYPES];
    tensors.set(name, { dtype, shape, data: data as TensorData });
  }
  return serialize(tensors, new Map(Object.entries(metadata)));
}
