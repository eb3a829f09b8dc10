// save_pretrained: a model back into a folder in HF layout. Writing needs Node; the bytes can be had anywhere.
import { size, type DType } from '@siglip-ts/core';
import { serialize, type FileDType, type TensorData } from '@siglip-ts/safetensors';
import type { AnyConfig } from '../modeling/common.ts';
import { node } from '@siglip-ts/hub';
import type { Runtime } from './loading.ts';

const FILE_DTYPES: Partial<Record<DType, FileDType>> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
};

/** config.json and model.safetensors of a model, in its dtype. */
export async function modelBytes(
  model: { config: AnyConfig; runtime: Runtime },
  architecture: string,
): Promise<Map<string, Uint8Array>> {
  const { checkpoint, shapes, dtype } = model.runtime;
  const tensors = new Map<string, { dtype: FileDType; shape: number[]; data: TensorData }>();
  for (const [key, shape] of shapes) {
    const rows = shape[0] ?? 1;
    const data = (await checkpoint.read(key, 0, rows, dtype)) as TensorData;
    if (data.length !== size(shape)) throw new Error(`"${key}": ${data.length} values were read`);
    tensors.set(key, { dtype: FILE_DTYPES[dtype]!, shape: [...shape], data });
  }
  model.config.architectures = [architecture];
  model.config.torch_dtype = dtype;
  return new Map([
    ['config.json', new TextEncoder().encode(model.config.to_json_string())],
    ['model.safetensors', serialize(tensors, new Map([['format', 'pt']]))],
  ]);
}

export async function savePretrained(
  model: { config: AnyConfig; runtime: Runtime },
  architecture: string,
  folder: string,
): Promise<void> {
  await writeFiles(folder, await modelBytes(model, architecture));
}

/** Writes files into a folder, which is made if need be. Node, Deno and Bun only. */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const { mkdir, writeFile } = node('node:fs/promises');
  const { join } = node('node:path');
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
}
