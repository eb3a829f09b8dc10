// float16 and bfloat16 beside torch's CPU kernels, and autocast beside torch.autocast('cpu').
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import {
  autocast,
  type Backend,
  type HalfType,
  type HostTensor,
  type Listener,
  rounded,
  Tensor,
  withoutFused,
} from '@siglip-ts/core';
import { forward, type Golden, loadCase, loadGolden, rms } from './golden.ts';

const halves: HalfType[] = ['bfloat16', 'float16'];
const half = (b: HalfType): Backend => rounded(withoutFused(cpu()), b);

/**
 * Runs a forward in which every module's output is replaced by torch's: each module is then judged by itself, on
 * exactly the inputs that torch gave it. Gives the share of values that agree, exactly or to `relative`.
 */
async function agreement(b: Backend, name: string, variant: string, relative = 0) {
  const g = await loadGolden(name, variant);
  const found = new Map<string, HostTensor>();
  const listener: Listener = {
    tap(path, x) {
      found.set(path, x.host());
      return Tensor.from(x.backend, g.tensors.get(path)!.values, x.shape, x.dtype);
    },
  };
  const outputs = await forward(b, await loadCase(name), g, { listener });
  let [same, all] = [0, 0];
  for (const [key, { values }] of g.tensors) {
    const x = await (found.get(key) ?? outputs.get(key)!).data();
    values.forEach((v, i) => {
      if (v === x[i] || Math.abs(v - x[i]!) <= relative * Math.abs(v)) same++;
    });
    all += values.length;
  }
  return same / all;
}

/** HF's criterion: |found - expected| <= tolerance + tolerance |expected| everywhere. */
async function within(b: Backend, name: string, variant: string, tolerance: number) {
  const g: Golden = await loadGolden(name, variant);
  const found = await forward(b, await loadCase(name), g);
  for (const [key, { values }] of g.tensors) {
    const x = await found.get(key)!.data();
    const wrong = values.findIndex(
      (v, i) => !(Math.abs(v - x[i]!) <= tolerance * (1 + Math.abs(v))),
    );
    expect(wrong, `${key}: ${x[wrong]} where torch has ${values[wrong]}`).toBe(-1);
  }
}

// The tolerances of transformers' test_eager_matches_sdpa_inference, on that test's shapes and initialisation.
const TOLERANCE = { bfloat16: 3e-2, float16: 5e-3 };

describe.each(halves)('within HF’s tolerances, %s', (type) => {
  test.each(['eager', 'eager-mask', 'sdpa', 'sdpa-mask'])('%s', (how) =>
    within(half(type), 'upstream', `${type}-${how}`, TOLERANCE[type]),
  );
  test.each(['eager', 'sdpa'])('autocast, %s', (how) =>
    within(autocast(cpu(), type), 'upstream', `autocast-${type}-${how}`, TOLERANCE[type]),
  );
});

// Larger weights and odd shapes: errors grow with depth, so torch's own distance from float64 is the measure.
describe.each(['plain', 'odd'])('%s', (name) => {
  test.each(halves)('%s, eager, one image: each module gives torch’s bits', async (type) => {
    expect(await agreement(half(type), name, type)).toBeGreaterThan(0.999);
  });
  test.each(halves)('%s, sdpa: no further from float64 than torch', (type) =>
    noWorse(half(type), name, `${type}-sdpa`, 'float64'),
  );
  test.each(halves)('%s, eager, masked: no further from float64 than torch', (type) =>
    noWorse(half(type), name, `${type}-mask`, 'float64-mask'),
  );
  test.each(halves)('autocast to %s: no further from float64 than torch', (type) =>
    noWorse(autocast(withoutFused(cpu()), type), name, `autocast-${type}-sdpa`, 'float64'),
  );
});

test.each(['classifier-0', 'classifier-1', 'classifier-3'])('%s', async (name) => {
  for (const type of halves) await noWorse(half(type), name, type, 'float64');
});

/**
 * Our error, judged against float64, beside torch's, over the outputs that have enough values for roundings to
 * average out. They still differ by chance, hence the tenth.
 */
async function noWorse(b: Backend, name: string, variant: string, exact: string) {
  const [torch, oracle] = [await loadGolden(name, variant), await loadGolden(name, exact)];
  const found = await forward(b, await loadCase(name), torch);
  let [ours, theirs] = [0, 0];
  for (const [key, { values }] of torch.tensors) {
    if (values.length < 50) continue;
    const truth = oracle.tensors.get(key)!.values;
    ours += rms(await found.get(key)!.data(), truth);
    theirs += rms(values, truth);
  }
  expect(ours).toBeLessThanOrEqual(1.1 * theirs);
}
