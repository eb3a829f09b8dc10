// A SiglipModel as training holds it: its parameters as constants of a backend, and what turns pairs into inputs. Read
// from files in HF layout, and given back as such files.
import { siglip, size, SiglipConfig, Tensor, type Backend, type Ids } from '@siglip-ts/core';
import { serialize, type TensorData } from '@siglip-ts/safetensors';
import {
  checkpointOf,
  loadImage,
  openWeights,
  parametersOf,
  SiglipImageProcessor,
  SiglipTokenizer,
  type ModelFiles,
} from 'siglip-ts';
import type { Parameters } from '../grad.ts';
import type { Sample } from './sampler.ts';

/** One pair as the towers take it. */
export interface Prepared {
  /** [C, H, W] */
  readonly pixels: Float32Array;
  /** [T] */
  readonly ids: Int32Array;
}

export interface TrainedModel {
  readonly config: SiglipConfig;
  /** By HF key, float32. */
  readonly parameters: Parameters;
  /** Decodes the picture, and pads or cuts the caption to the full length. Throws with the pair's name. */
  prepare(sample: Sample): Promise<Prepared>;
  /** [B, C, H, W] and [B, T] of a batch. */
  batch(prepared: readonly Prepared[], b: Backend): { pixels: Tensor; ids: Ids };
  /** config.json, model.safetensors, and the files of tokenizer and image processor. */
  files(): Promise<Map<string, Uint8Array>>;
}

const COPIED = [
  'spiece.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'preprocessor_config.json',
];

/** Throws if a file or a tensor is missing. */
export async function loadTrained(files: ModelFiles, b: Backend): Promise<TrainedModel> {
  const bytes = await files.bytes('config.json');
  if (!bytes) throw new Error(`${files.name} does not appear to have a file named config.json`);
  const config = SiglipConfig.from_dict(JSON.parse(new TextDecoder().decode(bytes)));
  const processor = await SiglipImageProcessor.fromPretrained(files);
  const tokenizer = await SiglipTokenizer.fromPretrained(files);
  const parameters = await readParameters(files, config, b);
  const T = config.text_config.max_position_embeddings;
  const { num_channels: C, image_size: S } = config.vision_config;

  return {
    config,
    parameters,
    async prepare({ name, image, caption }) {
      try {
        const picture = await loadImage(image);
        const { pixel_values } = processor([picture], { return_tensors: true });
        const text = tokenizer([caption], null, {
          padding: 'max_length',
          truncation: true,
          max_length: T,
          return_tensors: true,
        });
        return { pixels: pixel_values.data, ids: text.input_ids.data };
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      }
    },
    batch(prepared, backend) {
      const B = prepared.length;
      const pixels = new Float32Array(B * C * S * S);
      const ids = new Int32Array(B * T);
      prepared.forEach((pair, i) => {
        pixels.set(pair.pixels, i * C * S * S);
        ids.set(pair.ids, i * T);
      });
      const shape = [B, C, S, S];
      return {
        pixels: Tensor.from(backend, pixels, shape, 'float32'),
        ids: { data: ids, shape: [B, T] },
      };
    },
    async files() {
      const out = new Map([
        ['config.json', new TextEncoder().encode(config.to_json_string())],
        ['model.safetensors', await tensorBytes(parameters, { format: 'pt' })],
      ]);
      for (const name of COPIED) {
        const copied = await files.bytes(name);
        if (copied) out.set(name, copied);
      }
      return out;
    },
  };
}

/** Tensors as a safetensors file, in float32. */
export async function tensorBytes(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const stored = new Map<string, { dtype: 'F32'; shape: number[]; data: TensorData }>();
  for (const [key, x] of tensors)
    stored.set(key, {
      dtype: 'F32',
      shape: [...x.shape],
      data: Float32Array.from(await x.data()),
    });
  return serialize(stored, new Map(Object.entries(metadata)));
}

/** What the model asks for, as constants: learnt by running it on nothing. */
async function readParameters(
  files: ModelFiles,
  config: SiglipConfig,
  b: Backend,
): Promise<Parameters> {
  const { num_channels: C, image_size: S } = config.vision_config;
  const token: Ids = { data: new Int32Array(1), shape: [1, 1] };
  const shapes = await parametersOf((s, dry) =>
    siglip(s, new Tensor(dry, [1, C, S, S], 'float32', {}), token, config),
  );
  const file = await openWeights(files);
  try {
    const checkpoint = checkpointOf(file);
    const parameters = new Map<string, Tensor>();
    for (const [key, shape] of shapes) {
      const found = checkpoint.shapes.get(key);
      if (!found || found.join() !== shape.join())
        throw new Error(
          `${files.name}: tensor "${key}" is ${found ? `[${found.join(', ')}]` : 'missing'}, expected [${shape.join(', ')}]`,
        );
      const values = await checkpoint.read(key, 0, shape[0] ?? 1, 'float32');
      if (values.length !== size(shape)) throw new Error(`"${key}": ${values.length} values`);
      parameters.set(key, Tensor.constant(b, values, shape, 'float32'));
    }
    return parameters;
  } finally {
    await file.close();
  }
}
