// One device of ring-workers.test.ts: a thread with its own backend, its own copy of the parameters and its own pairs.
// Not a test.
import { parentPort, workerData } from 'node:worker_threads';
import { type NamedTensors, pullback } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import {
  type Backend,
  l2Normalize,
  resident,
  Scope,
  type Shape,
  SiglipConfig,
  Tensor,
  textTransformer,
  visionTransformer,
} from '@siglip-ts/core';
import { type Pairs, portNeighbours, sigmoidRing } from '@siglip-ts/train';

export interface Device {
  readonly backend: 'cpu' | 'wasm';
  readonly config: Record<string, unknown>;
  readonly parameters: ReadonlyMap<string, { data: Float64Array; shape: Shape }>;
  readonly pairs: Pairs;
  readonly devices: number;
  readonly next: MessagePort;
  readonly before: MessagePort;
}

export interface Answer {
  readonly loss: number;
  /** Of every parameter: the device's share. */
  readonly gradients: ReadonlyMap<string, ArrayLike<number>>;
}

const device = workerData as Device;
const b: Backend = device.backend === 'cpu' ? cpu() : await wasm();
const dtype = device.backend === 'cpu' ? 'float64' : 'float32';
const config = SiglipConfig.from_dict(device.config);
const parameters = new Map(
  [...device.parameters].map(([key, { data, shape }]) => [
    key,
    Tensor.constant(b, data, shape, dtype),
  ]),
);

async function embed(p: NamedTensors, tape: Backend): Promise<Tensor[]> {
  const s = new Scope(resident(p));
  const { pixel_values, input_ids } = device.pairs;
  const pixels = Tensor.from(tape, pixel_values.data, pixel_values.shape, dtype);
  const vision = await visionTransformer(s.at('vision_model'), pixels, config.vision_config);
  const text = await textTransformer(s.at('text_model'), tape, input_ids, config.text_config);
  return [l2Normalize(text.pooler_output!), l2Normalize(vision.pooler_output!)];
}

const { outputs, pull } = await pullback(embed, parameters);
const { loss, text, image, ...scalars } = await sigmoidRing(
  {
    text: outputs[0]!,
    image: outputs[1]!,
    logit_scale: parameters.get('logit_scale')!,
    logit_bias: parameters.get('logit_bias')!,
  },
  device.devices,
  portNeighbours(device.next, device.before),
);
const gradients = new Map<string, ArrayLike<number>>();
for (const [key, g] of [...pull([text, image]), ...Object.entries(scalars)])
  gradients.set(key, await g.data());
parentPort!.postMessage({ loss: (await loss.data())[0]!, gradients } satisfies Answer);
