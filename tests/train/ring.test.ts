// The loss over devices that exchange texts by message ports: each a backend of its own; together the whole batch.
import { expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { l2Normalize, Tensor } from '@siglip-ts/core';
import { portNeighbours, sigmoidBlocks, sigmoidRing } from '@siglip-ts/train';
import { random } from '../autograd/random.ts';
import { difference } from '../siglip/modeling/golden.ts';

const [B, D] = [12, 5];
const b = cpu();
const batch = {
  text: l2Normalize(random(b, [B, D], 1)),
  image: l2Normalize(random(b, [B, D], 2)),
  logit_scale: random(b, [1], 3).add(2),
  logit_bias: random(b, [1], 4).sub(3),
};
const whole = sigmoidBlocks(batch);

/** One device with its rows of the batch, on a backend of its own. */
async function device(i: number, W: number, next: MessagePort, before: MessagePort) {
  const own = cpu();
  const here = async (x: Tensor, rows: boolean) => {
    const values = await x.data();
    const part = rows ? values.slice((i * B * D) / W, ((i + 1) * B * D) / W) : values;
    return Tensor.constant(own, part, rows ? [B / W, D] : [1], 'float64');
  };
  const x = {
    text: await here(batch.text, true),
    image: await here(batch.image, true),
    logit_scale: await here(batch.logit_scale, false),
    logit_bias: await here(batch.logit_bias, false),
  };
  const y = await sigmoidRing(x, W, portNeighbours(next, before));
  const all = await Promise.all(
    Object.entries(y).map(async ([k, t]) => [k, await t.data()] as const),
  );
  return { ...(Object.fromEntries(all) as Record<keyof typeof y, Float64Array>) };
}

test.each([1, 2, 3, 4, 6, 12])('%d devices', async (W) => {
  const channels = Array.from({ length: W }, () => new MessageChannel()); // i: from device i to i + 1
  const devices = await Promise.all(
    channels.map(({ port1 }, i) => device(i, W, port1, channels[(i + W - 1) % W]!.port2)),
  );
  for (const { port1 } of channels) port1.close();
  for (const key of ['text', 'image'] as const) {
    const rows = devices.flatMap((d) => [...d[key]]);
    expect(difference(rows, await whole[key].data()).relative, key).toBeLessThan(1e-13);
  }
  for (const key of ['loss', 'logit_scale', 'logit_bias'] as const) {
    const sum = devices.reduce((total, d) => total + d[key][0]!, 0);
    expect(difference([sum], await whole[key].data()).relative, key).toBeLessThan(1e-13);
  }
});
