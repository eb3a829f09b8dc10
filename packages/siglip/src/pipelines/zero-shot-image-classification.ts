// The zero-shot-image-classification pipeline: how well each of some labels fits a picture.
import type { SiglipModel } from '../modeling/siglip-model.ts';
import type { AnyImageProcessor } from '../processing/image-processor.ts';
import type { LoadImageOptions } from '../processing/pictures/load-image.ts';
import { type AnyTokenizer, toFullLength } from '../processing/tokenizer.ts';
import type { All } from '../runtime/options.ts';
import { type RunOptions, runOptions } from '../runtime/running.ts';
import { isList, PICTURE, type Pictures, picturesOf } from './pictures.ts';

export interface ZeroShotOptions extends LoadImageOptions, Pick<RunOptions, 'breathe'> {
  /** What the picture may show, at least one; the call's second argument may be the list itself. */
  candidate_labels?: readonly string[];
  /** Where the label goes: "{}". Default "This is a photo of {}." */
  hypothesis_template?: string;
  /** Passed to the tokenizer. HF deprecates it. */
  tokenizer_kwargs?: Record<string, unknown>;
  /** Receives how many images are done, after each. */
  on_image?: (done: number, total: number) => void;
}

/** Every one of them. */
// prettier-ignore
export const ZERO_SHOT: All<ZeroShotOptions> = {
  ...PICTURE, candidate_labels: 0, hypothesis_template: 0, tokenizer_kwargs: 0, on_image: 0,
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

export interface ZeroShotParts {
  model: SiglipModel;
  tokenizer: AnyTokenizer;
  image_processor: AnyImageProcessor;
  /** Features of texts that were seen before, by text and tokenizer options. */
  seen: Map<string, ArrayLike<number>>;
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
): Promise<RankedLabels | RankedLabels[]> {
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
  const { hypothesis_template: template = TEMPLATE } = o;
  if (!takesLabel(template))
    throw new RangeError(`hypothesis_template: "${template}" has no {} where a label could go`);
  const texts = labels.map((label) => fillTemplate(template, label));
  const text = await textFeatures(parts, texts, o);

  const total = isList(images) ? images.length : 1;
  const results: RankedLabels[] = [];
  for await (const picture of picturesOf(images, o)) {
    const { pixel_values } = image_processor(picture, { return_tensors: true });
    const run = runOptions(o);
    const features = await model.get_image_features({ pixel_values, ...run });
    const logits = await model.logits_of_features({ text, image: features }, run);
    results.push(ranked(await logits.data(), labels));
    o.on_image?.(results.length, total);
  }
  return isList(images) ? results : results[0]!;
}

/** What was given in place of a list: JSON shows a Set as {}. */
const shown = (labels: unknown): string =>
  labels instanceof Set ? 'a Set' : (JSON.stringify(labels) ?? String(labels));

/** The sentence around a label, where no other is given. */
export const TEMPLATE = 'This is a photo of {}.';

/** Texts that are remembered: at 768 numbers each, 24 MB. */
const MOST_TEXTS = 8192;

/**
 * The features [n, D] of texts. Those that were not seen before are padded to the full length, as SigLIP was trained,
 * and not truncated, so that a text that is too long says so.
 */
async function textFeatures(
  { model, tokenizer, seen }: ZeroShotParts,
  texts: readonly string[],
  o: ZeroShotOptions,
): Promise<{ data: Float64Array; shape: number[] }> {
  const keyOf = (text: string) => JSON.stringify([text, o.tokenizer_kwargs ?? null]);
  const fresh = [...new Set(texts)].filter((text) => !seen.has(keyOf(text)));
  if (fresh.length > 0) {
    const full = toFullLength(tokenizer, model.config.text_config.max_position_embeddings);
    const how = { ...full, ...o.tokenizer_kwargs, return_tensors: true } as const;
    const encoding = tokenizer(fresh, null, how);
    const features = await model.get_text_features({
      ...encoding,
      ...runOptions(o),
    });
    const [rows, width] = [await features.data(), features.shape[1]!];
    if (seen.size + fresh.length > MOST_TEXTS) seen.clear();
    fresh.forEach((text, i) => seen.set(keyOf(text), rows.slice(i * width, (i + 1) * width)));
    if (fresh.length === texts.length)
      return { data: Float64Array.from(rows), shape: [texts.length, width] };
  }
  const rows = texts.map((text) => seen.get(keyOf(text))!);
  const width = rows[0]!.length;
  const data = new Float64Array(texts.length * width);
  rows.forEach((row, i) => data.set(row, i * width));
  return { data, shape: [texts.length, width] };
}

/** Python's str.format with one argument, as far as a template needs it: {} and {0}, doubled braces for plain ones. */
export function fillTemplate(template: string, label: string): string {
  return template.replace(/\{\{|\}\}|\{0?\}/g, (found) =>
    found === '{{' ? '{' : found === '}}' ? '}' : label,
  );
}

/** Whether a template has a place for the label. */
export const takesLabel = (template: string): boolean =>
  fillTemplate(template, 'a') !== fillTemplate(template, 'b');

function ranked(logits: ArrayLike<number>, labels: readonly string[]): RankedLabels {
  const scores = labels.map((label, i) => ({ score: Math.fround(sigmoid(logits[i]!)), label }));
  return scores.sort((a, b) => b.score - a.score) as RankedLabels; // stable: ties keep the order of the labels
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
