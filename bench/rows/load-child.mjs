// One load and first run in a process of its own, for load.mjs.
import { join } from 'node:path';

const [who, options] = [process.argv[2], JSON.parse(process.argv[3])];
const ids = Int32Array.from({ length: 64 }, (_, i) => i + 1);
const pixel_values = { data: new Float32Array(3 * 224 * 224).fill(0.5), shape: [1, 3, 224, 224] };
const shape = [1, 64];

const began = performance.now();
const { FOLDER } = await import('../folder.mjs');
if (who.startsWith('wasm')) await ours();
else await onnxRuntime();
const ms = performance.now() - began;
process.send({ ms, peak: process.resourceUsage().maxRSS * 1024 }, () => process.exit());

async function ours() {
  const { SiglipModel } = await import('siglip-ts');
  const weights = who.split(' ')[1] ?? 'float32';
  const model = await SiglipModel.fromPretrained(FOLDER, { threads: options.threads, weights });
  await model({ pixel_values, input_ids: { data: ids, shape } });
}

async function onnxRuntime() {
  const { ortNode, ortWeb } = await import('../peers.mjs');
  const runtime = await (who === 'onnxruntime-web' ? ortWeb : ortNode)(options);
  const vision = await runtime.open(join(FOLDER, 'onnx', 'vision_model.onnx'));
  const text = await runtime.open(join(FOLDER, 'onnx', 'text_model.onnx'));
  await vision.run({ pixel_values });
  await text.run({ input_ids: { data: BigInt64Array.from(ids, BigInt), shape } });
}
