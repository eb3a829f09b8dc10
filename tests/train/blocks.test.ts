// The sigmoid loss block by block: equal to the whole for every divisor of the batch, in memory too. And CLIP's loss.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { grad } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import { type Backend, l2Normalize, logSigmoid, meter, sigmoidLoss, Tensor } from '@siglip-ts/core';
import {
  algorithm1,
  type Contrast,
  logitsOf,
  ringOffsets,
  sigmoidBlocks,
  softmaxLoss,
} from '@siglip-ts/train';
import { random } from '../autograd/random.ts';
import { difference } from '../siglip/modeling/golden.ts';

const contrast = (b: Backend, B = 12, D = 5): Contrast => ({
  text: l2Normalize(random(b, [B, D], 1)),
  image: l2Normalize(random(b, [B, D], 2)),
  logit_scale: random(b, [1], 3).add(2),
  logit_bias: random(b, [1], 4).sub(3),
});
const divisors = (n: number) =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
const KEYS = ['text', 'image', 'logit_scale', 'logit_bias'] as const;

test.each(divisors(12))(
  'blocks of %d give the loss and the gradients of the whole',
  async (block) => {
    const b = cpu();
    const x = contrast(b);
    const whole = await grad(
      (p) => sigmoidLoss(logitsOf(Object.fromEntries(p) as unknown as Contrast)),
      new Map(Object.entries(x) as [string, Tensor][]),
    );
    for (const bidirectional of [true, false]) {
      const found = sigmoidBlocks(x, { block, bidirectional });
      const loss = (await whole.value.data())[0]!;
      expect(Math.abs((await found.loss.data())[0]! / loss - 1)).toBeLessThan(1e-13);
      for (const key of KEYS) {
        const expected = await whole.gradients.get(key)!.data();
        expect(difference(await found[key].data(), expected).relative, key).toBeLessThan(1e-12);
      }
    }
  },
);

test.each([12, 4])(
  'in blocks of %d, what is also true of another image counts neither way',
  async (block) => {
    const B = 12;
    const x = contrast(cpu());
    const also_true = Uint8Array.from({ length: B * B }, (_, k) =>
      Number(k % 7 === 3 || k % 13 === 0),
    );
    const counted = Float64Array.from(also_true, (left_out, k) =>
      k % 13 === 0 ? 1 : 1 - left_out,
    ); // 13: the diagonal
    const whole = await grad(
      (p) => {
        const logits = logitsOf(Object.fromEntries(p) as unknown as Contrast);
        const on = (values: Float64Array) => Tensor.from(logits.backend, values, [B, B], 'float64');
        const z = on(counted.map((_, k) => (k % 13 === 0 ? 1 : -1)));
        const terms = logSigmoid(logits.mul(z)).mul(on(counted));
        return terms.sum(1).sum(0).div(-B).reshape([]);
      },
      new Map(Object.entries(x) as [string, Tensor][]),
    );
    const found = sigmoidBlocks(x, { block, also_true });
    expect(difference(await found.loss.data(), await whole.value.data()).relative).toBeLessThan(
      1e-13,
    );
    for (const key of KEYS) {
      const expected = await whole.gradients.get(key)!.data();
      expect(difference(await found[key].data(), expected).relative, key).toBeLessThan(1e-12);
    }
    expect(() => sigmoidBlocks(x, { also_true: new Uint8Array(3) })).toThrow(
      'loss: also_true has 3 entries, expected 144',
    );
  },
);

test('memory is that of a block: b² and not B²', () => {
  const peakOf = (block: number): number => {
    const b = meter(cpu());
    const x = contrast(b, 32, 1);
    const before = b.readings.live;
    sigmoidBlocks(x, { block });
    return b.readings.peak - before;
  };
  const matrix = (b: number) => b * b * 8;
  const rest = 32 * 8 * 40; // vectors of the batch: embeddings of one number each, and their gradients
  for (const block of divisors(32)) {
    expect(peakOf(block)).toBeLessThan(24 * matrix(block) + rest);
    expect(peakOf(block)).toBeGreaterThan(matrix(block));
  }
});

test('texts travel by every offset once, in both directions in half the rounds', () => {
  expect(ringOffsets(5, false)).toEqual([0, 1, 2, 3, 4]);
  expect(ringOffsets(5, true)).toEqual([0, 1, -1, 2, -2]);
  expect(ringOffsets(4, true)).toEqual([0, 1, -1, 2]);
  for (let W = 1; W < 10; W++)
    expect(new Set(ringOffsets(W, true).map((o) => (o + W) % W)).size).toBe(W);
});

test('what does not divide the batch is refused', () => {
  const x = contrast(cpu());
  expect(() => sigmoidBlocks(x, { block: 5 })).toThrow(
    'loss: blocks of 5, expected a divisor of the batch, 12',
  );
  const image = x.image.slice([0, 0], [4, 5]);
  expect(() => sigmoidBlocks({ ...x, image })).toThrow(
    'loss: 12 texts and 4 images, expected pairs',
  );
});

test('Algorithm 1 normalises; its loss is that of the logits', async () => {
  const x = contrast(cpu());
  const long = { ...x, text: x.text.mul(3), image: x.image.mul(0.2) };
  const [a] = await algorithm1(long).data();
  const [c] = await sigmoidLoss(logitsOf(x)).data();
  expect(a).toBeCloseTo(c!, 13);
});

// CLIP, with torch: (cross_entropy(l, arange) + cross_entropy(l.T, arange)) / 2
test('softmax loss as torch', async () => {
  const b = cpu();
  const path = join(import.meta.dirname, '../../fixtures/train/softmax-loss.json');
  const golden = JSON.parse(readFileSync(path, 'utf8'));
  const B = Math.sqrt(golden.logits.length);
  const logits = Tensor.constant(b, golden.logits, [B, B], 'float64');
  const { value, gradients } = await grad(
    (p) => softmaxLoss(p.get('l')!),
    new Map([['l', logits]]),
  );
  expect((await value.data())[0]).toBeCloseTo(golden.loss, 12);
  expect(difference(await gradients.get('l')!.data(), golden.gradient).absolute).toBeLessThan(
    1e-14,
  );
  expect(() => softmaxLoss(logits.slice([0, 0], [B, 2]))).toThrow(
    'expected as many images as texts',
  );
});
