// The image-classification pipeline: the labels that a classifier was trained on, with scores.
import type { SiglipForImageClassification } from '../modeling/image-classification.ts';
import type { AnyImageProcessor } from '../processing/image-processor.ts';
import type { PictureError } from '../processing/pictures/picture-error.ts';
import type { All } from '../runtime/options.ts';
import { runOptions } from '../runtime/running.ts';
import { AMOUNT, TEXT } from '../runtime/values.ts';
import {
  eachPicture,
  expectNumbers,
  PICTURE,
  type PictureOptions,
  type Pictures,
} from './pictures.ts';
import { type LabelScore, sigmoid } from './zero-shot-image-classification.ts';

export interface ClassificationOptions extends PictureOptions {
  /** How many labels; all if there are fewer. Default 5. */
  top_k?: number;
  /** What makes scores of logits. Default: sigmoid for one label or many at once, else softmax. */
  function_to_apply?: 'sigmoid' | 'softmax' | 'none';
}

/** Every one of them. */
export const CLASSIFY: All<ClassificationOptions> = {
  ...PICTURE,
  top_k: AMOUNT,
  function_to_apply: TEXT,
};

export interface ClassificationParts {
  model: SiglipForImageClassification;
  image_processor: AnyImageProcessor;
}

/** The best labels of one image, highest first, or of each of several. ImageClassificationPipeline. */
export async function classifyImages(
  { model, image_processor }: ClassificationParts,
  images: Pictures | null | undefined,
  o: ClassificationOptions,
): Promise<LabelScore[] | (LabelScore[] | PictureError)[]> {
  if (images == null)
    throw new TypeError(
      'Cannot call the image-classification pipeline without an inputs argument!',
    );
  const { config } = model;
  expectLabels(config.id2label, config.num_labels);
  const toScores = functionOf(o.function_to_apply?.toLowerCase(), config);
  return eachPicture(images, o, async (picture) => {
    const { pixel_values } = image_processor(picture, { return_tensors: true });
    const { logits } = await model({ pixel_values, ...runOptions(o) });
    const scores = toScores([...expectNumbers(await logits.data(), model.runtime.dtype)]);
    const labelled = scores.map((score, i) => ({ label: config.id2label[i]!, score }));
    labelled.sort((a, b) => b.score - a.score);
    return labelled.slice(0, o.top_k ?? 5);
  });
}

/** Throws where a class has no label, in HF's words and with what is there. */
function expectLabels(id2label: Readonly<Record<string, string>>, classes: number): void {
  const without = Array.from({ length: classes }, (_, i) => i).find((i) => id2label[i] == null);
  if (without === undefined) return;
  const ids = Object.keys(id2label).slice(0, 5).join(', ');
  throw new RangeError(
    `KeyError: ${without}; id2label of config.json has no label for class ${without} of ${classes}, it has ${ids}`,
  );
}

type Scores = (logits: number[]) => number[];

function functionOf(
  name: string | undefined,
  config: { problem_type: string | null; num_labels: number },
): Scores {
  const one = config.problem_type === 'multi_label_classification' || config.num_labels === 1;
  const many = config.problem_type === 'single_label_classification' || config.num_labels > 1;
  const chosen = name ?? (one ? 'sigmoid' : many ? 'softmax' : 'none');
  if (chosen === 'sigmoid') return (logits) => logits.map((x) => Math.fround(sigmoid(x)));
  if (chosen === 'softmax') return softmax;
  if (chosen === 'none') return (logits) => logits;
  throw new RangeError(`Unrecognized \`function_to_apply\` argument: ${chosen}`);
}

function softmax(logits: number[]): number[] {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const e = logits.map((x) => Math.exp(x - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => Math.fround(x / sum));
}
