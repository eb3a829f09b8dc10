// Prints the README's table: how far our float32 and torch's are from torch's float64, and our float64 too.
// Run by `npm run report`; what must hold is in floats.test.ts.
import { cpu } from '@siglip-ts/backend-cpu';
import { test } from 'vitest';
import { difference, forward, loadCase, loadGolden, rms } from './golden.ts';

const ROWS = [
  ['plain', 'float32', 'float64'],
  ['odd', 'float32', 'float64'],
  ['odd', 'float32-large', 'float64-large'],
  ['no-head', 'float32', 'float64'],
  ['classifier-3', 'float32-single', 'float64-single'],
] as const;

test('accuracy', async () => {
  console.log('| case | tensors | torch float32, RMS | ours float32, RMS | ours float64, worst |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const [name, variant, exact] of ROWS) {
    const c = await loadCase(name);
    const [torch, oracle] = [await loadGolden(name, variant), await loadGolden(name, exact)];
    const [narrow, wide] = [await forward(cpu(), c, torch), await forward(cpu(), c, oracle)];
    let [ours, theirs, worst] = [0, 0, 0];
    for (const [key, { values }] of torch.tensors) {
      const truth = oracle.tensors.get(key)!.values;
      ours += rms(await narrow.get(key)!.data(), truth) / torch.tensors.size;
      theirs += rms(values, truth) / torch.tensors.size;
      worst = Math.max(worst, difference(await wide.get(key)!.data(), truth).relative);
    }
    const cells = [theirs, ours, worst].map((x) => x.toExponential(1));
    console.log(`| ${name}, ${variant} | ${torch.tensors.size} | ${cells.join(' | ')} |`);
  }
});
