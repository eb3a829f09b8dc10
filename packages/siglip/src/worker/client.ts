// siglip-ts/worker: pipeline(task, model) whose model is in a worker, so that the page or server that asks never waits for
// arithmetic. The same calls and answers as siglip-ts' own; the worker's side is entry.ts.
/** @module siglip-ts/worker */
import { type DType, HostTensor, type Values } from '@siglip-ts/core';
import type { FileMap } from '@siglip-ts/hub';
import type {
  ImageClassificationCall,
  ImageFeatureExtractionCall,
  PipelineOptions,
  ZeroShotImageClassificationCall,
} from '../pipelines/pipeline.ts';
import type { ImageInput } from '../processing/pictures/load-image.ts';
import { type PictureError, pictureError } from '../processing/pictures/picture-error.ts';
import { portable } from '../processing/pictures/portable.ts';
import type { ReadOptions } from '../processing/pictures/text-image.ts';
import { codeIn, expectOptions, resolvedModel } from './crossing.ts';
import { errorOf, isPlainFailure, isPlainTensor } from './protocol.ts';
import { type AnyWorker, type Functions, OWN, Remote } from './remote.ts';

export type { AnyWorker } from './remote.ts';

/** What a pipeline in a worker has beside its calls; the model and its processors are there, and not here. */
export interface InWorker<Task extends string> {
  /** HF's name of the task. */
  readonly task: Task;
  /** Disposes the model and ends the worker. */
  dispose(): Promise<void>;
  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
/** A zero-shot pipeline whose model is in a worker. */
export type ZeroShotImageClassificationWorker = ZeroShotImageClassificationCall &
  InWorker<'zero-shot-image-classification'>;
/** A classifier's pipeline whose model is in a worker. */
export type ImageClassificationWorker = ImageClassificationCall & InWorker<'image-classification'>;
/** A pipeline of features whose model is in a worker. */
export type ImageFeatureExtractionWorker = ImageFeatureExtractionCall &
  InWorker<'image-feature-extraction'>;

/** Options that are data, a backend by its name among them; and functions, which stay here and receive what the worker reports. */
export interface WorkerPipelineOptions extends Omit<
  PipelineOptions,
  'backend' | 'fetch' | 'tokenizer' | 'image_processor'
> {
  /** By its name: a Backend cannot cross to a worker. */
  backend?: Extract<PipelineOptions['backend'], string>;
  /**
   * A worker that runs `siglip-ts/worker-entry`, for bundlers that do not find it by themselves. It becomes the pipeline's,
   * and ends with it. Default: one is made.
   */
  worker?: AnyWorker;
}

/**
 * `pipeline` of siglip-ts in a worker of its own: a folder, a hub id, an address or a map of bytes, which are copied.
 * Pictures are read here and given away, but for the caller's own buffers, which are copied too.
 *
 * Rejects with what the pipeline throws there; with the reason of `signal` as soon as it aborts, when the work there ends
 * too; with Error where the worker does not start or has died; with TypeError for what cannot cross: a loaded model, a
 * Backend, functions but `progress_callback`, `warn`, `on_image` and `on_text`.
 */
export function pipeline(
  task: 'zero-shot-image-classification',
  model?: string | FileMap,
  options?: WorkerPipelineOptions,
): Promise<ZeroShotImageClassificationWorker>;
export function pipeline(
  task: 'image-classification',
  model: string | FileMap,
  options?: WorkerPipelineOptions,
): Promise<ImageClassificationWorker>;
export function pipeline(
  task: 'image-feature-extraction',
  model?: string | FileMap,
  options?: WorkerPipelineOptions,
): Promise<ImageFeatureExtractionWorker>;
export async function pipeline(
  task: string,
  model?: string | FileMap,
  { worker, ...given }: WorkerPipelineOptions = {},
): Promise<unknown> {
  const { options, functions } = parted(given);
  const code = codeIn(model);
  if (code)
    throw new TypeError(
      `siglip-ts/worker: the model ${code}, which cannot cross to a worker; expected a folder, a hub id or a map of bytes`,
    );
  functions.signal?.throwIfAborted();
  const remote = new Remote(worker ?? newWorker());
  const from = typeof model === 'string' ? resolvedModel(model) : model;
  try {
    await remote.ask({ kind: 'load', task, model: from, options }, functions, [], true);
  } catch (error) {
    remote.end();
    throw error;
  }
  const zeroShot = task === 'zero-shot-image-classification';
  const call = async (images: unknown, ...rest: readonly unknown[]): Promise<unknown> => {
    const first = rest[0];
    const isLabels = zeroShot && (Array.isArray(first) || typeof first === 'string');
    const labels = isLabels ? { candidate_labels: first } : first;
    const { options, functions } = parted({ ...(labels as object), ...(rest[1] as object) });
    const list = (Array.isArray(images) ? images : [images]) as readonly ImageInput[];
    const { timeout, silence, maxBytes, maxPixels } = options as ReadOptions;
    const reading = {
      signal: functions.signal,
      timeout,
      silence,
      maxBytes,
      images: given.images,
      ...(maxPixels && { maxPixels }),
    };
    const unread = new Map<number, PictureError>();
    const read = async (image: ImageInput, i: number) =>
      portable(image, reading).catch((error: unknown) => {
        if (!Array.isArray(images) || functions.signal?.aborted) throw error;
        const found = pictureError(error, i, image);
        if (options.on_error !== 'collect') throw found;
        unread.set(i, found);
        return { image: new Uint8Array(), transfer: [] }; // stands for it there, and is none either
      });
    const pictures = await Promise.all(list.map(read));
    const sent = pictures.map(({ image }) => image);
    const args = [Array.isArray(images) ? sent : sent[0], options];
    const transfer = [...new Set(pictures.flatMap((picture) => picture.transfer))];
    const results = revived(await remote.ask({ kind: 'call', args }, functions, transfer));
    return unread.size === 0
      ? results
      : (results as unknown[]).map((result, i) => unread.get(i) ?? result);
  };
  let disposed: Promise<void> | undefined;
  const dispose = () =>
    (disposed ??= remote
      .ask({ kind: 'dispose' }, {})
      .catch(() => {}) // a dead worker has nothing to dispose
      .then(() => remote.end()));
  return Object.assign(call, { task, dispose, [Symbol.asyncDispose]: dispose });
}

/** Options as what crosses and what stays. Throws TypeError for code among the former. */
function parted(all: object): { options: Record<string, unknown>; functions: Functions } {
  const { signal, progress_callback, warn, on_image, on_text, ...options } = all as Functions &
    Record<string, unknown>;
  expectOptions(options);
  return {
    options,
    functions: { signal, progress_callback, warn, on_image, on_text } as Functions,
  };
}

/** Tensors and errors again, of what crossed. */
function revived(value: unknown): unknown {
  if (Array.isArray(value) && value.some((x) => isPlainTensor(x) || isPlainFailure(x)))
    return value.map(revived);
  if (isPlainFailure(value)) return errorOf(value.failure);
  if (!isPlainTensor(value)) return value;
  return new HostTensor(value.shape, value.dtype as DType, value.values as unknown as Values);
}

/** A worker_thread where there are any, else a Web Worker, by the words that bundlers look for. */
function newWorker(): AnyWorker {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (!import.meta.url) throw new Error(`siglip-ts/worker: no worker beside this bundle. ${OWN}`);
  // Not by new URL(…, import.meta.url): bundlers would take the file along as it is.
  if (threads) return new threads.Worker(new URL(import.meta.url.replace(/[^/]*$/, 'entry.js')));
  return new Worker(new URL('./entry.js', import.meta.url), { type: 'module' });
}
