// Initial weights by transformers' scheme (SiglipPreTrainedModel._init_weights), drawn when they are read: a
// checkpoint that needs no file. Same seed, same numbers; not torch's numbers.
import { type Checkpoint, generator, pack, type Shape, size } from '@siglip-ts/core';

type Draw = (random: () => number) => number;

/** `shapes`: what the model asks for. `seed` picks the numbers. */
export function initialWeights(shapes: ReadonlyMap<string, Shape>, seed: number): Checkpoint {
  return {
    shapes,
    async read(key, begin, end, dtype) {
      const shape = shapes.get(key)!;
      const width = size(shape.slice(1));
      const draw = schemeOf(key, shape);
      const values = new Float32Array((end - begin) * width);
      for (let row = begin; row < end; row++) {
        const random = generator(`${seed} ${key} ${row}`); // row by row, so that any range gives the same rows
        for (let i = 0; i < width; i++) values[(row - begin) * width + i] = draw(random);
      }
      return pack(values, dtype);
    },
  };
}

function schemeOf(key: string, shape: Shape): Draw {
  const fanIn = size(shape.slice(1));
  const fanOut = shape[0]!;
  if (/norm\d?\.weight$/.test(key)) return () => 1;
  if (/\.mlp\.fc\d\.bias$/.test(key)) return normal(1e-6);
  if (/bias$|logit_scale$/.test(key)) return () => 0;
  if (/(embedding|classifier)\.weight$/.test(key) && !/patch_embedding/.test(key))
    return normal(fanIn ** -0.5);
  if (/probe$/.test(key)) return uniform(Math.sqrt(6 / (2 * shape.at(-1)!)));
  if (/self_attn|\.mlp\.|in_proj_weight$/.test(key))
    return uniform(Math.sqrt(6 / (fanIn + fanOut)));
  return truncatedNormal(Math.sqrt(1 / fanIn) / TRUNCATED_STD); // flax's lecun_normal
}

/** The standard deviation of a unit normal cut off at ±2. */
const TRUNCATED_STD = 0.8796256610342398;

const uniform =
  (bound: number): Draw =>
  (random) =>
    (2 * random() - 1) * bound;

/** Box and Muller's transform. */
const unit: Draw = (random) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const normal =
  (std: number): Draw =>
  (random) =>
    std * unit(random);

const truncatedNormal =
  (std: number): Draw =>
  (random) => {
    for (;;) {
      const x = unit(random);
      if (Math.abs(x) <= 2) return std * x;
    }
  };
