// Every float32 golden on the engine, beside torch's own float32; both judged by torch's float64. At full size the engine
// is the closer one (tests/siglip/base-size). In these tiny models sums are too short to be cut into blocks, and torch rounds
// each product and addition once, with a fused instruction, where strict SIMD rounds twice: hence the tenth.
import { expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { fromCheckpoint, meter } from '@siglip-ts/core';
import { FLOAT32, forward, loadCase, loadGolden, rms } from '../siglip/modeling/golden.ts';

test.each(['eager', 'sdpa', 'flash_attention_2'] as const)('%s', async (attn) => {
  const b = await wasm();
  let [ours, theirs] = [0, 0];
  for (const [name, variant, exact] of FLOAT32) {
    const c = await loadCase(name);
    const [torch, oracle] = [await loadGolden(name, variant), await loadGolden(name, exact)];
    const found = await forward(b, c, torch, { attn });
    for (const [key, { values }] of torch.tensors) {
      const truth = oracle.tensors.get(key)!.values;
      const error = rms(await found.get(key)!.data(), truth);
      expect(error, `${name} ${variant} ${key}`).toBeLessThanOrEqual(1e-6);
      ours += error;
      theirs += rms(values, truth);
    }
  }
  expect(ours).toBeLessThanOrEqual(1.1 * theirs);
});

test('a forward leaves nothing in the memory but weights, and those go too', async () => {
  const b = meter(await wasm());
  const c = await loadCase('plain');
  const g = await loadGolden('plain', 'float32');
  const store = fromCheckpoint(b, c.checkpoint, 'float32');
  await forward(b, c, g, { store });
  expect(b.readings.live).toBe(0);
  store.dispose();
  expect(b.readings.weights).toBe(0);
});
