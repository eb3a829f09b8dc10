// Ten steps of AdamW as torch takes them, and the other optimisers as optax and big_vision do.
import { cpu } from '@siglip-ts/backend-cpu';
import { adamw, grad, optimizer } from '@siglip-ts/train';
import { expect, test } from 'vitest';
import { difference } from '../model/golden.ts';
import { loadGolden, lossOf, parametersOf } from './golden.ts';

test.each(['plain', 'odd', 'classifier-single'])('ten steps of AdamW on %s', async (name) => {
  const g = await loadGolden(name, 'float64');
  const b = cpu();
  const parameters = await parametersOf(b, g, 'float64');
  // torch's decay is that of all parameters, and times the rate.
  const taken = optimizer(adamw(), parameters, { rate: 1e-3, decay: 1e-4, decayed: () => true });
  const losses: number[] = [];
  for (let step = 0; step <= 10; step++) {
    const since = b.mark!();
    const { value, gradients } = await grad((p, tape) => lossOf(g, p, tape), parameters);
    losses.push((await value.data())[0]!);
    if (step < 10) taken.step(gradients);
    b.release!(since, []);
  }
  expect(difference(losses, g.losses!).relative).toBeLessThanOrEqual(1e-9);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
});
