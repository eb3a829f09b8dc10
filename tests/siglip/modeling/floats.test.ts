// Every golden in float64 and float32: each output field and module output against transformers.
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import {
  cases,
  difference,
  FLOAT32,
  forward,
  goldensOf,
  loadCase,
  loadGolden,
  rms,
} from './golden.ts';

describe.each(cases)('%s', async (name) => {
  const c = await loadCase(name);
  test.each(goldensOf(name).filter((v) => v.startsWith('float64')))('%s', async (variant) => {
    const g = await loadGolden(name, variant);
    const found = await forward(cpu(), c, g);
    const missing = [...g.tensors.keys()].filter((k) => !found.has(k));
    expect(missing).toEqual([]);
    for (const [key, { shape, values }] of g.tensors) {
      const x = found.get(key)!;
      expect(x.shape, key).toEqual(shape);
      const eager = g.attn === 'eager';
      const { relative } = difference(await x.data(), values);
      expect(relative, key).toBeLessThanOrEqual(eager ? 1e-6 : 1e-12);
    }
  });
});

// Our float32 must be no worse than torch's own, both judged against torch's float64.
describe('float32 beside torch', () => {
  test.each(FLOAT32)('%s %s', async (name, variant, exact) => {
    const c = await loadCase(name);
    const [torch, oracle] = [await loadGolden(name, variant), await loadGolden(name, exact)];
    const found = await forward(cpu(), c, torch);
    let [ours, theirs] = [0, 0];
    for (const [key, { values }] of torch.tensors) {
      const truth = oracle.tensors.get(key)!.values;
      ours += rms(await found.get(key)!.data(), truth);
      theirs += rms(values, truth);
    }
    expect(ours).toBeLessThanOrEqual(theirs);
    expect(theirs).toBeGreaterThan(0);
  });
});
