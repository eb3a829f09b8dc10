// A safetensors file as the model's parameters: values are read by rows and converted to the model's dtype.
import { convert, pack, type Checkpoint, type DType, type Values } from '@siglip-ts/core';
import type { FileDType, SafetensorsFile, StoredTensor } from '@siglip-ts/safetensors';

const FLOATS: Partial<Record<FileDType, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Throws TypeError when a tensor is read whose dtype is not a number's. */
export function checkpointOf(file: SafetensorsFile): Checkpoint {
  const shapes = new Map([...file.tensors].map(([key, info]) => [key, info.shape]));
  return {
    shapes,
    async read(key, begin, end, dtype) {
      const scalar = shapes.get(key)?.length === 0;
      return toDType(key, await file.read(key, scalar ? undefined : [begin, end]), dtype);
    },
  };
}

/** Tells of each parameter in `bytes` when it is first read, in part or whole: bytes so far, and of all of them. */
export function reporting(
  checkpoint: Checkpoint,
  bytes: ReadonlyMap<string, number>,
  report: (loaded: number, total: number) => void,
): Checkpoint {
  const unread = new Map(bytes);
  const total = [...bytes.values()].reduce((sum, n) => sum + n, 0);
  let loaded = 0;
  return {
    shapes: checkpoint.shapes,
    async read(key, begin, end, dtype) {
      const values = await checkpoint.read(key, begin, end, dtype);
      const n = unread.get(key);
      if (n === undefined || !unread.delete(key)) return values;
      loaded += n;
      report(loaded, total);
      return values;
    },
  };
}

/** The values in the array of another dtype, never a view of the file's memory. */
function toDType(key: string, tensor: StoredTensor, dtype: DType): Values {
  const from = FLOATS[tensor.dtype];
  if (from === undefined) {
    if (!/^[IU]\d+$/.test(tensor.dtype))
      throw new TypeError(`tensor "${key}" is ${tensor.dtype}, expected a float or an integer`);
    return pack(Array.from(tensor.data, Number), dtype);
  }
  const values = tensor.data as Values;
  if (from !== dtype) return convert(values, from, dtype);
  return values.byteLength === values.buffer.byteLength ? values : values.slice();
}
