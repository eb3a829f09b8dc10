// A training run: pairs in, checkpoints and metrics out, resumable to the bit. The mathematics is elsewhere.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Backend, scoped } from '@siglip-ts/core';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import {
  adafactor,
  adamw,
  globalNorm,
  lion,
  type Optimizer,
  optimizer,
  schedule,
  type ScheduleOptions,
  type UpdateRule,
} from '@siglip-ts/train';
import { folderFiles, type ModelFiles } from 'siglip-ts';
import { checkpoints, saveCheckpoint } from './checkpoints.ts';
import type { Shard } from './data/pair.ts';
import type { Prepared } from './data/sample.ts';
import { type Cursor, Sampler, type Source } from './data/sampler.ts';
import { type Metrics, MetricsFile } from './metrics.ts';
import { type LoadTrainee, tensorBytes, type Trainee } from './trainees/trainee.ts';

/** What decides every number of a run. It is resumed with the same, or with one that would have led there too. */
export interface Recipe {
  /** In all. */
  readonly steps: number;
  /** Pairs of a step. */
  readonly batch_size: number;
  /** At full schedule. */
  readonly learning_rate: number;
  /** As torch's: multiplied by the rate. */
  readonly weight_decay: number;
  /** Steps of linear growth from 0. */
  readonly warmup: number;
  /** How the rate falls after that. */
  readonly schedule: ScheduleOptions['decay'];
  /** Steps at the end over which the rate goes to 0. */
  readonly cooldown: number;
  /** Which rule moves the parameters. */
  readonly optimizer: keyof typeof RULES;
  /** The largest global norm of the gradients; 0: no limit. */
  readonly clip: number;
  /** A regular expression over HF keys, '' for none: `^vision_model\.` is SigLiT. */
  readonly freeze: string;
  /** Decides the order of the pairs and the masks of dropout. */
  readonly seed: number;
}

/** What `train` needs. */
export interface TrainOptions {
  /** What is trained: contrastive() or classifier(classes). */
  readonly load: LoadTrainee;
  /** Where the run begins. */
  readonly model: ModelFiles;
  /** Pairs on disk, or what opens a source of one's own at a cursor (at its start: undefined). */
  readonly shards: readonly Shard[] | ((seed: number, from?: Cursor) => Source);
  /** The folder of the checkpoints and of metrics.jsonl. */
  readonly out: string;
  /** What computes; it stays the caller's. */
  readonly backend: Backend;
  /** What decides the numbers. */
  readonly recipe: Recipe;
  /** Steps between checkpoints; also one at the end, and one when `signal` aborts. */
  readonly save_every: number;
  /** How many checkpoints stay. */
  readonly keep: number;
  /** Held-out pairs, and steps between evaluations; also one at the end. */
  readonly held_out?: readonly Shard[];
  /** Steps between evaluations. */
  readonly evaluate_every?: number;
  /** Goes on from the newest checkpoint in `out`. */
  readonly resume?: boolean;
  /** Ends the run after the step that is under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Hears of each step. */
  readonly on_step?: (row: Metrics) => void;
  /** Hears why a pair could not be used. */
  readonly on_skip?: (reason: string) => void;
}

/** Where a run ended. */
export interface TrainResult {
  /** Steps taken. */
  readonly step: number;
  /** The newest checkpoint. */
  readonly folder: string;
  /** Of metrics.jsonl. */
  readonly rows: readonly Metrics[];
  /** Pairs that could not be used. */
  readonly skipped: number;
  /** The last one's numbers; null without held-out pairs. */
  readonly evaluation: Readonly<Record<string, number>> | null;
}

const RULES = { adamw, lion, adafactor } satisfies Record<string, () => UpdateRule>;

/** The state beside the tensors, in training.json of every checkpoint. */
interface Progress {
  readonly step: number;
  readonly cursor: Cursor;
  readonly skipped: number;
  readonly recipe: Recipe;
}

/** Throws where `out` has a run and `resume` is not set, or where the recipe is another. */
export async function train(o: TrainOptions): Promise<TrainResult> {
  const { backend: b, recipe, out } = o;
  const { steps, batch_size } = recipe;
  for (const [name, n] of Object.entries({
    steps,
    batch_size,
    save_every: o.save_every,
    keep: o.keep,
  }))
    if (!(Number.isInteger(n) && n >= 1))
      throw new RangeError(`${name}: ${n}, expected a whole number above 0`);
  const before = await previous(o);
  const model = await o.load(before ? folderFiles(before.path) : o.model, b);
  const optimiser = optimizer(RULES[recipe.optimizer](), model.parameters, {
    rate: recipe.learning_rate,
    decay: recipe.weight_decay * recipe.learning_rate,
    ...(recipe.clip > 0 && { clip: recipe.clip }),
  });
  if (before) optimiser.resume(before.step, await stateAt(before.path));
  const sampler =
    typeof o.shards === 'function'
      ? o.shards(recipe.seed, before?.cursor)
      : new Sampler(o.shards, recipe.seed, before?.cursor);
  const metrics = await MetricsFile.open(join(out, 'metrics.jsonl'), before?.step ?? 0);
  const rateAt = scheduleOf(recipe);

  let skipped = before?.skipped ?? 0;
  const skip = (reason: string) => {
    skipped++;
    o.on_skip?.(reason);
  };
  let folder = before?.path ?? '';
  let evaluation: TrainResult['evaluation'] = null;
  let step = before?.step ?? 0;
  const save = async () => {
    const progress: Progress = { step, cursor: sampler.cursor, skipped, recipe };
    folder = await saveCheckpoint(out, step, await filesOf(model, optimiser, progress), o.keep);
  };
  while (step < recipe.steps && !o.signal?.aborted) {
    const began = performance.now();
    const batch = await sampler.take(recipe.batch_size, model.prepare, skip);
    const factor = rateAt(step);
    const numbers = await oneStep(model, batch, optimiser, { step, factor, recipe }, b);
    step++;
    const seconds = (performance.now() - began) / 1000;
    const row = { step, ...numbers, learning_rate: recipe.learning_rate * factor, seconds };
    const due = o.evaluate_every && (step % o.evaluate_every === 0 || step === recipe.steps);
    if (o.held_out && due) evaluation = await model.evaluate(o.held_out, skip);
    const whole = due && evaluation ? { ...row, ...evaluation } : row;
    await metrics.append(whole);
    o.on_step?.(whole);
    if (step % o.save_every === 0 && step < recipe.steps) await save();
  }
  if (folder === '' || step > (before?.step ?? 0)) await save();
  optimiser.dispose();
  for (const x of model.parameters.values()) b.free(x);
  return { step, folder, rows: metrics.rows, skipped, evaluation };
}

/** Loss, gradients and update; what they show, before the update. */
async function oneStep(
  model: Trainee,
  batch: readonly Prepared[],
  optimiser: Optimizer,
  { step, factor, recipe }: { step: number; factor: number; recipe: Recipe },
  b: Backend,
): Promise<Readonly<Record<string, number>>> {
  return scoped(b, async () => {
    const frozen = recipe.freeze ? new RegExp(recipe.freeze) : null;
    const dropout = { seed: recipe.seed, step };
    const { loss: value, gradients } = await model.gradients(batch, frozen, dropout);
    const loss = (await value.data())[0]!;
    const grad_norm = (await globalNorm(gradients).data())[0]!;
    if (!Number.isFinite(loss)) throw new Error(`training: the loss is ${loss}`);
    const numbers = await model.numbers();
    optimiser.step(gradients, factor);
    return { loss, grad_norm, ...numbers };
  });
}

async function filesOf(
  model: Trainee,
  { state }: Optimizer,
  progress: Progress,
): Promise<Map<string, Uint8Array>> {
  const files = await model.files();
  files.set('optimizer.safetensors', await tensorBytes(state, {}));
  files.set('training.json', new TextEncoder().encode(`${JSON.stringify(progress, null, 2)}\n`));
  return files;
}

const scheduleOf = ({ steps, schedule: decay, warmup, cooldown }: Recipe) =>
  schedule({ steps, decay, warmup, cooldown });

/** What says only how the rate goes. */
const PLAN: ReadonlySet<string> = new Set(['steps', 'schedule', 'cooldown', 'warmup']);

/** Whether every step taken had the rate that the other recipe gives it: a run at a constant rate may be prolonged. */
function sameSoFar({ step, recipe }: Progress, other: Recipe): boolean {
  const [was, is] = [scheduleOf(recipe), scheduleOf(other)];
  return Array.from({ length: step }, (_, i) => was(i) === is(i)).every(Boolean);
}

/** The checkpoint to go on from; null for a run from the start. */
async function previous(o: TrainOptions): Promise<(Progress & { path: string }) | null> {
  const [newest] = await checkpoints(o.out);
  if (!newest) return null;
  if (!o.resume)
    throw new Error(
      `${o.out}: it has a run up to step ${newest.step}; resume it, or name another folder`,
    );
  const progress = JSON.parse(
    await readFile(join(newest.path, 'training.json'), 'utf8'),
  ) as Progress;
  const changed = Object.entries(o.recipe)
    .filter(([name, value]) => progress.recipe[name as keyof Recipe] !== value)
    .filter(([name]) => !(PLAN.has(name) && sameSoFar(progress, o.recipe)));
  if (changed.length > 0)
    throw new Error(
      `${o.out}: ${changed.map(([name, value]) => `${name} was ${progress.recipe[name as keyof Recipe]}, is ${value}`).join('; ')}; a run is resumed with its own recipe`,
    );
  return { ...progress, path: newest.path };
}

async function stateAt(folder: string): Promise<Map<string, Float32Array>> {
  const file = await openSafetensors(
    bytesSource(await readFile(join(folder, 'optimizer.safetensors'))),
  );
  const state = new Map<string, Float32Array>();
  for (const key of file.tensors.keys())
    state.set(key, (await file.read(key)).data as Float32Array);
  return state;
}
