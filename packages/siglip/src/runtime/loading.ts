// What a loaded model stands on: its parameters, the backend that computes, and how one forward runs on them.
import {
  call,
  dry,
  fromCheckpoint,
  recording,
  Scope,
  showShape,
  size,
  type Backend,
  type Checkpoint,
  type DType,
  type Listener,
  type Shape,
} from '@siglip-ts/core';
import { openSafetensors, openSharded, type SafetensorsFile } from '@siglip-ts/safetensors';
import { backendOf, computing, dtypeOf, type BackendOptions } from './backends.ts';
import { checkpointOf, expectReadable, reporting } from './checkpoint.ts';
import { missingFile, type HubOptions, type ModelFiles } from '@siglip-ts/hub';
import { initialWeights } from './initial-weights.ts';
import { isInt8 } from './quantized.ts';

/** What may accompany any forward. */
export interface RunOptions {
  /** Aborts between layers. */
  signal?: AbortSignal;
  /** Hears every module's output; see core's Scope. */
  listener?: Listener;
  /** Awaited between layers, so that a page can paint. */
  breathe?: () => Promise<void>;
}

/** What of a pipeline's options goes to the forwards of its model. */
export const runOptions = (o: {
  signal?: AbortSignal | undefined;
  breathe?: RunOptions['breathe'] | undefined;
}): RunOptions => ({
  ...(o.signal && { signal: o.signal }),
  ...(o.breathe && { breathe: o.breathe }),
});

/** What the model classes' `from_pretrained` takes, beside the source. */
export interface LoadOptions extends BackendOptions, HubOptions {
  /** What arithmetic rounds to: float32 (default), float64, float16, bfloat16, or 'auto' for the checkpoint's own. */
  dtype?: string;
  /** HF's word for dtype. */
  torch_dtype?: string;
  /**
   * HF's name of the way attention is computed, here only whether attentions can be returned: not by
   * flash_attention_2.
   */
  attn_implementation?: 'eager' | 'sdpa' | 'flash_attention_2';
  /** Changes to the configuration, by HF's field names. */
  config?: Record<string, unknown>;
  /** Weights of a classifier whose shape does not fit are drawn anew instead of refused. */
  ignore_mismatched_sizes?: boolean;
  /** Holds one layer's weights at a time and reads them anew for every forward. */
  stream_weights?: boolean;
  /** For weights that the checkpoint does not have. Default 0. */
  seed?: number;
}

/** Runs a model's forward on nothing, to learn which parameters it has. */
export async function parametersOf(
  forward: (s: Scope, b: Backend) => Promise<unknown>,
): Promise<ReadonlyMap<string, Shape>> {
  const b = dry();
  const store = recording(b);
  await forward(new Scope(store), b);
  return store.shapes;
}

const parametersIn = (shapes: ReadonlyMap<string, Shape>): number =>
  [...shapes.values()].reduce((sum, shape) => sum + size(shape), 0);

export class Runtime {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly checkpoint: Checkpoint;
  /** The parameters that the model has, of those in the checkpoint. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Where the weights are from. */
  readonly name: string;
  readonly #owner: Backend;
  readonly #owned: boolean;
  readonly #store: ReturnType<typeof fromCheckpoint>;
  readonly #close: () => Promise<void>;
  #disposed = false;

  constructor(o: {
    name: string;
    owner: Backend;
    owned: boolean;
    dtype: DType;
    checkpoint: Checkpoint;
    shapes: ReadonlyMap<string, Shape>;
    streamed: boolean;
    close?: () => Promise<void>;
  }) {
    this.name = o.name;
    this.#owner = o.owner;
    this.#owned = o.owned;
    this.#close = o.close ?? (async () => {});
    this.dtype = o.dtype;
    this.backend = computing(o.owner, o.dtype);
    this.checkpoint = o.checkpoint;
    this.shapes = o.shapes;
    this.#store = fromCheckpoint(this.backend, o.checkpoint, o.dtype, { keep: !o.streamed });
  }

  /** One public call: waits its turn on the backend, and leaves nothing behind but what is on the host. */
  run<T>(options: RunOptions, block: (s: Scope) => Promise<T>): Promise<T> {
    if (this.#disposed) return Promise.reject(new Error('the model was disposed'));
    const { listener, signal, breathe } = options;
    return call(this.#owner, () =>
      block(new Scope(this.#store, '', { listener, signal, breathe })),
    );
  }

  toString(): string {
    const parameters = `${parametersIn(this.shapes).toLocaleString('en')} parameters`;
    const parts = [this.name, parameters, this.dtype, this.#owner.name];
    return [...parts, ...(this.#disposed ? ['disposed'] : [])].join(', ');
  }

  /** Lets go of the weights, of the file, and of the backend if it is the model's own. Safe to repeat. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await call(this.#owner, async () => this.#store.dispose());
    if (this.#owned) this.#owner.dispose();
    await this.#close();
  }
}

/** The runtime of a model with parameters `shapes`, from the weights among `files`. */
export async function loadRuntime(
  files: ModelFiles,
  className: string,
  shapes: ReadonlyMap<string, Shape>,
  o: LoadOptions & { configDtype: string | null },
): Promise<Runtime> {
  const file = await openWeights(files);
  try {
    expectReadable(file, shapes.keys(), files.name);
    const reported = withProgress(checkpointOf(file), file, files.name, shapes, o);
    const checkpoint = reconcile(reported, shapes, files.name, className, o);
    const wanted = o.dtype ?? o.torch_dtype ?? 'float32';
    const dtype = wanted === 'auto' ? autoDtype(o.configDtype, file) : dtypeOf(wanted);
    const { backend: owner, owned } = await backendOf(o, dtype, {
      parameters: parametersIn(shapes),
      stored: isInt8(file) ? 'int8' : undefined,
    });
    const streamed = o.stream_weights ?? false;
    return new Runtime({
      name: files.name,
      owner,
      owned,
      dtype,
      checkpoint,
      shapes,
      streamed,
      close: file.close,
    });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The checkpoint, telling `progress_callback` of the weights as they are read. */
function withProgress(
  checkpoint: Checkpoint,
  file: SafetensorsFile,
  name: string,
  shapes: ReadonlyMap<string, Shape>,
  { progress_callback }: LoadOptions,
): Checkpoint {
  if (!progress_callback) return checkpoint;
  const used = [...file.tensors].filter(([key]) => shapes.has(key));
  const bytes = new Map(used.map(([key, { begin, end }]) => [key, end - begin]));
  return reporting(checkpoint, bytes, (loaded, total) =>
    progress_callback({
      status: 'weights',
      name,
      progress: (100 * loaded) / total,
      loaded,
      total,
    }),
  );
}

/** The runtime of a model with fresh weights. */
export async function freshRuntime(
  shapes: ReadonlyMap<string, Shape>,
  o: LoadOptions,
): Promise<Runtime> {
  const dtype = dtypeOf(o.dtype ?? o.torch_dtype ?? 'float32');
  const { backend: owner, owned } = await backendOf(o, dtype, { parameters: parametersIn(shapes) });
  const checkpoint = initialWeights(shapes, o.seed ?? 0);
  return new Runtime({
    name: 'fresh weights',
    owner,
    owned,
    dtype,
    checkpoint,
    shapes,
    streamed: false,
  });
}

/** The weights among a model's files, one file or shards. Throws HF's OSError text if there are none. */
export async function openWeights(files: ModelFiles): Promise<SafetensorsFile> {
  const single = await files.open('model.safetensors');
  if (single) return openSafetensors(single);
  const index = await files.bytes('model.safetensors.index.json');
  if (index)
    return openSharded(index, async (name) => {
      const shard = await files.open(name);
      if (!shard) throw new Error(`${files.name}: no file "${name}", which the index names`);
      return shard;
    });
  throw missingFile(files, 'model.safetensors', 'model.safetensors.index.json');
}

/** HF's "auto": what config.json says, else the dtype of the first floating-point weight. */
function autoDtype(configured: string | null, file: SafetensorsFile): DType {
  if (configured) return dtypeOf(configured);
  const names: Record<string, DType> = { F64: 'float64', F16: 'float16', BF16: 'bfloat16' };
  const first = [...file.tensors.values()].find(({ dtype }) => /^B?F\d+$/.test(dtype));
  return names[first?.dtype ?? ''] ?? 'float32';
}

/** What a classifier may lack: its last layer, and the pooling head that it carries along without using it. */
const UNUSED_OR_FRESH = /^(classifier|vision_model\.head)\./;

/** The checkpoint with a fresh classifier where it lacks one, as HF; anything else that is missing is an error. */
function reconcile(
  checkpoint: Checkpoint,
  shapes: ReadonlyMap<string, Shape>,
  name: string,
  className: string,
  o: LoadOptions,
): Checkpoint {
  const wrong = [...shapes].filter(
    ([key, shape]) => checkpoint.shapes.has(key) && !same(checkpoint.shapes.get(key)!, shape),
  );
  if (wrong.length > 0 && !o.ignore_mismatched_sizes)
    throw new Error(
      `Error(s) in loading state_dict for ${className}:` +
        wrong
          .map(
            ([key, shape]) =>
              `\n\tsize mismatch for ${key}: copying a param with shape torch.Size(${showShape(checkpoint.shapes.get(key)!)}) from checkpoint, the shape in current model is torch.Size(${showShape(shape)}).`,
          )
          .join('') +
        '\n\tYou may consider adding `ignore_mismatched_sizes=True` in the model `from_pretrained` method.',
    );
  const fresh = [...shapes.keys()].filter(
    (key) => !checkpoint.shapes.has(key) || wrong.some(([k]) => k === key),
  );
  const spare = className === 'SiglipForImageClassification' ? UNUSED_OR_FRESH : /^classifier\./;
  const lost = fresh.filter((key) => !spare.test(key));
  if (lost.length > 0)
    throw new Error(
      `${name}: the checkpoint lacks ${lost.length} of the ${shapes.size} tensors of ${className}, among them "${lost[0]}"`,
    );
  if (fresh.length === 0) return checkpoint;
  (o.warn ?? globalThis.console?.warn)?.(
    `Some weights of ${className} were not initialized from the model checkpoint at ${name} and are newly initialized: [${fresh
      .sort()
      .map((key) => `'${key}'`)
      .join(', ')}]\n` +
      'You should probably TRAIN this model on a down-stream task to be able to use it for predictions and inference.',
  );
  const initial = initialWeights(shapes, o.seed ?? 0);
  return {
    shapes,
    read: (key, begin, end, dtype) =>
      (fresh.includes(key) ? initial : checkpoint).read(key, begin, end, dtype),
  };
}

const same = (a: Shape, b: Shape) => a.length === b.length && a.every((n, i) => n === b[i]);
