// Training in bfloat16: float32 parameters moved by the gradients of their bfloat16 copies, as near to training in
// float32 as torch's is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { grad, type NamedTensors } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import { type Backend, type DType, rounded, scoped, withoutFused } from '@siglip-ts/core';
import { adamw, inDType, loadParameters, optimizer } from '@siglip-ts/train';
import { loadGolden, lossOf } from '../autograd/golden.ts';

const path = join(import.meta.dirname, '../../fixtures/train/bfloat16.json');
const torch: { bfloat16: number[]; float32: number[] } = JSON.parse(readFileSync(path, 'utf8'));
const golden = await loadGolden('plain', 'float32');
const STEPS = torch.float32.length - 1;

/** The loss of the parameters, computed in float32, before every step and after the last. */
async function run(b: Backend, dtype: DType): Promise<number[]> {
  const parameters = await loadParameters(b, golden.model.checkpoint);
  const moved = optimizer(adamw(), parameters, { rate: 1e-3, decay: 1e-4, decayed: () => true });
  const losses: number[] = [];
  const loss = async (p: NamedTensors, on: Backend) => lossOf(golden, inDType(p, dtype), on);
  for (let step = 0; step <= STEPS; step++) {
    await scoped(b, async () => {
      losses.push((await (await lossOf(golden, parameters, b)).data())[0]!);
      if (step < STEPS) moved.step((await grad(loss, parameters)).gradients);
    });
  }
  return losses;
}
const distance = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

test.each([
  ['cpu by definitions', async () => withoutFused(cpu())],
  ['the engine', wasm],
])('%s', { timeout: 120_000 }, async (_, make) => {
  const b = rounded(await make(), 'bfloat16');
  const losses = await run(b, 'bfloat16');
  expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
  expect(distance(losses, torch.bfloat16)).toBeLessThan(distance(torch.bfloat16, torch.float32));
  // A gradient that torch rounds once a kernel is rounded here once an operation.
  expect(distance(losses, torch.float32)).toBeLessThan(
    1.5 * distance(torch.bfloat16, torch.float32),
  );
  b.dispose();
});

test('the same steps in float32', async () => {
  const b = await wasm();
  expect(distance(await run(b, 'float32'), torch.float32)).toBeLessThan(1e-6);
  b.dispose();
});
