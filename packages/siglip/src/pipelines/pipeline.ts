// pipeline(task, model): a model with its tokenizer and image processor, as one function.
/// <reference lib="esnext.disposable" preserve="true" />
import { filesOf, type ModelSource, within } from '@siglip-ts/hub';
import type { ImageDecoder } from '@siglip-ts/image';
import { tinyModel } from '@siglip-ts/tiny-model';
import {
  IMAGE_CLASSIFIER,
  type SiglipForImageClassification,
} from '../modeling/image-classification.ts';
import { load, type ModelClass } from '../modeling/model-class.ts';
import { SIGLIP_MODEL, type SiglipModel } from '../modeling/siglip-model.ts';
import { type SiglipVisionModel, VISION_MODEL } from '../modeling/vision-model.ts';
import { type AnyImageProcessor, autoImageProcessor } from '../processing/image-processor.ts';
import type { ImageInput, ImageReach } from '../processing/pictures/load-image.ts';
import type { PictureError } from '../processing/pictures/picture-error.ts';
import { expectReach } from '../processing/pictures/reach.ts';
import { type ReferenceOption, withReference } from '../processing/reference.ts';
import { type AnyTokenizer, autoTokenizer } from '../processing/tokenizer.ts';
import { LOAD, type LoadOptions } from '../runtime/loading.ts';
import { type All, expectKnown, loaderOptions } from '../runtime/options.ts';
import { type ClassificationOptions, CLASSIFY, classifyImages } from './image-classification.ts';
import {
  extractFeatures,
  type FeatureOptions,
  FEATURES,
  type Features,
} from './image-feature-extraction.ts';
import { type Collecting, type OfAllPictures, type Pictures, withThose } from './pictures.ts';
import {
  type LabelScore,
  type RankedLabels,
  ZERO_SHOT,
  zeroShotImageClassification,
  type ZeroShotOptions,
} from './zero-shot-image-classification.ts';

interface Pipeline<Task extends string, M> {
  /** HF's name of the task. */
  readonly task: Task;
  /** Disposed with the pipeline. */
  readonly model: M;
  /** What makes pictures into pixel_values. */
  readonly image_processor: AnyImageProcessor;
  /** Disposes the model. */
  dispose(): Promise<void>;
  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How it is called, wherever its model is: here, or in a worker. */
export interface ZeroShotImageClassificationCall {
  (
    image: ImageInput,
    labels: readonly string[] | ZeroShotOptions,
    options?: ZeroShotOptions,
  ): Promise<RankedLabels>;
  (
    images: readonly ImageInput[],
    labels: readonly string[] | ZeroShotOptions,
    options: Collecting<ZeroShotOptions>,
  ): Promise<(RankedLabels | PictureError)[]>;
  (
    images: readonly ImageInput[],
    labels: readonly string[] | ZeroShotOptions,
    options?: ZeroShotOptions,
  ): Promise<RankedLabels[]>;
}
export interface ImageClassificationCall {
  (image: ImageInput, options?: ClassificationOptions): Promise<LabelScore[]>;
  (
    images: readonly ImageInput[],
    options: Collecting<ClassificationOptions>,
  ): Promise<(LabelScore[] | PictureError)[]>;
  (images: readonly ImageInput[], options?: ClassificationOptions): Promise<LabelScore[][]>;
}
export interface ImageFeatureExtractionCall {
  <P extends boolean = false, R extends boolean = false>(
    image: ImageInput,
    options?: FeatureOptions<P, R>,
  ): Promise<Features<P, R>>;
  <P extends boolean = false, R extends boolean = false>(
    images: readonly ImageInput[],
    options: Collecting<FeatureOptions<P, R>>,
  ): Promise<(Features<P, R> | PictureError)[]>;
  <P extends boolean = false, R extends boolean = false>(
    images: readonly ImageInput[],
    options?: FeatureOptions<P, R>,
  ): Promise<Features<P, R>[]>;
}

/**
 * What `pipeline('zero-shot-image-classification')` gives. Source: ZeroShotImageClassificationPipeline.
 *
 * @example
 * ```ts
 * import { pipeline } from 'siglip-ts';
 *
 * const classify = await pipeline('zero-shot-image-classification');
 * const [best] = await classify('fixtures/images/twemoji-rocket.png', ['pizza', 'rocket']);
 * console.log(best.label); // rocket
 * ```
 */
export interface ZeroShotImageClassificationPipeline
  extends ZeroShotImageClassificationCall, Pipeline<'zero-shot-image-classification', SiglipModel> {
  /** What makes labels into input_ids. */
  readonly tokenizer: AnyTokenizer;
}
/**
 * What `pipeline('image-classification')` gives. Source: ImageClassificationPipeline.
 *
 * @example
 * ```ts
 * import { defaultModel, pipeline } from 'siglip-ts';
 *
 * // The embedded model has no classifier: it gets a fresh one, which is to be trained.
 * const config = { id2label: { 0: 'rocket', 1: 'pizza', 2: 'guitar' } };
 * const options = { config, warn() {} };
 * const classify = await pipeline('image-classification', await defaultModel(), options);
 * const scores = await classify('fixtures/images/twemoji-rocket.png', { top_k: 2 });
 * console.log(scores.length); // 2
 * ```
 */
export interface ImageClassificationPipeline
  extends ImageClassificationCall, Pipeline<'image-classification', SiglipForImageClassification> {}
/**
 * What `pipeline('image-feature-extraction')` gives. Source: ImageFeatureExtractionPipeline.
 *
 * @example
 * ```ts
 * import { pipeline } from 'siglip-ts';
 *
 * const features = await pipeline('image-feature-extraction');
 * const [vector] = await features('fixtures/images/twemoji-rocket.png', { pool: true });
 * console.log(vector!.length); // 128
 * ```
 */
export interface ImageFeatureExtractionPipeline
  extends ImageFeatureExtractionCall, Pipeline<'image-feature-extraction', SiglipVisionModel> {}

/** What a pipeline loads, and how; each call has options of its own. */
export interface PipelineOptions extends LoadOptions, ReferenceOption {
  /** Default: the model's own. */
  tokenizer?: AnyTokenizer;
  /** Default: the model's own. */
  image_processor?: AnyImageProcessor;
  /** For pictures that are neither PNG nor JPEG, in every call: asked after a call's own, before the platform's. */
  decoders?: readonly ImageDecoder[];
  /** What paths and addresses of pictures may reach, in every call: for a server, whose callers are strangers. Default: all. */
  images?: ImageReach;
}

// prettier-ignore
const PIPELINE: All<PipelineOptions> = { ...LOAD, tokenizer: 0, image_processor: 0, reference: 0, decoders: 0, images: 0 };

/** The model that is used when none is named: the embedded one, small and offline. */
export const defaultModel = (): Promise<Map<string, Uint8Array>> => tinyModel();

/**
 * Loads what a task needs: `model` is a folder, a hub id, an address, a map of bytes, or a loaded model whose tokenizer and image
 * processor are then options. Without one it is the embedded model, which cannot do image-classification.
 *
 * Throws RangeError for a task that is none of the three.
 */
export function pipeline(
  task: 'zero-shot-image-classification',
  model?: ModelSource | SiglipModel,
  options?: PipelineOptions,
): Promise<ZeroShotImageClassificationPipeline>;
export function pipeline(
  task: 'image-classification',
  model: ModelSource | SiglipForImageClassification,
  options?: PipelineOptions,
): Promise<ImageClassificationPipeline>;
export function pipeline(
  task: 'image-feature-extraction',
  model?: ModelSource | SiglipVisionModel,
  options?: PipelineOptions,
): Promise<ImageFeatureExtractionPipeline>;
export async function pipeline(
  task: string,
  model?: ModelSource | SiglipModel | SiglipForImageClassification | SiglipVisionModel,
  given: PipelineOptions = {},
): Promise<unknown> {
  const { decoders, images, ...options } = loaderOptions(`pipeline(${task})`, given, PIPELINE);
  expectReach(images);
  if (!Object.hasOwn(PIPELINES, task))
    throw new RangeError(
      `Unknown task ${task}, available tasks are ['${Object.keys(PIPELINES).sort().join("', '")}']`,
    );
  if (task === 'image-classification' && model === undefined)
    throw new TypeError('image-classification: the embedded model has no labels; name a model');
  const { kind, make } = PIPELINES[task as keyof typeof PIPELINES];
  return make((await partsOf(kind, model, options)) as never, { decoders, images });
}

interface Parts<M> {
  model: M;
  tokenizer: AnyTokenizer | null;
  image_processor: AnyImageProcessor;
}

/** What the class takes: every one takes pictures, and one that takes texts has a tokenizer. */
async function partsOf(
  kind: ModelClass,
  given: unknown,
  { tokenizer, image_processor, reference, ...o }: PipelineOptions,
): Promise<Parts<unknown>> {
  const withTokenizer = kind.needs.includes('input_ids');
  if (isModel(given)) {
    if (!image_processor || (withTokenizer && !tokenizer))
      throw new TypeError(
        `pipeline: a loaded model needs the options image_processor${withTokenizer ? ' and tokenizer' : ''}`,
      );
    return { model: given, tokenizer: tokenizer ?? null, image_processor };
  }
  const source = (given as ModelSource | undefined) ?? (await defaultModel());
  const files = withReference(await filesOf(source, o), reference);
  return {
    image_processor: image_processor ?? (await autoImageProcessor(files)),
    tokenizer: withTokenizer ? (tokenizer ?? (await autoTokenizer(files))) : null,
    model: await load(kind, files, within(o)),
  };
}

/** Models are callable, so `typeof` says function. */
const isModel = (x: unknown): boolean => typeof x === 'function' && 'runtime' in x;

/** The function with what belongs to it. */
function assembled<F extends object, M extends { dispose(): Promise<void> }>(
  f: F,
  task: string,
  parts: Parts<M>,
): F {
  const dispose = () => parts.model.dispose();
  const all = { task, ...parts, dispose, [Symbol.asyncDispose]: dispose };
  const toString = () => `pipeline ${task} { ${String(parts.model)} }`;
  const inspected = Symbol.for('nodejs.util.inspect.custom');
  return Object.assign(f, { ...all, toString, [inspected]: toString });
}

function zeroShot(parts: Parts<SiglipModel>, all: OfAllPictures) {
  const seen = new Map<string, ArrayLike<number>>();
  const f = async (
    images: Pictures,
    labels: readonly string[] | ZeroShotOptions,
    o?: ZeroShotOptions,
  ) => {
    // What can be gone through is meant as labels, and refused where it is no list.
    const isLabels = Object(labels)[Symbol.iterator] !== undefined;
    const given = isLabels
      ? { ...o, candidate_labels: labels as readonly string[] }
      : { ...(labels as ZeroShotOptions), ...o };
    const options = expectKnown('zero-shot-image-classification', given, ZERO_SHOT);
    const used = { ...parts, tokenizer: parts.tokenizer!, seen };
    return zeroShotImageClassification(used, images, withThose(options, all));
  };
  return assembled(f, 'zero-shot-image-classification', parts);
}

function classification(parts: Parts<SiglipForImageClassification>, all: OfAllPictures) {
  const f = async (images: Pictures, o: ClassificationOptions = {}) => {
    const options = expectKnown('image-classification', o, CLASSIFY);
    return classifyImages(parts, images, withThose(options, all));
  };
  return assembled(f, 'image-classification', parts);
}

const featureExtraction = (parts: Parts<SiglipVisionModel>, all: OfAllPictures) =>
  assembled(
    async (images: Pictures, o: FeatureOptions = {}) => {
      const options = expectKnown('image-feature-extraction', o, FEATURES);
      return extractFeatures(parts, images, withThose(options, all));
    },
    'image-feature-extraction',
    parts,
  );

/** The class of model of each task, and what makes a pipeline of one. */
const PIPELINES = {
  'zero-shot-image-classification': { kind: SIGLIP_MODEL, make: zeroShot },
  'image-classification': { kind: IMAGE_CLASSIFIER, make: classification },
  'image-feature-extraction': { kind: VISION_MODEL, make: featureExtraction },
};
