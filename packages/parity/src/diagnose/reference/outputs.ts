// From pooled vectors to HF's output fields, with any mistakes made on the way.
import {
  type Backend,
  type DType,
  fromCheckpoint,
  type Parameters,
  Scope,
  similarity,
  Tensor,
} from '@siglip-ts/core';
import type { Mistake, Numbers, Outputs } from '../catalogue/mistake.ts';
import { logitFields } from '../catalogue/outputs.ts';
import { backendFor, hosted } from './backends.ts';
import type { Subject } from './subject.ts';

export type RunOutputs = (
  image: Numbers,
  text: Numbers,
  mistakes: readonly Mistake[],
) => Promise<ReadonlyMap<string, Numbers>>;

export function outputsOf({ checkpoint }: Subject): RunOutputs {
  const places = new Map<DType, { b: Backend; store: Parameters }>();
  const placeOf = (dtype: DType) => {
    const b = backendFor(dtype);
    const place = places.get(dtype) ?? { b, store: fromCheckpoint(b, checkpoint, dtype) };
    places.set(dtype, place);
    return place;
  };
  const scalar = async (key: string) =>
    ((await checkpoint.read(key, 0, 1, 'float64')) as Float64Array)[0]!;
  let scalars: Promise<readonly [scale: number, bias: number]> | undefined;

  return async (image, text, mistakes) => {
    const dtype = mistakes.find((m) => m.dtype)?.dtype ?? 'float64';
    const { b, store } = placeOf(dtype);
    const tensor = (x: Numbers) => Tensor.from(b, x.data, x.shape, dtype);
    const y = await similarity(new Scope(store), tensor(text), tensor(image));
    const logits = await hosted(y.logits_per_image);
    let fields = new Map<string, Numbers>([
      ['image_embeds', await hosted(y.image_embeds)],
      ['text_embeds', await hosted(y.text_embeds)],
      ...logitFields(logits.shape, logits.data),
    ]);
    b.dispose();
    scalars ??= Promise.all([scalar('logit_scale'), scalar('logit_bias')]);
    const [scale, bias] = await scalars;
    const outputs = (): Outputs => ({ scale, bias, image, text, fields });
    for (const m of mistakes) if (m.output) fields = new Map(m.output(outputs()));
    return fields;
  };
}
