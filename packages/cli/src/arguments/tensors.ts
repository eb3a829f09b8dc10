// Tensors as files have them: safetensors both ways, and NumPy's .npy out. Where they are written is in out.ts.
import { fromBits } from '@siglip-ts/core';
import {
  fileDTypeOf,
  openSafetensors,
  serialize,
  type StoredTensor,
  type TensorData,
} from '@siglip-ts/safetensors';
import { fileSource } from '@siglip-ts/safetensors/node';
import type { HostTensor, TensorLike } from 'siglip-ts';
import { version } from '../version.ts';

/** Every tensor of a safetensors file, by name. */
export async function readTensors(path: string): Promise<Map<string, TensorLike>> {
  const file = await openSafetensors(await fileSource(path));
  try {
    const tensors = new Map<string, TensorLike>();
    for (const name of file.tensors.keys()) tensors.set(name, numeric(name, await file.read(name)));
    return tensors;
  } finally {
    await file.close();
  }
}

/** A stored tensor whose array holds its numbers; those of half types are bits until here. */
function numeric(name: string, { dtype, shape, data }: StoredTensor): TensorLike {
  if (dtype === 'F16') return { shape, data: fromBits(data as Uint16Array, 'float16') };
  if (dtype === 'BF16') return { shape, data: fromBits(data as Uint16Array, 'bfloat16') };
  if (!/^(BOOL|[IU]\d+|F32|F64)$/.test(dtype))
    throw new TypeError(`tensor "${name}" is ${dtype}, expected a float or an integer`);
  return { shape, data };
}

/** A tensor as it is stored, its dtype kept. */
export async function stored(x: HostTensor): Promise<StoredTensor> {
  const half = x.dtype === 'float16' || x.dtype === 'bfloat16';
  const data = half ? await x.bits() : await x.data();
  return { dtype: fileDTypeOf(x.dtype), shape: x.shape, data: data as TensorData };
}

export const float32 = (shape: readonly number[], data: Float32Array): StoredTensor => ({
  dtype: 'F32',
  shape,
  data: data as TensorData,
});

/** The bytes of a safetensors file. */
export const fileOf = (
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array =>
  serialize(
    new Map(Object.entries(tensors)),
    new Map(Object.entries({ producer: `siglip-ts ${version}`, ...metadata })),
  );

/** A .npy file, version 1.0: magic, the length of the header, a Python dictionary padded to 64 bytes, the numbers. */
export function npy([rows, width]: readonly [number, number], data: Float32Array): Uint8Array {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const head = Buffer.from(`\x93NUMPY\x01\x00..${dictionary.padEnd(length - 1)}\n`, 'latin1');
  head.writeUInt16LE(length, 8);
  return Buffer.concat([head, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
