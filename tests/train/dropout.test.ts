// Attention dropout: torch's numbers with the same masks, and masks that depend on seed, step, layer and pair alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import { type AttentionImplementation, SiglipConfig } from '@siglip-ts/core';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import {
  attentionDropout,
  contrastiveGradients,
  type ContrastiveOptions,
  type Dropout,
  expectNoDropout,
  loadParameters,
} from '@siglip-ts/train';
import { difference, loadCase } from '../siglip/modeling/golden.ts';

const path = join(import.meta.dirname, '../../fixtures/train/dropout.safetensors');
const file = await openSafetensors(bytesSource(readFileSync(path)));
const golden = JSON.parse(file.metadata.get('golden')!) as {
  seed: number;
  step: number;
  attention_dropout: Record<string, number>;
};
const { seed, step } = golden;
const model = await loadCase('plain');
const configWith = (attn_implementation: AttentionImplementation) => {
  const towers = Object.entries(golden.attention_dropout).map(([tower, attention_dropout]) => [
    tower,
    { ...(model.config[tower] as object), attention_dropout, attn_implementation },
  ]);
  return SiglipConfig.from_dict({ ...model.config, ...Object.fromEntries(towers) });
};
const input = (name: string) => model.inputs.get(name)!;
const B = input('input_ids').shape[0]!;
const pairs = {
  pixel_values: {
    data: input('pixel_values').data as Float32Array,
    shape: input('pixel_values').shape,
  },
  input_ids: {
    data: Int32Array.from(input('input_ids').data as BigInt64Array, Number),
    shape: input('input_ids').shape,
  },
};

async function run(
  dropout: Dropout,
  o: ContrastiveOptions = {},
  how: AttentionImplementation = 'sdpa',
) {
  const parameters = await loadParameters(cpu(), model.checkpoint, { dtype: 'float64' });
  const y = await contrastiveGradients(configWith(how), parameters, pairs, { ...o, dropout });
  const values = new Map([['loss', await y.loss.data()]]);
  for (const [key, g] of y.gradients) values.set(`grad.${key}`, await g.data());
  return values;
}
const whole = await run({ seed, step });

test('loss and gradients are those of torch', async () => {
  expect([...whole.keys()].sort()).toEqual([...file.tensors.keys()].sort());
  for (const [key, found] of whole) {
    const { absolute, relative } = difference(found, (await file.read(key)).data as Float64Array);
    // A gradient of zero (the key's bias, whose effect the softmax cancels) has only absolute size.
    expect(Math.min(absolute, relative), key).toBeLessThan(1e-11);
  }
});

describe('the same numbers', () => {
  test.each<[string, ContrastiveOptions]>([
    ['in chunks of 1', { chunk: 1 }],
    ['with checkpointing', { checkpointing: true }],
    ['in chunks with checkpointing', { chunk: 1, checkpointing: true }],
    ['by definitions', { fused: false }],
  ])('%s', async (_, o) => {
    const found = await run({ seed, step }, o);
    for (const [key, expected] of whole) {
      const { absolute, relative } = difference(found.get(key)!, expected);
      expect(Math.min(absolute, relative), key).toBeLessThan(1e-11);
    }
  });
  test.each(['eager', 'flash_attention_2'] as const)('%s', async (how) =>
    expect(await run({ seed, step }, {}, how)).toEqual(whole),
  );
});

test('another seed or step gives others', async () => {
  for (const other of [
    { seed: seed + 1, step },
    { seed, step: step + 1 },
  ])
    expect((await run(other)).get('loss')).not.toEqual(whole.get('loss'));
});

describe('masks', () => {
  const p = 0.3;
  const mask = attentionDropout({ seed, step });
  const shape = [B, 4, 50, 50];
  const factors = mask('layers.0', p, shape);

  test('are 0 with probability p, else 1 / (1 - p)', () => {
    expect(new Set(factors)).toEqual(new Set([0, 1 / (1 - p)]));
    const zeros = factors.filter((x) => x === 0).length;
    const n = factors.length;
    expect(Math.abs(zeros / n - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / n));
  });

  test('of two places, pairs, steps or seeds have as much in common as chance gives', () => {
    const n = factors.length;
    const same = (other: Float64Array) => factors.filter((x, i) => x === other[i]).length / n;
    const expected = p * p + (1 - p) ** 2;
    for (const other of [
      mask('layers.1', p, shape),
      attentionDropout({ seed, step }, 1)('layers.0', p, shape),
      attentionDropout({ seed, step: step + 1 })('layers.0', p, shape),
      attentionDropout({ seed: seed + 1, step })('layers.0', p, shape),
    ])
      expect(Math.abs(same(other) - expected)).toBeLessThan(0.02);
  });

  test('of a later pair are the same in a chunk', () => {
    const n = 4 * 50 * 50;
    expect(attentionDropout({ seed, step }, 2)('layers.0', p, [1, 4, 50, 50])).toEqual(
      factors.slice(2 * n, 3 * n),
    );
  });
});

test('what runs without a seed and a step is refused', async () => {
  const config = configWith('sdpa');
  const parameters = await loadParameters(cpu(), model.checkpoint, { dtype: 'float64' });
  const message =
    'attention_dropout: 0.5, expected 0 where no seed and step of `dropout` are given';
  await expect(contrastiveGradients(config, parameters, pairs)).rejects.toThrow(message);
  expect(() => expectNoDropout(config.text_config)).toThrow(message);
});

test('the engine', async () => {
  const b = await wasm();
  const parameters = await loadParameters(b, model.checkpoint);
  const dropout = { seed, step };
  const { loss } = await contrastiveGradients(configWith('sdpa'), parameters, pairs, { dropout });
  expect(difference(await loss.data(), whole.get('loss')!).relative).toBeLessThan(1e-6);
  b.dispose();
});
