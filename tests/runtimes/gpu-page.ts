// The program that shows backend-gpu in a browser, in the mode that the page's address names: the embedded model scores
// pictures, and then does two hundred forwards while what it has on the device is counted. Posts what it found.
import { GPU } from 'gpu.js';
import { gpu, type GpuMode } from '@siglip-ts/backend-gpu';
import { scoped, Tensor } from '@siglip-ts/core';
import { type Backend, loadImage, pipeline, SiglipModel } from 'siglip-ts';
import { MODEL, MODEL_FILES, PICTURES } from './classify.ts';
import { GPU_LABELS, type GpuAnswer } from './gpu-answer.ts';

/** Textures and buffers that exist. The browser's own functions are wrapped, so nothing can be overlooked. */
const devices = { alive: 0 };
function count(prototype: object | undefined, name: string, by: 1 | -1): void {
  if (!prototype) return; // the browser has no such interface
  const functions = prototype as Record<string, (...args: unknown[]) => unknown>;
  const original = functions[name]!;
  functions[name] = function (this: unknown, ...args) {
    devices.alive += by;
    return original.apply(this, args);
  };
}
const interfaces = globalThis as unknown as Record<string, { prototype: object } | undefined>;
for (const kind of ['Texture', 'Buffer']) {
  count(interfaces.WebGL2RenderingContext?.prototype, `create${kind}`, 1);
  count(interfaces.WebGL2RenderingContext?.prototype, `delete${kind}`, -1);
  count(interfaces.GPUDevice?.prototype, `create${kind}`, 1);
  count(interfaces[`GPU${kind}`]?.prototype, 'destroy', -1);
}

async function read(path: string): Promise<Uint8Array> {
  const response = await fetch(`/${path}`);
  if (!response.ok) throw new Error(`${path}: the server answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
type Files = ReadonlyMap<string, Uint8Array>;

async function scoresOf(files: Files, backend: Backend): Promise<GpuAnswer['scores']> {
  const classify = await pipeline('zero-shot-image-classification', files, { backend });
  const images = await Promise.all(PICTURES.map(async (path) => loadImage(await read(path))));
  return classify(images, GPU_LABELS);
}

/** How many there are when all that was released is gone: a read waits for its turn in the queue. */
async function alive(b: Backend): Promise<number> {
  await scoped(b, () => Tensor.from(b, [0], [1]).data());
  return devices.alive;
}

/** An image is ten times the work of a text, so few forwards have one: two before the first count,
 * since GPU.js keeps one thing more from the second run of each tower on. */
async function forwards(files: Files, backend: Backend): Promise<GpuAnswer['alive']> {
  const model = await SiglipModel.fromPretrained(files, { backend });
  const { image_size: n } = model.config.vision_config;
  const pixel_values = { shape: [1, 3, n, n], data: new Float32Array(3 * n * n).fill(0.25) };
  const input_ids = { shape: [1, 4], data: Int32Array.of(5, 6, 7, 1) };
  let ten = 0;
  for (let i = 1; i <= 200; i++) {
    await model.get_text_features({ input_ids });
    if (i === 5 || i === 10 || i % 50 === 0) await model.get_image_features({ pixel_values });
    if (i === 10) ten = await alive(backend);
  }
  return [ten, await alive(backend)];
}

async function answer(): Promise<GpuAnswer> {
  const mode = new URLSearchParams(location.search).get('mode') as GpuMode;
  const entries = MODEL_FILES.map(async (name) => [name, await read(`${MODEL}/${name}`)] as const);
  const files = new Map(await Promise.all(entries));
  const backend = await gpu(GPU, { mode });
  const scores = await scoresOf(files, backend);
  return { name: backend.name, scores, alive: await forwards(files, backend) };
}

const found = await answer().catch((error: unknown) => ({ error: String(error) }));
await fetch('/answer', { method: 'POST', body: JSON.stringify(found) });
