// The zero-shot-image-classification pipeline: how well each of some labels fits a picture.
import { fields } from '@siglip-ts/core';
import type { AnyImageProcessor } from '../processing/image-processor.ts';
import type { PictureError } from '../processing/pictures/picture-error.ts';
import type { All } from '../runtime/options.ts';
import { runOptions } from '../runtime/running.ts';
import { FUNCTION, OBJECT } from '../runtime/values.ts';
import { labelFeatures, type LabelOptions, type LabelParts } from './label-features.ts';
import {
  eachPicture,
  expectNumbers,
  PICTURE,
  type PictureOptions,
  type Pictures,
} from './pictures.ts';

export interface ZeroShotOptions extends PictureOptions, LabelOptions {
  /** What the picture may show, at least one; the call's second argument may be the list itself. */
  candidate_labels?: readonly string[];
  /** Receives how many images are done, after each. */
  on_image?: (done: number, total: number) => void;
}

/** Every one of them. */
// prettier-ignore
export const ZERO_SHOT: All<ZeroShotOptions> = {
  ...PICTURE, candidate_labels: 0, hypothesis_template: 0, tokenizer_kwargs: OBJECT, on_image: FUNCTION,
  on_text: FUNCTION,
};

/** How likely a label fits, by itself: scores of several labels do not sum to 1. */
export interface LabelScore {
  /** A probability in [0, 1]. */
  score: number;
  /** As it was given, without the template. */
  label: string;
}

/** Every label with its score, highest first; there is at least one. */
export type RankedLabels = [LabelScore, ...LabelScore[]];

export interface ZeroShotParts extends LabelParts {
  image_processor: AnyImageProcessor;
}

/**
 * Scores every label for one image, highest first, or for each of several. ZeroShotImageClassificationPipeline.
 *
 * A label is encoded once, not once an image as in HF, and remembered for later calls; the scores are the same.
 */
export async function zeroShotImageClassification(
  parts: ZeroShotParts,
  images: Pictures | null | undefined,
  o: ZeroShotOptions,
): Promise<RankedLabels | (RankedLabels | PictureError)[]> {
  if (images == null)
    throw new TypeError(
      'Cannot call the zero-shot-image-classification pipeline without an images argument!',
    );
  const { model, image_processor } = parts;
  const labels = o.candidate_labels ?? [];
  if (!Array.isArray(labels) || labels.some((label) => typeof label !== 'string'))
    throw new TypeError(`candidate_labels: ${shown(labels)}, expected a list of strings`);
  if (labels.length === 0)
    throw new TypeError('zero-shot-image-classification: no candidate_labels were given');
  const text = await labelFeatures(parts, labels, o);

  return eachPicture(images, o, async (picture) => {
    const { pixel_values } = image_processor(picture, { return_tensors: true });
    const run = runOptions(o);
    const features = await model.get_image_features({ pixel_values, ...run });
    const logits = await model.logits_of_features({ text, image: features }, run);
    return ranked(expectNumbers(await logits.data(), model.runtime.dtype), labels);
  });
}

/** What was given in place of a list: JSON shows a Set as {}. */
const shown = (labels: unknown): string => (labels instanceof Set ? 'a Set' : fields.shown(labels));

function ranked(logits: ArrayLike<number>, labels: readonly string[]): RankedLabels {
  const scores = labels.map((label, i) => ({ score: Math.fround(sigmoid(logits[i]!)), label }));
  return scores.sort((a, b) => b.score - a.score) as RankedLabels; // stable: ties keep the order of the labels
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
