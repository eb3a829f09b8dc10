// A batch of pairs: whole, in chunks, with checkpointing, with a frozen tower; and what each of them keeps in memory.
import { describe, expect, test } from 'vitest';
import { grad } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import {
  type Backend,
  meter,
  rounded,
  scoped,
  SiglipConfig,
  Tensor,
  withoutFused,
} from '@siglip-ts/core';
import {
  contrastiveGradients,
  type ContrastiveOptions,
  inDType,
  loadParameters,
  type Pairs,
  startAsPaper,
} from '@siglip-ts/train';
import { loadGolden, lossOf } from '../autograd/golden.ts';
import { numbers } from '../autograd/random.ts';
import { difference } from '../siglip/modeling/golden.ts';

const golden = await loadGolden('plain', 'float64');
const config = SiglipConfig.from_dict(golden.model.config);
const { vision_config: v, text_config: t } = config;

const pairsOf = (B: number): Pairs => {
  const shape = [B, v.num_channels, v.image_size, v.image_size];
  const data = numbers(
    shape.reduce((n, d) => n * d),
    5,
  );
  const T = t.max_position_embeddings;
  const ids = Int32Array.from({ length: B * T }, (_, i) => (i * 7 + ((i / T) | 0)) % t.vocab_size);
  return { pixel_values: { data, shape }, input_ids: { data: ids, shape: [B, T] } };
};
const load = (b: Backend) => loadParameters(b, golden.model.checkpoint, { dtype: 'float64' });

async function run(b: Backend, o: ContrastiveOptions, B = 6) {
  const parameters = await load(b);
  const { loss, gradients } = await contrastiveGradients(config, parameters, pairsOf(B), o);
  const values = new Map<string, ArrayLike<number>>();
  for (const [key, g] of gradients) values.set(key, await g.data());
  return { loss: (await loss.data())[0]!, gradients: values };
}

test('the golden by the two ways', async () => {
  const stored = (name: string) => golden.model.inputs.get(name)!;
  const ids = Int32Array.from(stored('input_ids').data as BigInt64Array, Number);
  const pairs = {
    pixel_values: {
      data: stored('pixel_values').data as Float32Array,
      shape: stored('pixel_values').shape,
    },
    input_ids: { data: ids, shape: stored('input_ids').shape },
  };
  const { loss, gradients } = await contrastiveGradients(config, await load(cpu()), pairs);
  expect((await loss.data())[0]).toBeCloseTo(golden.loss, 11);
  expect([...gradients.keys()].sort()).toEqual([...golden.gradients.keys()].sort());
  for (const [key, expected] of golden.gradients) {
    const { absolute, relative } = difference(await gradients.get(key)!.data(), expected);
    expect(Math.min(absolute, relative), key).toBeLessThan(1e-11);
  }
});

describe('the same numbers', async () => {
  const whole = await run(cpu(), {});
  test.each<[string, ContrastiveOptions]>([
    ['in chunks of 1', { chunk: 1 }],
    ['in chunks of 2', { chunk: 2 }],
    ['in chunks of 3, blocks of 2', { chunk: 3, block: 2 }],
    ['with checkpointing', { checkpointing: true }],
    ['in chunks with checkpointing', { chunk: 3, checkpointing: true }],
  ])('%s', async (_, o) => {
    const found = await run(cpu(), o);
    expect(found.loss).toBeCloseTo(whole.loss, 11);
    expect([...found.gradients.keys()].sort()).toEqual([...whole.gradients.keys()].sort());
    for (const [key, expected] of whole.gradients) {
      const { absolute, relative } = difference(found.gradients.get(key)!, expected);
      expect(Math.min(absolute, relative), key).toBeLessThan(1e-11);
    }
  });

  test('in chunks, with half of the patches', async () => {
    const N = (v.image_size / v.patch_size) ** 2;
    const K = Math.floor(N / 2);
    const data = Int32Array.from({ length: 6 * K }, (_, i) => (i * 5 + 1) % N);
    const pairs = { ...pairsOf(6), patches: { data, shape: [6, K] } };
    const [at_once, in_chunks] = await Promise.all(
      [{}, { chunk: 2 }].map(async (o) =>
        contrastiveGradients(config, await load(cpu()), pairs, o),
      ),
    );
    for (const [key, expected] of at_once!.gradients) {
      const found = await in_chunks!.gradients.get(key)!.data();
      const { absolute, relative } = difference(found, await expected.data());
      expect(Math.min(absolute, relative), key).toBeLessThan(1e-11);
    }
    const outside = { ...pairs, patches: { data: data.map((i) => i + N), shape: [6, K] } };
    await expect(contrastiveGradients(config, await load(cpu()), outside)).rejects.toThrow(
      `patches: [6, ${K}], expected [6, K] below ${N}`,
    );
  });

  test('frozen parameters get no gradient, the others the same', async () => {
    const found = await run(cpu(), { frozen: /^vision_model\.|logit_bias/ });
    const trained = [...whole.gradients.keys()].filter(
      (k) => !/^vision_model\.|logit_bias/.test(k),
    );
    expect([...found.gradients.keys()].sort()).toEqual(trained.sort());
    for (const key of trained) expect(found.gradients.get(key)).toEqual(whole.gradients.get(key));
  });
});

/** Calls, and the largest number of bytes of activations, of one batch. */
async function costOf(o: ContrastiveOptions, B = 6) {
  const b = meter(cpu());
  const parameters = await load(b);
  await scoped(b, () => contrastiveGradients(config, parameters, pairsOf(B), o));
  expect(b.readings.live).toBe(0);
  return b.readings;
}

test('memory: what each saves', async () => {
  const { peak } = await costOf({}, 12);
  expect((await costOf({ chunk: 2 }, 12)).peak).toBeLessThan(0.4 * peak);
  expect((await costOf({ frozen: /^vision_model/ }, 12)).peak).toBeLessThan(0.5 * peak);
});

test('checkpointing keeps one layer and the inputs of the others', async () => {
  const layers = 8;
  const deep = SiglipConfig.from_dict({
    ...golden.model.config,
    text_config: { ...(golden.model.config.text_config as object), num_hidden_layers: layers },
    vision_config: { ...(golden.model.config.vision_config as object), num_hidden_layers: layers },
  });
  const peakOf = async (checkpointing: boolean) => {
    const b = meter(cpu());
    const parameters = await load(b);
    for (const [key, x] of parameters)
      for (let i = 2; key.includes('.layers.0.') && i < layers; i++)
        parameters.set(key.replace('.layers.0.', `.layers.${i}.`), x);
    await contrastiveGradients(deep, parameters, pairsOf(12), { checkpointing });
    return b.readings.peak;
  };
  expect(await peakOf(true)).toBeLessThan(0.5 * (await peakOf(false)));
});

test('a frozen tower costs what inference costs', async () => {
  const vision = /^vision_model/;
  const both = await costOf({ frozen: /./ });
  const text = await costOf({ frozen: vision });
  const everything = await costOf({});
  // Nothing is trained: forward only. The text tower's way back then adds no operation of the vision tower.
  expect(text.flops - both.flops).toBeLessThan(0.5 * (everything.flops - both.flops));
  const one = await costOf({ frozen: /^(?!text_model\.head\.bias)/ });
  expect(one.calls - both.calls).toBeLessThanOrEqual(10); // one sum over the batch, and what l2Normalize takes
});

test('a model in bfloat16 with master weights in float32', async () => {
  const b = rounded(withoutFused(cpu()), 'bfloat16');
  const parameters = await loadParameters(b, golden.model.checkpoint, { dtype: 'float32' });
  const f = (p: ReadonlyMap<string, Tensor>, tape: Backend) =>
    lossOf(golden, inDType(p, 'bfloat16'), tape);
  const { value, gradients } = await grad(f, parameters);
  expect((await value.data())[0]! / golden.loss).toBeCloseTo(1, 1);
  for (const [key, g] of gradients) expect(g.dtype, key).toBe('float32');
  // The cosine between the two directions.
  let [dot, ours, exact] = [0, 0, 0];
  for (const [key, expected] of golden.gradients)
    (await gradients.get(key)!.data()).forEach((x, i) => {
      dot += x * expected[i]!;
      ours += x * x;
      exact += expected[i]! ** 2;
    });
  expect(dot / Math.sqrt(ours * exact)).toBeGreaterThan(0.99);
});

test('starts as the paper does', async () => {
  const b = await wasm();
  const parameters = await loadParameters(b, golden.model.checkpoint);
  startAsPaper(parameters);
  expect((await parameters.get('logit_scale')!.data())[0]).toBeCloseTo(Math.log(10), 6);
  expect([...(await parameters.get('logit_bias')!.data())]).toEqual([-10]);
  b.dispose();
});

test('what it refuses', async () => {
  const parameters = await load(cpu());
  await expect(contrastiveGradients(config, parameters, pairsOf(6), { chunk: 4 })).rejects.toThrow(
    'pairs: chunks of 4, expected a divisor of the batch, 6',
  );
  const two = { ...pairsOf(6), input_ids: pairsOf(2).input_ids };
  await expect(contrastiveGradients(config, parameters, two)).rejects.toThrow(
    'pairs: 6 images and 2 texts',
  );
  const dropout = SiglipConfig.from_dict({
    ...golden.model.config,
    text_config: { ...(golden.model.config.text_config as object), attention_dropout: 0.1 },
  });
  await expect(contrastiveGradients(dropout, parameters, pairsOf(6))).rejects.toThrow(
    'attention_dropout: 0.1, expected 0 where no seed and step of `dropout` are given',
  );
  const vector = new Map([['x', Tensor.constant(cpu(), [1, 2], [2], 'float64')]]);
  await expect(grad((p) => p.get('x')!, vector)).rejects.toThrow(
    'grad: a value of shape [2], expected one number',
  );
});
