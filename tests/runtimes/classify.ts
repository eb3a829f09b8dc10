// What every runtime is asked to do: classify five pictures with the embedded model, given as bytes, and hash the logits.
// Uses nothing but the packages and Web APIs that Node, Deno, browsers and workers share; reading files is theirs.
import { wasm } from '@siglip-ts/backend-wasm';
import {
  type Backend,
  type ImageInput,
  loadImage,
  SiglipImageProcessor,
  SiglipModel,
  SiglipTokenizer,
} from 'siglip-ts';

/** Two are JPEG, of which one lies on its side. */
export const PICTURES = [
  'fixtures/images/coffee-exif6.jpg',
  'fixtures/images/coffee-progressive.jpg',
  'fixtures/images/twemoji-bicycle.png',
  'fixtures/images/twemoji-pizza.png',
  'fixtures/images/twemoji-rocket.png',
] as const;
export const MODEL = 'packages/tiny-model/model';
export const MODEL_FILES = [
  'config.json',
  'model.safetensors',
  'preprocessor_config.json',
  'special_tokens_map.json',
  'spiece.model',
  'tokenizer_config.json',
] as const;
const LABELS = ['bicycle', 'cat', 'cup', 'pizza', 'rocket'];
const STORAGES = ['float32', 'float16', 'int8', 'w8a8'] as const;

type WasmOptions = NonNullable<Parameters<typeof wasm>[0]>;
export interface Given {
  /** The files of the model and the pictures, by their paths in the repository. */
  readonly read: (path: string) => Promise<Uint8Array>;
  /** Passed to wasm(). */
  readonly options?: WasmOptions;
}
export interface Answer {
  /** The label that fits each picture best. */
  readonly best: readonly string[];
  /** By storage of weights, the hash of the logits [5, 5]: of one picture after the other, of all in one batch. */
  readonly hashes: Readonly<Record<string, { readonly batch1: string; readonly batch5: string }>>;
}

/** Reads, classifies and hashes. */
export async function classify({ read, options = {} }: Given): Promise<Answer> {
  const entries = MODEL_FILES.map(async (name) => [name, await read(`${MODEL}/${name}`)] as const);
  const files = new Map(await Promise.all(entries));
  const pictures = await Promise.all(PICTURES.map(read));
  const hashes: Record<string, { batch1: string; batch5: string }> = {};
  let best: string[] = [];
  for (const weights of STORAGES) {
    const backend = await wasm({ ...options, weights });
    const logits = await logitsOf(files, pictures, backend);
    backend.dispose();
    hashes[weights] = { batch1: await sha256(logits.batch1), batch5: await sha256(logits.batch5) };
    if (weights === 'float32') best = bestOf(logits.batch5);
  }
  return { best, hashes };
}

async function logitsOf(
  files: ReadonlyMap<string, Uint8Array>,
  pictures: readonly ImageInput[],
  backend: Backend,
): Promise<{ batch1: Float32Array; batch5: Float32Array }> {
  const model = await SiglipModel.fromPretrained(files, { backend });
  const tokenizer = await SiglipTokenizer.fromPretrained(files);
  const imageProcessor = await SiglipImageProcessor.fromPretrained(files);
  const texts = LABELS.map((label) => `This is a photo of ${label}.`);
  const { input_ids } = tokenizer(texts, null, { padding: 'max_length', return_tensors: true });
  const images = await Promise.all(pictures.map((picture) => loadImage(picture)));
  const run = async (batch: typeof images) => {
    const { pixel_values } = imageProcessor(batch, { return_tensors: true });
    const { logits_per_image } = await model({ input_ids, pixel_values });
    return Float32Array.from(await logits_per_image.data());
  };
  const batch5 = await run(images);
  const batch1: number[] = [];
  for (const image of images) batch1.push(...(await run([image])));
  await model.dispose();
  return { batch1: Float32Array.from(batch1), batch5 };
}

function bestOf(logits: Float32Array): string[] {
  const n = LABELS.length;
  return PICTURES.map((_, i) => {
    const row = [...logits.subarray(i * n, (i + 1) * n)];
    return LABELS[row.indexOf(Math.max(...row))]!;
  });
}

async function sha256(x: Float32Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', x as BufferSource);
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('');
}
