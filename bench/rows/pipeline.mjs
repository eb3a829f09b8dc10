// What a user waits for: zero-shot classification of a JPEG with three labels, from the second picture on, beside
// transformers.js, whose pixels are not exact and whose runtime is native.
import { pipeline } from 'siglip-ts';
import { baseCheckpoint, exported } from '../checkpoint.mjs';
import { interleave } from '../measure.mjs';
import { BACKENDS } from '../ours.mjs';
import { gather, transformersJs } from '../peers.mjs';
import { photo } from './inputs.mjs';

const TASK = 'zero-shot-image-classification';
const LABELS = ['a cup of coffee', 'a dog', 'a bicycle'];

async function pipelineRow(o) {
  const folder = await baseCheckpoint();
  const file = await photo();
  const ours = (name) => async () => {
    const classify = await pipeline(TASK, folder, { backend: await BACKENDS[name](o) });
    return { run: () => classify(file, LABELS) };
  };
  const { contenders, absent } = await gather({
    wasm: ours('wasm'),
    'wasm relaxed': ours('wasm relaxed'),
    'transformers.js': async () => {
      exported('model.onnx');
      const library = await transformersJs();
      const session_options = { intraOpNumThreads: o.threads, interOpNumThreads: 1 };
      const classify = await library.pipeline(TASK, folder, {
        dtype: 'fp32',
        device: 'cpu',
        session_options,
      });
      return { run: () => classify(file, LABELS), note: 'onnxruntime-node; pixels inexact' };
    },
  });
  const lines = [];
  for (const { name, run } of contenders) {
    const scores = await run(); // the first picture is not timed
    lines.push(
      `\n${name}: ${scores.map(({ label, score }) => `${label} ${score.toFixed(4)}`).join(', ')}`,
    );
  }
  const times = await interleave(contenders, { rounds: o.quick ? 2 : 6, warmup: 1 });
  return { contenders, absent, times, lines };
}

export const rows = [
  { name: 'pipeline', title: 'zero-shot pipeline, JPEG and three labels', run: pipelineRow },
];
