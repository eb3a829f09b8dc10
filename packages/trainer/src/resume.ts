// Going on with a run: its newest checkpoint that is whole, and whether the recipe would have led there. How checkpoints
// are written is in checkpoints.ts.
import { join } from 'node:path';
import { fields } from '@siglip-ts/core';
import { readRegular } from '@siglip-ts/hub/reading';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { checkpoints } from './checkpoints.ts';
import type { Cursor } from './data/sampler.ts';
import { type Recipe, scheduleOf } from './recipe.ts';

/** The state beside the tensors, in training.json of every checkpoint. */
export interface Progress {
  readonly step: number;
  readonly cursor: Cursor;
  readonly skipped: number;
  readonly recipe: Recipe;
}

const whole = fields.whole(0, Number.MAX_SAFE_INTEGER);
/** What is absent is none of its kind, either. */
const NO_CURSOR = { epoch: null, position: null };
const object = fields.kind('an object', fields.isObject);

/** A checkpoint that was read, all of it. */
export interface Resumed<M> extends Progress {
  readonly path: string;
  /** Of the optimiser, by slot and key. */
  readonly state: ReadonlyMap<string, Float32Array>;
  readonly model: M;
}

/** Which run it is, and what it is told. */
interface Run<M> {
  readonly out: string;
  readonly recipe: Recipe;
  readonly resume: boolean;
  /** The model of a checkpoint's folder. */
  readonly open: (path: string) => Promise<M>;
  readonly warn: (message: string) => void;
}

/**
 * The newest checkpoint that can be read; null for a run from the start. One that is damaged is warned of, and the one before
 * it taken. Throws where there is a run and `resume` is not set, where the recipe is another, and where none can be read.
 */
export async function newestWhole<M>(run: Run<M>): Promise<Resumed<M> | null> {
  const all = await checkpoints(run.out);
  if (all.length === 0) return null;
  if (!run.resume)
    throw new Error(
      `${run.out}: it has a run up to step ${all[0]!.step}; resume it, or name another folder`,
    );
  let damage: Error | undefined;
  for (const { path, step } of all) {
    let progress: Progress;
    try {
      progress = await progressAt(path, step);
    } catch (error) {
      damage ??= error as Error;
      run.warn(`${(error as Error).message}; going on from the checkpoint before it`);
      continue;
    }
    expectSameRun(progress, run);
    try {
      return { ...progress, path, state: await stateAt(path), model: await run.open(path) };
    } catch (error) {
      damage ??= error as Error;
      run.warn(`${path}: ${(error as Error).message}; going on from the checkpoint before it`);
    }
  }
  throw damage!;
}

/** It is some hundred bytes. */
const MOST_PROGRESS = 2 ** 20;
/** As a file of weights may have. */
const MOST_STATE = 2 ** 35;

async function progressAt(path: string, step: number): Promise<Progress> {
  const file = join(path, 'training.json');
  let progress: unknown;
  try {
    progress = JSON.parse(new TextDecoder().decode(await readRegular(file, MOST_PROGRESS)));
  } catch (error) {
    const { message } = error as Error;
    throw new Error(message.startsWith(`${file}: `) ? message : `${file}: ${message}`);
  }
  if (!fields.isObject(progress)) throw new Error(`${file}: expected an object`);
  const counted = fields.kind(`${step}, as its folder says`, (x) => x === step);
  fields.expectFields(
    { step: null, cursor: null, recipe: null, skipped: null, ...progress },
    { step: counted, cursor: object, recipe: object, skipped: whole },
    file,
  );
  const { cursor } = progress as unknown as Progress;
  fields.expectFields(
    { ...NO_CURSOR, ...cursor },
    { epoch: whole, position: whole },
    file,
    'cursor.',
  );
  return progress as unknown as Progress;
}

/** What says only how the rate goes. */
const PLAN: ReadonlySet<string> = new Set(['steps', 'schedule', 'cooldown', 'warmup']);

/** Whether every step taken had the rate that the other recipe gives it: a run at a constant rate may be prolonged. */
function sameSoFar({ step, recipe }: Progress, other: Recipe): boolean {
  const [was, is] = [scheduleOf(recipe), scheduleOf(other)];
  return Array.from({ length: step }, (_, i) => was(i) === is(i)).every(Boolean);
}

function expectSameRun(progress: Progress, { out, recipe }: { out: string; recipe: Recipe }): void {
  const changed = Object.entries(recipe)
    .filter(([name, value]) => progress.recipe[name as keyof Recipe] !== value)
    .filter(([name]) => !(PLAN.has(name) && sameSoFar(progress, recipe)));
  if (changed.length > 0)
    throw new Error(
      `${out}: ${changed.map(([name, value]) => `${name} was ${progress.recipe[name as keyof Recipe]}, is ${value}`).join('; ')}; a run is resumed with its own recipe`,
    );
}

async function stateAt(folder: string): Promise<Map<string, Float32Array>> {
  const file = await openSafetensors(
    bytesSource(await readRegular(join(folder, 'optimizer.safetensors'), MOST_STATE)),
  );
  const state = new Map<string, Float32Array>();
  for (const key of file.tensors.keys())
    state.set(key, (await file.read(key)).data as Float32Array);
  return state;
}
