// The gradient of every parameter against torch: exact in float64, no worse than torch's own float32 on the engine.
import { describe, expect, test } from 'vitest';
import { grad } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import { difference, rms } from '../siglip/modeling/golden.ts';
import { cases, loadGolden, lossOf, parametersOf } from './golden.ts';

describe.each(cases)('%s', async (name) => {
  const exact = await loadGolden(name, 'float64');

  test.each([
    ['closed forms', {}],
    ['definitions', { fused: false }],
    ['checkpointing', { checkpointing: true }],
  ])('float64 by %s', async (_, options) => {
    const b = cpu();
    const parameters = await parametersOf(b, exact, 'float64');
    const found = await grad((p, tape) => lossOf(exact, p, tape), parameters, options);
    expect((await found.value.data())[0]! / exact.loss - 1).toBeCloseTo(0, 12);
    expect([...found.gradients.keys()].sort()).toEqual([...exact.gradients.keys()].sort());
    for (const [key, expected] of exact.gradients) {
      const { relative } = difference(await found.gradients.get(key)!.data(), expected);
      // A gradient of zero (the key's bias, whose effect the softmax cancels) has only absolute size.
      const scale = Math.max(...expected.map(Math.abs));
      if (scale > 1e-12) expect(relative, key).toBeLessThanOrEqual(1e-11);
      else expect(relative * scale, key).toBeLessThanOrEqual(1e-12);
    }
  });
});

/** Sums of the relative errors of all gradients in float32, torch's float64 being the truth. */
async function float32Errors(name: string): Promise<{ ours: number; theirs: number }> {
  const exact = await loadGolden(name, 'float64');
  const torch = await loadGolden(name, 'float32');
  const b = await wasm();
  const parameters = await parametersOf(b, torch, 'float32');
  const { gradients } = await grad((p, tape) => lossOf(torch, p, tape), parameters);
  let [ours, theirs] = [0, 0];
  for (const [key, truth] of exact.gradients) {
    if (Math.max(...truth.map(Math.abs)) < 1e-12) continue;
    ours += rms(await gradients.get(key)!.data(), truth);
    theirs += rms(torch.gradients.get(key)!, truth);
  }
  b.dispose();
  return { ours, theirs };
}

// At these sizes one case may go either way by a quarter: forward roundings decide. Over all cases we are not worse.
test('float32 on the engine beside torch', async () => {
  let ratios = 0;
  for (const name of cases) {
    const { ours, theirs } = await float32Errors(name);
    expect(ours / theirs, name).toBeLessThan(1.3);
    ratios += Math.log(ours / theirs);
  }
  expect(Math.exp(ratios / cases.length)).toBeLessThanOrEqual(1);
});
