// Where a model's parameters come from: a checkpoint among files, checked against what the model asks for, or fresh weights.
// What they are then used by is in running.ts.
import {
  type Backend,
  type Checkpoint,
  dry,
  type DType,
  type Listener,
  recording,
  Scope,
  type Shape,
  showShape,
} from '@siglip-ts/core';
import { HUB_OPTIONS, type HubOptions, type ModelFiles } from '@siglip-ts/hub';
import type { SafetensorsFile } from '@siglip-ts/safetensors';
import { backendOf, type BackendOptions, dtypeOf } from './backends.ts';
import { checkpointOf, expectReadable, openWeights, reporting } from './checkpoint.ts';
import { initialWeights } from './initial-weights.ts';
import type { All } from './options.ts';
import { isInt8 } from './quantized.ts';
import { parametersIn, Runtime } from './running.ts';

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

/** Every one of them. */
// prettier-ignore
export const LOAD: All<LoadOptions> = {
  ...HUB_OPTIONS, backend: 0, threads: 0, weights: 0, device_map: 0, dtype: 0, torch_dtype: 0, attn_implementation: 0,
  config: 0, ignore_mismatched_sizes: 0, stream_weights: 0, seed: 0,
};

/** Runs a model's forward on nothing, to learn which parameters it has; with a `listener`, as one that is listened to. */
export async function parametersOf(
  forward: (s: Scope, b: Backend) => Promise<unknown>,
  listener?: Listener,
): Promise<ReadonlyMap<string, Shape>> {
  const b = dry();
  const store = recording(b);
  await forward(new Scope(store, '', { listener }), b);
  return store.shapes;
}

/** The parameters that a model has. */
export interface Wanted {
  /** The model's class, for errors. */
  readonly name: string;
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Of their keys: those that a checkpoint may lack, and that are then drawn anew. */
  readonly spare: RegExp | null;
  /** Whether the checkpoint says that it was saved from this class: what it has beyond it is then a surprise. */
  readonly own: boolean;
}

/** The runtime of a model with the parameters `wanted`, from the weights among `files`. */
export async function loadRuntime(
  files: ModelFiles,
  wanted: Wanted,
  o: LoadOptions & { configDtype: string | null },
): Promise<Runtime> {
  const { shapes } = wanted;
  const file = await openWeights(files);
  try {
    expectReadable(file, shapes.keys(), files.name);
    const reported = withProgress(checkpointOf(file), file, files.name, shapes, o);
    const checkpoint = reconcile(reported, wanted, files.name, o);
    if (wanted.own) warnOfUnused(file, wanted, files.name, o);
    const named = o.dtype ?? o.torch_dtype ?? 'float32';
    const dtype = named === 'auto' ? autoDtype(o.configDtype, file) : dtypeOf(named);
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
      warn: o.warn,
    });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The checkpoint, whose reads `progress_callback` receives. */
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
    warn: o.warn,
  });
}

/** HF's "auto": what config.json says, else the dtype of the first floating-point weight. */
function autoDtype(configured: string | null, file: SafetensorsFile): DType {
  if (configured) return dtypeOf(configured);
  const names: Record<string, DType> = { F64: 'float64', F16: 'float16', BF16: 'bfloat16' };
  const first = [...file.tensors.values()].find(({ dtype }) => /^B?F\d+$/.test(dtype));
  return names[first?.dtype ?? ''] ?? 'float32';
}

/** The checkpoint with fresh weights for what it may lack, as HF; anything else that is missing is an error. */
function reconcile(
  checkpoint: Checkpoint,
  { name: className, shapes, spare }: Wanted,
  name: string,
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
  const lost = fresh.filter((key) => !spare?.test(key));
  if (lost.length > 0)
    throw new Error(
      `${name}: the checkpoint lacks ${lost.length} of the ${shapes.size} tensors of ${className}, among them "${lost[0]}"`,
    );
  if (fresh.length === 0) return checkpoint;
  (o.warn ?? globalThis.console?.warn)?.(
    `Some weights of ${className} were not initialized from the model checkpoint at ${name} and are newly initialized: ${listed(fresh)}\n` +
      'You should probably TRAIN this model on a down-stream task to be able to use it for predictions and inference.',
  );
  const initial = initialWeights(shapes, o.seed ?? 0);
  return {
    shapes,
    read: (key, begin, end, dtype) =>
      (fresh.includes(key) ? initial : checkpoint).read(key, begin, end, dtype),
  };
}

/** What goes with weights, and buffers of old checkpoints, which HF passes over, too. */
const NO_WEIGHTS = /(^|\.)(SCB|weight_format|position_ids)$/;

/** In HF's words, and as there only for the class that the checkpoint was saved from: a tower alone is often wanted. */
function warnOfUnused(
  file: SafetensorsFile,
  { name: className, shapes }: Wanted,
  name: string,
  o: LoadOptions,
): void {
  const unused = [...file.tensors.keys()].filter((k) => !shapes.has(k) && !NO_WEIGHTS.test(k));
  if (unused.length === 0) return;
  (o.warn ?? globalThis.console?.warn)?.(
    `Some weights of the model checkpoint at ${name} were not used when initializing ${className}: ${listed(unused)}\n` +
      'This IS NOT expected of a checkpoint of that class: does config.json belong to it?',
  );
}

const listed = (keys: string[]): string =>
  `[${keys
    .sort()
    .map((key) => `'${key}'`)
    .join(', ')}]`;

const same = (a: Shape, b: Shape) => a.length === b.length && a.every((n, i) => n === b[i]);
