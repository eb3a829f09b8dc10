// A training run: pairs in, checkpoints and metrics out, resumable to the bit. The mathematics is elsewhere.
import { join } from 'node:path';
import { type Backend, scoped } from '@siglip-ts/core';
import { globalNorm, type Optimizer, optimizer } from '@siglip-ts/train';
import { folderFiles, type ModelFiles } from 'siglip-ts';
import { saveCheckpoint } from './checkpoints.ts';
import type { Shard } from './data/pair.ts';
import type { Prepared } from './data/sample.ts';
import { type Cursor, Sampler, type Source } from './data/sampler.ts';
import { type Metrics, MetricsFile } from './metrics.ts';
import { type Recipe, RULES, scheduleOf } from './recipe.ts';
import { newestWhole, type Progress } from './resume.ts';
import { type LoadTrainee, tensorBytes, type Trainee } from './trainees/trainee.ts';

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
  /** Goes on from the newest checkpoint in `out` that is whole. */
  readonly resume?: boolean;
  /** Ends the run after the step that is under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Hears of each step. */
  readonly on_step?: (row: Metrics) => void;
  /** Hears why a pair could not be used. */
  readonly on_skip?: (reason: string) => void;
  /** Hears of a checkpoint that is damaged. Default: console.warn. */
  readonly warn?: (message: string) => void;
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
  const before = await newestWhole({
    out,
    recipe,
    resume: o.resume ?? false,
    open: (path) => o.load(folderFiles(path), b),
    warn: o.warn ?? console.warn,
  });
  const model = before?.model ?? (await o.load(o.model, b));
  const optimiser = optimizer(RULES[recipe.optimizer](), model.parameters, {
    rate: recipe.learning_rate,
    decay: recipe.weight_decay * recipe.learning_rate,
    ...(recipe.clip > 0 && { clip: recipe.clip }),
  });
  if (before) optimiser.resume(before.step, before.state);
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
