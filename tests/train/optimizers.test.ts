// Ten steps of AdamW as torch takes them, and the other optimisers as optax and big_vision do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { grad } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import { type Backend, scoped, Tensor } from '@siglip-ts/core';
import { adafactor, adamw, lion, optimizer, schedule, type UpdateRule } from '@siglip-ts/train';
import { loadGolden, lossOf, parametersOf } from '../autograd/golden.ts';
import { difference } from '../siglip/modeling/golden.ts';

test.each(['plain', 'odd', 'classifier-single'])('ten steps of AdamW on %s', async (name) => {
  const g = await loadGolden(name, 'float64');
  const b = cpu();
  const parameters = await parametersOf(b, g, 'float64');
  // torch's decay is that of all parameters, and times the rate.
  const taken = optimizer(adamw(), parameters, { rate: 1e-3, decay: 1e-4, decayed: () => true });
  const losses: number[] = [];
  for (let step = 0; step <= 10; step++) {
    await scoped(b, async () => {
      const { value, gradients } = await grad((p, tape) => lossOf(g, p, tape), parameters);
      losses.push((await value.data())[0]!);
      if (step < 10) taken.step(gradients);
    });
  }
  expect(difference(losses, g.losses!).relative).toBeLessThanOrEqual(1e-9);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
});

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/train/optimisers.json'), 'utf8'),
);
type Flat = Record<string, number[]>;
const tensors = (b: Backend, flat: Flat): Map<string, Tensor> =>
  new Map(
    Object.entries(flat).map(([key, values]) => [
      key,
      Tensor.constant(b, values, golden.shapes[key], 'float64'),
    ]),
  );

test.each([
  ['adamw', adamw(), 1e-9],
  ['adamw-clipped', adamw(), 1e-9],
  ['lion', lion(), 1e-9],
  // JAX multiplies a bfloat16 moment in bfloat16, where 0.9 is 0.8984; we widen it first. With that constant and
  // rounding in its place both agree to 1e-9.
  ['adamw-bfloat16', adamw({ momentum: 'bfloat16' }), 2e-4],
  ['adafactor', adafactor(), 2e-4],
])('%s as optax', async (name, rule, tolerance) => {
  const b = cpu();
  const parameters = tensors(b, golden.start);
  const { rate, decay } = golden;
  const clip = name.endsWith('clipped') ? { clip: golden.clip as number } : {};
  const o = optimizer(rule, parameters, { rate, decay, ...clip });
  const factor = schedule({ steps: 5, decay: 'cosine' });
  for (const [step, g] of golden.gradients.entries()) o.step(tensors(b, g), factor(step));
  for (const [key, expected] of Object.entries(golden.runs[name] as Flat)) {
    const { absolute } = difference(await parameters.get(key)!.data(), expected);
    expect(absolute, key).toBeLessThanOrEqual(tolerance);
  }
});

test('clipping: by the norm of all gradients together, and only above the limit', async () => {
  // AdamW does not see a constant scale of its gradients; this rule sees nothing else.
  const plain: UpdateRule = { slots: () => ({}), update: (update) => ({ update, slots: {} }) };
  const moved = async (clip: number) => {
    const b = cpu();
    const zero = () => Tensor.constant(b, [0], [1], 'float64');
    const parameters = new Map([['a', zero()], ['b', zero()]]); // prettier-ignore
    const gradient = (x: number) => Tensor.from(b, [x], [1], 'float64');
    optimizer(plain, parameters, { rate: 1, clip }).step(new Map([['a', gradient(3)], ['b', gradient(-4)]])); // prettier-ignore
    return Promise.all([...parameters.values()].map(async (x) => (await x.data())[0]));
  };
  expect(await moved(1)).toEqual([-0.6, 0.8]);
  expect(await moved(2.5)).toEqual([-1.5, 2]);
  for (const none of [5, 50]) expect(await moved(none)).toEqual([-3, 4]);
});

test('groups: a pretrained tower at a tenth of the rate and no decay', async () => {
  const b = cpu();
  const start = { 'vision_model.fc1.weight': [1, 1], 'text_model.fc1.weight': [1, 1] };
  const parameters = new Map(
    Object.entries(start).map(([k, v]) => [k, Tensor.constant(b, v, [2], 'float64')]),
  );
  const groups = [{ match: /^vision_model/, rate: 0.1, decay: 0 }];
  const o = optimizer(lion(), parameters, { rate: 0.1, decay: 0.5, groups });
  const one = Tensor.from(b, [1, -1], [2], 'float64');
  o.step(new Map([...parameters.keys()].map((key) => [key, one])));
  const values = async (key: string) => [...(await parameters.get(key)!.data())];
  expect(await values('vision_model.fc1.weight')).toEqual([0.99, 1.01]);
  expect(await values('text_model.fc1.weight')).toEqual([0.4, 0.6]);
});

test('resumes to the same bits', async () => {
  const b = cpu();
  const [whole, halves] = [tensors(b, golden.start), tensors(b, golden.start)];
  const run = (p: Map<string, Tensor>) => optimizer(adamw(), p, { rate: 0.01, decay: 0.001 });
  const steps = golden.gradients.map((g: Flat) => tensors(b, g)) as Map<string, Tensor>[];
  const straight = run(whole);
  for (const g of steps) straight.step(g);
  let part = run(halves);
  for (const g of steps.slice(0, 2)) part.step(g);
  const saved = new Map<string, ArrayLike<number>>();
  for (const [name, x] of part.state) saved.set(name, await x.data());
  const at = part.steps;
  part.dispose();
  part = run(halves);
  part.resume(at, saved);
  for (const g of steps.slice(2)) part.step(g);
  for (const [key, x] of whole) expect(await halves.get(key)!.data()).toEqual(await x.data());
  saved.delete('m.fc1.bias');
  expect(() => part.resume(at, saved)).toThrow(
    'optimizer: state "m.fc1.bias" has undefined values, expected 34',
  );
});

test('schedules', () => {
  const at = (o: Parameters<typeof schedule>[0], ...steps: number[]) => steps.map(schedule(o));
  expect(at({ steps: 100, decay: 'linear', warmup: 10 }, 0, 5, 10, 55, 100)).toEqual([
    0, 0.5, 1, 0.5, 0,
  ]);
  const cosine = at({ steps: 110, decay: 'cosine', warmup: 10 }, 10, 60, 110);
  expect(difference(cosine, [1, 0.5, 0]).absolute).toBeLessThan(1e-15);
  const slow = { steps: 1000, decay: 'rsqrt', warmup: 100, timescale: 300, cooldown: 50 } as const;
  expect(at(slow, 50, 100, 1000)).toEqual([0.5, 1, 0]);
  expect(at(slow, 400)[0]).toBeCloseTo(Math.SQRT1_2, 15);
  expect(() => schedule({ steps: 10, decay: 'cosine', warmup: 11 })).toThrow(
    'schedule: warm-up 11 and cool-down 0, expected to fit into 10 steps',
  );
});
