// A training step of the embedded model's shape: loss, gradients, clipping and AdamW, beside PyTorch on the same batch.
import { readFileSync } from 'node:fs';
import { scoped, SiglipConfig } from '@siglip-ts/core';
import { adamw, contrastiveGradients, loadParameters, optimizer } from '@siglip-ts/train';
import { SiglipModel } from 'siglip-ts';
import { agreeing, interleave } from '../measure.mjs';
import { BACKENDS } from '../ours.mjs';
import { gather } from '../peers.mjs';
import { python } from '../python.mjs';

const folder = new URL('../../packages/tiny-model/model/', import.meta.url);

/** Of a pair: forward and back are three forwards, multiply-and-adds of linear layers and attention, times two. */
const FLOP = 3 * 130e6;

/** The batch, which python/train.py makes by the same formula. */
function batch({ vision_config: v, text_config: t }, B) {
  const shape = [B, v.num_channels, v.image_size, v.image_size];
  const data = Float32Array.from({ length: shape.reduce((n, d) => n * d) }, (_, i) => Math.sin(i));
  const T = t.max_position_embeddings;
  const ids = Int32Array.from({ length: B * T }, (_, i) => (i * 37) % t.vocab_size);
  return { pixel_values: { data, shape }, input_ids: { data: ids, shape: [B, T] } };
}

async function ours(name, o, B) {
  const b = await BACKENDS[name](o);
  const config = SiglipConfig.from_dict(JSON.parse(readFileSync(new URL('config.json', folder))));
  const model = await SiglipModel.fromPretrained(folder.pathname, { backend: b });
  const parameters = await loadParameters(b, model.runtime.checkpoint);
  const moved = optimizer(adamw(), parameters, { rate: 1e-4, decay: 1e-5, clip: 1 });
  const pairs = batch(config, B);
  /** The loss before each step. */
  const run = () =>
    scoped(b, async () => {
      const { loss, gradients } = await contrastiveGradients(config, parameters, pairs);
      moved.step(gradients);
      return loss.data();
    });
  return { run };
}

/** Times itself, so that the pipe between us does not count. */
async function pytorch({ threads }, B) {
  const child = python('train.py', 'torch and transformers');
  const note = await child.ask('prepare', folder.pathname, B, threads);
  const step = () => child.ask('step');
  return { note, run: async () => [(await step()).loss], timed: async () => (await step()).time };
}

async function trainRow(o, B) {
  const { contenders, absent } = await gather({
    wasm: () => ours('wasm', o, B),
    'wasm relaxed': () => ours('wasm relaxed', o, B),
    PyTorch: () => pytorch(o, B),
  });
  const checked = await agreeing(contenders, absent, { tolerance: 1e-3 });
  const timed = checked.map((c) => ({ ...c, flop: B * FLOP, run: c.timed ?? c.run }));
  const times = await interleave(timed, { rounds: o.quick ? 2 : 6, warmup: 1 });
  return { contenders: timed, absent, times };
}

export const rows = [
  {
    name: 'train',
    title: 'a training step of the embedded model, 32 pairs',
    run: (o) => trainRow(o, 32),
  },
  {
    name: 'train-128',
    title: 'the same, 128 pairs',
    full: true,
    run: (o) => trainRow(o, 128),
  },
];
