// A safetensors file as the model's parameters: values are read by rows and converted to the model's dtype.
import { type Checkpoint, convert, type DType, type Values } from '@siglip-ts/core';
import { missingFile, type ModelFiles } from '@siglip-ts/hub';
import {
  type FileDType,
  isFloat8,
  openSafetensors,
  openSharded,
  type SafetensorsFile,
  type StoredTensor,
  type TensorInfo,
  widenFloat8,
} from '@siglip-ts/safetensors';
import { isInt8, ROW_END, rowScales, scaledRows, widenRows } from './quantized.ts';

const FLOATS: Partial<Record<FileDType, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/**
 * The tensors of a file that can be parameters: floats, those of 8 bits too where no scale goes with them, and int8 weights as
 * `siglip quantize` or bitsandbytes stores them. Others, such as the position ids of old checkpoints, are left out: integers
 * are never taken for weights.
 */
export function checkpointOf(file: SafetensorsFile): Checkpoint {
  const shapes = new Map<string, readonly number[]>();
  for (const [key, info] of file.tensors) {
    const shape = shapeOf(file, key, info);
    if (shape) shapes.set(key, shape);
  }
  return {
    shapes,
    async read(key, begin, end, dtype) {
      const scalar = shapes.get(key)?.length === 0;
      const rows = scalar ? undefined : ([begin, end] as const);
      const stored = await file.read(key, rows);
      if (isFloat8(stored.dtype))
        return convert(widenFloat8(stored.dtype, stored.data as Uint8Array), 'float32', dtype);
      if (stored.dtype !== 'I8' || !shapes.has(key)) return toDType(key, stored, dtype);
      const integers = stored.data as Int8Array;
      const floats = isInt8(file)
        ? widenRows(integers, end - begin)
        : scaledRows(integers, (await file.read(rowScales(key), rows)).data as Float32Array);
      return convert(floats, 'float32', dtype);
    },
  };
}

/** The shape of a tensor as a parameter; undefined where it is not read as numbers. */
function shapeOf(
  file: SafetensorsFile,
  key: string,
  { dtype, shape }: TensorInfo,
): readonly number[] | undefined {
  if (FLOATS[dtype]) return shape;
  if (isFloat8(dtype)) return FLOAT8_SCALES.some((end) => file.tensors.has(key.replace(/weight$/, '') + end)) ? undefined : shape; // prettier-ignore
  if (dtype !== 'I8' || shape.length !== 2) return undefined;
  if (isInt8(file)) return shape[1]! >= ROW_END ? [shape[0]!, shape[1]! - ROW_END] : undefined;
  const scales = file.tensors.get(rowScales(key));
  return scales?.dtype === 'F32' && String(scales.shape) === String([shape[0]]) ? shape : undefined;
}

/** What goes with 8-bit floats that are not the weights themselves. */
const FLOAT8_SCALES = ['weight_scale', 'weight_scale_inv', 'scale_weight', 'scale'];

/** The weights among a model's files, one file or shards, by full names. Throws HF's OSError text if there are none. */
export async function openWeights(files: ModelFiles): Promise<SafetensorsFile> {
  return byFullNames(await opened(files));
}

/** How the tensors of a tower alone begin in files of transformers 5, and one that tells which tower it is. */
const FLAT = /^(embeddings|encoder|post_layernorm|final_layer_norm|head)\./;
const TOWERS = [
  ['vision_model.', 'embeddings.patch_embedding.weight'],
  ['text_model.', 'embeddings.token_embedding.weight'],
] as const;

/** A tower's tensors by the names that they have in the whole model. */
function byFullNames(file: SafetensorsFile): SafetensorsFile {
  const [prefix] = TOWERS.find(([, key]) => file.tensors.has(key)) ?? [];
  if (!prefix) return file;
  const full = (key: string): string => (FLAT.test(key) ? prefix + key : key);
  const names = new Map([...file.tensors.keys()].map((key) => [full(key), key]));
  return {
    ...file,
    tensors: new Map([...file.tensors].map(([key, info]) => [full(key), info])),
    read: (key, rows) => file.read(names.get(key) ?? key, rows),
  };
}

async function opened(files: ModelFiles): Promise<SafetensorsFile> {
  const single = await files.open('model.safetensors');
  if (single) return openSafetensors(single);
  const index = await files.bytes('model.safetensors.index.json');
  if (index)
    return openSharded(index, async (name) => {
      const shard = await files.open(name);
      if (!shard) throw new Error(`${files.name}: no file "${name}", which the index names`);
      return shard;
    });
  throw missingFile(files, 'model.safetensors', 'model.safetensors.index.json');
}

/** Throws TypeError where the file has one of these parameters as something that is not read as numbers. */
export function expectReadable(
  file: SafetensorsFile,
  wanted: Iterable<string>,
  name: string,
): void {
  const { shapes } = checkpointOf(file);
  for (const key of wanted) {
    const info = file.tensors.get(key);
    if (info && !shapes.has(key))
      throw new TypeError(
        `${name}: tensor "${key}" is ${info.dtype} [${info.shape.join(', ')}], expected floats, or int8 of \`siglip quantize\` ` +
          'or of bitsandbytes, with its SCB; weights quantised by others, such as gptq, are not read: take the model that ' +
          'they were made from',
      );
  }
}

/** `report` receives each parameter in `bytes` when it is first read, in part or whole: bytes so far, and of all. */
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
  if (from === undefined)
    throw new TypeError(`tensor "${key}" is ${tensor.dtype}, expected floats`);
  const values = tensor.data as Values;
  if (from !== dtype) return convert(values, from, dtype);
  return values.byteLength === values.buffer.byteLength ? values : values.slice();
}
