// One encoder layer, and both towers of ViT-B/16 on the checkpoint of random weights, beside ONNX exports of the same
// weights. Outputs must agree before anything is timed.
import { wasm } from '@siglip-ts/backend-wasm';
import { encoderLayer, Scope, SiglipVisionConfig, Tensor } from '@siglip-ts/core';
import { SiglipTextModel, SiglipVisionModel } from 'siglip-ts';
import { ceiling, ceilingWithLoads } from '../ceiling.mjs';
import { baseCheckpoint, exported } from '../checkpoint.mjs';
import { agreeing, interleave } from '../measure.mjs';
import { BACKENDS, numbers } from '../ours.mjs';
import { gather, ortNode, ortWeb } from '../peers.mjs';

const [T, D] = [196, 768];
/** Multiply-and-adds of linear layers and attention, times two. */
const FLOP = { layer: 2.95e9, vision: 35.42e9, text: 11.02e9 };

/** The contenders checked and timed, with the ceiling in the same rounds. */
async function timed(makers, flop, rounds, tolerance = 1e-3) {
  const { contenders, absent } = await gather(makers);
  const agreed = await agreeing(contenders, absent, { tolerance });
  const checked = agreed.map((c) => ({ ...c, flop }));
  checked.push(await ceiling(), await ceilingWithLoads());
  return { contenders: checked, absent, times: await interleave(checked, { rounds, warmup: 1 }) };
}

/** ONNX Runtime, both builds, on an export. */
const runtimes = (file, output, feeds, o) => {
  const maker = (load) => async () => {
    const session = await (await load(o)).open(exported(file));
    return { run: async () => (await session.run(feeds))[output] };
  };
  return { 'onnxruntime-web': maker(ortWeb), 'onnxruntime-node': maker(ortNode) };
};

async function layerRow(o) {
  const x = numbers(T * D);
  const folder = await baseCheckpoint();
  const config = new SiglipVisionConfig({ num_hidden_layers: 1, vision_use_head: false });
  const ours = (name) => async () => {
    const backend = await BACKENDS[name](o);
    const model = await SiglipVisionModel.fromPretrained(folder, {
      backend,
      config: { num_hidden_layers: 1, vision_use_head: false },
    });
    const layer = (s) => s.at('vision_model').at('encoder').at('layers').at(0);
    const run = () =>
      model.runtime.run({}, async (s) => {
        await layer(s).ready();
        return encoderLayer(layer(s), Tensor.from(backend, x, [1, T, D]), config, {}).data();
      });
    return { run };
  };
  return timed(
    {
      ...Object.fromEntries(Object.keys(BACKENDS).map((name) => [name, ours(name)])),
      ...runtimes('encoder_layer.onnx', 'y', { hidden_states: { data: x, shape: [1, T, D] } }, o),
    },
    FLOP.layer,
    o.quick ? 3 : 10,
  );
}

/** A model class of ours on a backend, as a contender. */
const towerOf = (Class, folder, inputs, o) => (name) => async () => {
  const model = await Class.fromPretrained(folder, { backend: await BACKENDS[name](o) });
  return { run: async () => (await model(inputs)).pooler_output.data() };
};

async function visionRow(o) {
  const pixels = { data: numbers(3 * 224 * 224), shape: [1, 3, 224, 224] };
  const ours = towerOf(SiglipVisionModel, await baseCheckpoint(), { pixel_values: pixels }, o);
  return timed(
    {
      wasm: ours('wasm'),
      'wasm relaxed': ours('wasm relaxed'),
      ...runtimes('vision_model.onnx', 'pooler_output', { pixel_values: pixels }, o),
      ...(o.full && { cpu: ours('cpu') }),
    },
    FLOP.vision,
    o.quick ? 2 : 6,
  );
}

async function textRow(o) {
  const ids = Int32Array.from({ length: 64 }, (_, i) => (i * 7919) % 32000);
  const shape = [1, 64];
  const feeds = { input_ids: { data: BigInt64Array.from(ids, BigInt), shape } };
  const ours = towerOf(
    SiglipTextModel,
    await baseCheckpoint(),
    { input_ids: { data: ids, shape } },
    o,
  );
  return timed(
    {
      wasm: ours('wasm'),
      'wasm relaxed': ours('wasm relaxed'),
      ...runtimes('text_model.onnx', 'pooler_output', feeds, o),
      ...(o.full && { cpu: ours('cpu') }),
    },
    FLOP.text,
    o.quick ? 2 : 10,
  );
}

/** Weights of 8 bits on both sides, and float32. Each rounds in its own way, so they agree in a tenth only. */
async function bytesRow(o) {
  const pixels = { data: numbers(3 * 224 * 224), shape: [1, 3, 224, 224] };
  const ours = (weights) => async () => {
    const backend = await wasm({ threads: o.threads, weights });
    const model = await SiglipVisionModel.fromPretrained(await baseCheckpoint(), { backend });
    return { run: async () => (await model({ pixel_values: pixels })).pooler_output.data() };
  };
  return timed(
    {
      'wasm w8a8': ours('w8a8'),
      wasm: ours('float32'),
      ...runtimes('vision_model_quantized.onnx', 'pooler_output', { pixel_values: pixels }, o),
    },
    FLOP.vision,
    o.quick ? 2 : 6,
    0.1,
  );
}

/** The three implementations of attention by batch; times are per image of the batch. */
const batchRow = (B) => async (o) => {
  const folder = await baseCheckpoint();
  const pixels = { data: numbers(B * 3 * 224 * 224), shape: [B, 3, 224, 224] };
  const makers = Object.fromEntries(
    ['eager', 'sdpa', 'flash_attention_2'].map((attn_implementation) => [
      attn_implementation,
      async () => {
        const backend = await BACKENDS.wasm(o);
        const options = { backend, attn_implementation };
        const model = await SiglipVisionModel.fromPretrained(folder, options);
        return { run: async () => (await model({ pixel_values: pixels })).pooler_output.data() };
      },
    ]),
  );
  return timed(makers, B * FLOP.vision, o.quick ? 1 : B > 2 ? 3 : 5);
};

export const rows = [
  { name: 'layer', title: 'one encoder layer, 196 tokens', run: layerRow },
  { name: 'vision', title: 'image tower ViT-B/16-224, one image', run: visionRow },
  { name: 'vision-8bit', title: 'image tower, weights of 8 bits', run: bytesRow },
  { name: 'text', title: 'text tower, 64 tokens', run: textRow },
  ...[1, 2, 4, 8].map((B) => ({
    name: `attention-by-batch-${B}`,
    title: `image tower, ${B} image${B > 1 ? 's' : ''}, by attention implementation`,
    run: batchRow(B),
    full: true,
  })),
];
