// Prints the README's table: how far float32 is from torch's float64, in torch and on each backend here, and our float64
// too. Run by `npm run report`; what must hold is in floats.test.ts and tests/backend-wasm.
import { test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import { difference, FLOAT32, forward, loadCase, loadGolden, rms } from './golden.ts';

test('accuracy', async () => {
  const columns = ['torch', 'backend-wasm', 'backend-cpu', 'backend-cpu in float64, worst'];
  console.log(`| case | tensors | ${columns.join(' | ')} |`);
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, variant, exact] of FLOAT32) {
    const c = await loadCase(name);
    const [torch, oracle] = [await loadGolden(name, variant), await loadGolden(name, exact)];
    const [engine, narrow] = [
      await forward(await wasm(), c, torch),
      await forward(cpu(), c, torch),
    ];
    const wide = await forward(cpu(), c, oracle);
    const errors = [0, 0, 0];
    let worst = 0;
    for (const [key, { values }] of torch.tensors) {
      const truth = oracle.tensors.get(key)!.values;
      const found = [values, await engine.get(key)!.data(), await narrow.get(key)!.data()];
      found.forEach((x, i) => (errors[i]! += rms(x, truth) / torch.tensors.size));
      worst = Math.max(worst, difference(await wide.get(key)!.data(), truth).relative);
    }
    const cells = [...errors, worst].map((x) => x.toExponential(1));
    console.log(`| ${name} ${variant} | ${torch.tensors.size} | ${cells.join(' | ')} |`);
  }
});
