// The image-feature-extraction pipeline: the vectors that the vision tower makes of a picture.
import type { HostTensor } from '@siglip-ts/core';
import type { SiglipVisionModel } from '../modeling/vision-model.ts';
import type { AnyImageProcessor } from '../processing/image-processor.ts';
import type { PictureError } from '../processing/pictures/picture-error.ts';
import type { All } from '../runtime/options.ts';
import { runOptions } from '../runtime/running.ts';
import { OBJECT } from '../runtime/values.ts';
import { eachPicture, PICTURE, type PictureOptions, type Pictures } from './pictures.ts';

/** The parameters are the types of `pool` and `return_tensors`, on which the result's depends. */
export interface FeatureOptions<
  P extends boolean = boolean,
  R extends boolean = boolean,
> extends PictureOptions {
  /** true: the pooled vector [1, D] instead of the patch vectors [1, N, D]. */
  pool?: P;
  /** true: a tensor instead of nested arrays. */
  return_tensors?: R;
  /** Passed to the image processor, by HF's names: `{ do_resize: false }`. */
  image_processor_kwargs?: Record<string, unknown>;
}

/** Every one of them. */
// prettier-ignore
export const FEATURES: All<FeatureOptions> = { ...PICTURE, pool: 0, return_tensors: 0, image_processor_kwargs: OBJECT };

/** A tensor or arrays nested as deep: [1, D] if pooled, else [1, N, D]. */
export type Features<P extends boolean, R extends boolean> = R extends true
  ? HostTensor
  : P extends true
    ? number[][]
    : number[][][];

type AnyFeatures = Features<boolean, boolean>;

export interface FeatureParts {
  model: SiglipVisionModel;
  image_processor: AnyImageProcessor;
}

/** Features of one image, or of each of several. ImageFeatureExtractionPipeline. */
export async function extractFeatures(
  { model, image_processor }: FeatureParts,
  images: Pictures,
  o: FeatureOptions,
): Promise<AnyFeatures | (AnyFeatures | PictureError)[]> {
  return eachPicture(images, o, async (picture) => {
    const options = { ...o.image_processor_kwargs, return_tensors: true as const };
    const { pixel_values } = image_processor(picture, options);
    const y = await model({ pixel_values, ...runOptions(o) });
    const features = o.pool ? y.pooler_output : y.last_hidden_state;
    if (!features)
      throw new Error(
        'No pooled output was returned. Make sure the model has a `pooler` layer when using the `pool` option.',
      );
    return o.return_tensors ? features : ((await features.toArray()) as AnyFeatures);
  });
}
