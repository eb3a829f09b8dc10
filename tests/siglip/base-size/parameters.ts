// The parameters of a model by its configuration, learnt by running it on nothing.
import { dry, recording, Scope, siglip, type SiglipConfig, Tensor } from '@siglip-ts/core';

/** Keys and shapes of a SiglipModel. */
export async function parameterShapes(config: SiglipConfig) {
  const b = dry();
  const store = recording(b);
  const { num_channels: C, image_size: S } = config.vision_config;
  const pixels = new Tensor(b, [1, C, S, S], 'float32', {});
  await siglip(new Scope(store), pixels, { data: new Int32Array(1), shape: [1, 1] }, config);
  return store.shapes;
}
