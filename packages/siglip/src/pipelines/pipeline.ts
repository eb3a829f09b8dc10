// pipeline(task, model): a model with its tokenizer and image processor, as one function.
/// <reference lib="esnext.disposable" preserve="true" />
import type { ImageDecoder } from '@siglip-ts/image';
import { tinyModel } from '@siglip-ts/tiny-model';
import { SiglipImageProcessor } from '../processing/image-processor.ts';
import type { ImageInput } from '../processing/pictures/load-image.ts';
import { filesOf, within, type ModelSource } from '@siglip-ts/hub';
import { SiglipForImageClassification } from '../modeling/image-classification.ts';
import { SiglipModel } from '../modeling/siglip-model.ts';
import { SiglipVisionModel } from '../modeling/vision-model.ts';
import { checked, CLASSIFY, FEATURES, loading, PIPELINE, ZERO_SHOT } from '../runtime/options.ts';
import type { LoadOptions } from '../runtime/loading.ts';
import { eitherTokenizer, type AnyTokenizer } from '../processing/tokenizer.ts';
import { classifyImages, type ClassificationOptions } from './image-classification.ts';
import { extractFeatures, type FeatureOptions, type Features } from './image-feature-extraction.ts';
import { withDecoders, type Pictures } from './pictures.ts';
import {
  zeroShotImageClassification,
  type LabelScore,
  type RankedLabels,
  type ZeroShotOptions,
} from './zero-shot-image-classification.ts';

interface Pipeline<Task extends string, M> {
  /** HF's name of the task. */
  readonly task: Task;
  /** Disposed with the pipeline. */
  readonly model: M;
  /** What makes pictures into pixel_values. */
  readonly image_processor: SiglipImageProcessor;
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
    options?: ZeroShotOptions,
  ): Promise<RankedLabels[]>;
}
export interface ImageClassificationCall {
  (image: ImageInput, options?: ClassificationOptions): Promise<LabelScore[]>;
  (images: readonly ImageInput[], options?: ClassificationOptions): Promise<LabelScore[][]>;
}
export interface ImageFeatureExtractionCall {
  <P extends boolean = false, R extends boolean = false>(
    image: ImageInput,
    options?: FeatureOptions<P, R>,
  ): Promise<Features<P, R>>;
  <P extends boolean = false, R extends boolean = false>(
    images: readonly ImageInput[],
    options?: FeatureOptions<P, R>,
  ): Promise<Features<P, R>[]>;
}

/** What `pipeline('zero-shot-image-classification')` gives. Source: ZeroShotImageClassificationPipeline. */
export interface ZeroShotImageClassificationPipeline
  extends ZeroShotImageClassificationCall, Pipeline<'zero-shot-image-classification', SiglipModel> {
  /** What makes labels into input_ids. */
  readonly tokenizer: AnyTokenizer;
}
/** What `pipeline('image-classification')` gives. Source: ImageClassificationPipeline. */
export interface ImageClassificationPipeline
  extends ImageClassificationCall, Pipeline<'image-classification', SiglipForImageClassification> {}
/** What `pipeline('image-feature-extraction')` gives. Source: ImageFeatureExtractionPipeline. */
export interface ImageFeatureExtractionPipeline
  extends ImageFeatureExtractionCall, Pipeline<'image-feature-extraction', SiglipVisionModel> {}

/** What a pipeline loads, and how; each call has options of its own. */
export interface PipelineOptions extends LoadOptions {
  /** Default: the model's own. */
  tokenizer?: AnyTokenizer;
  /** Default: the model's own. */
  image_processor?: SiglipImageProcessor;
  /** For pictures that are neither PNG nor JPEG, in every call: asked after a call's own, before the platform's. */
  decoders?: readonly ImageDecoder[];
}

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
  const { decoders, ...options } = loading(`pipeline(${task})`, given, PIPELINE);
  switch (task) {
    case 'zero-shot-image-classification':
      return zeroShot(await partsOf(SiglipModel, model, options, true), decoders);
    case 'image-classification':
      if (model === undefined)
        throw new TypeError('image-classification: the embedded model has no labels; name a model');
      return classification(
        await partsOf(SiglipForImageClassification, model, options, false),
        decoders,
      );
    case 'image-feature-extraction':
      return featureExtraction(await partsOf(SiglipVisionModel, model, options, false), decoders);
    default:
      throw new RangeError(
        `Unknown task ${task}, available tasks are ['image-classification', 'image-feature-extraction', 'zero-shot-image-classification']`,
      );
  }
}

interface Parts<M> {
  model: M;
  tokenizer: AnyTokenizer | null;
  image_processor: SiglipImageProcessor;
}
interface Loadable<M> {
  fromPretrained(source: ModelSource, options: LoadOptions): Promise<M>;
  readonly prototype: M;
}

async function partsOf<M>(
  kind: Loadable<M>,
  given: unknown,
  { tokenizer, image_processor, ...o }: PipelineOptions,
  withTokenizer: boolean,
): Promise<Parts<M>> {
  if (isModel(given)) {
    if (!image_processor || (withTokenizer && !tokenizer))
      throw new TypeError(
        `pipeline: a loaded model needs the options image_processor${withTokenizer ? ' and tokenizer' : ''}`,
      );
    return { model: given as M, tokenizer: tokenizer ?? null, image_processor };
  }
  const files = await filesOf((given as ModelSource | undefined) ?? (await defaultModel()), o);
  return {
    image_processor: image_processor ?? (await SiglipImageProcessor.fromPretrained(files)),
    tokenizer: withTokenizer ? (tokenizer ?? (await eitherTokenizer(files))) : null,
    model: await kind.fromPretrained(files, within(o)),
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

type Decoders = readonly ImageDecoder[] | undefined;

function zeroShot(parts: Parts<SiglipModel>, decoders: Decoders) {
  const seen = new Map<string, ArrayLike<number>>();
  const f = async (
    images: Pictures,
    labels: readonly string[] | ZeroShotOptions,
    o?: ZeroShotOptions,
  ) => {
    const isLabels = Array.isArray(labels) || typeof labels === 'string'; // the latter is told that it is no list
    const given = isLabels
      ? { ...o, candidate_labels: labels as readonly string[] }
      : { ...(labels as ZeroShotOptions), ...o };
    const options = checked('zero-shot-image-classification', given, ZERO_SHOT);
    const all = { ...parts, tokenizer: parts.tokenizer!, seen };
    return zeroShotImageClassification(all, images, withDecoders(options, decoders));
  };
  return assembled(f, 'zero-shot-image-classification', parts);
}

const classification = (parts: Parts<SiglipForImageClassification>, decoders: Decoders) =>
  assembled(
    async (images: Pictures, o: ClassificationOptions = {}) => {
      const options = checked('image-classification', o, CLASSIFY);
      return classifyImages(parts, images, withDecoders(options, decoders));
    },
    'image-classification',
    parts,
  );

const featureExtraction = (parts: Parts<SiglipVisionModel>, decoders: Decoders) =>
  assembled(
    async (images: Pictures, o: FeatureOptions = {}) => {
      const options = checked('image-feature-extraction', o, FEATURES);
      return extractFeatures(parts, images, withDecoders(options, decoders));
    },
    'image-feature-extraction',
    parts,
  );
