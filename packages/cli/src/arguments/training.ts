// What siglip train and siglip finetune share: the options of a run, the run with its bar, and what is said at the end.
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LoadTrainee, Recipe, Shard } from '@siglip-ts/trainer';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { oneLine, plural, print, printJson } from '../terminal/output.ts';
import { stepBar } from '../terminal/progress.ts';
import { choice, filesOf, note, type SourceOptions } from './options.ts';
import { writeWhole } from './out.ts';

export interface RunOptions extends SourceOptions {
  out: string;
  resume?: boolean;
  steps: number;
  batchSize: number;
  learningRate: number;
  weightDecay: number;
  warmup: number;
  schedule: Recipe['schedule'];
  cooldown: number;
  optimizer: Recipe['optimizer'];
  clip: number;
  freeze: string;
  seed: number;
  saveEvery: number;
  keep: number;
  evaluateEvery?: number;
  threads: number;
  json?: boolean;
}

/** What decides the numbers. */
export const addRecipeOptions = (command: Command): Command =>
  command
    .optionsGroup('Recipe:')
    .option('--steps <n>', 'steps in all', whole, 1000)
    .option('--batch-size <n>', 'pairs of a step; the others are the negatives', whole, 32)
    .option('--learning-rate <x>', 'at its highest', positive, 1e-4)
    .option('--weight-decay <x>', "as torch's AdamW: multiplied by the rate", positive, 0.1)
    .option('--warmup <steps>', 'steps of linear growth', whole, 100)
    .addOption(
      choice('--schedule <name>', 'how the rate falls', ['cosine', 'linear', 'rsqrt', 'constant']),
    ) // prettier-ignore
    .option('--cooldown <steps>', 'steps at the end in which the rate goes to 0', whole, 0)
    .addOption(
      choice('--optimizer <name>', 'what moves the weights', ['adamw', 'lion', 'adafactor']),
    ) // prettier-ignore
    .option('--clip <x>', 'the largest norm of the gradients, 0: none', positive, 1)
    .addOption(
      new Option('--freeze <what>', 'vision (SigLiT), text, or a regular expression over parameter names').default('', 'nothing'), // prettier-ignore
    )
    .option('--seed <n>', 'of order and captions', whole, 0);

/** How it runs. */
export const addRunOptions = (command: Command): Command =>
  command
    .optionsGroup('Run:')
    .option('--save-every <steps>', 'steps between checkpoints', whole, 500)
    .option('--keep <n>', 'how many checkpoints stay', whole, 2)
    .option('--evaluate-every <steps>', 'steps between evaluations (default: at the end)', whole)
    .option('--threads <n>', 'how many threads compute', whole, 1);

const TOWERS: Readonly<Record<string, string>> = {
  vision: '^vision_model\\.',
  text: '^text_model\\.',
};

/** Runs and reports. Ends with an abort where Ctrl-C was pressed. */
export async function runTraining(
  io: Io,
  o: RunOptions,
  what: { load: LoadTrainee; shards: readonly Shard[]; held_out: readonly Shard[] | undefined },
): Promise<void> {
  const { wasm } = await import('siglip-ts/wasm');
  const { reportSvg, train } = await import('@siglip-ts/trainer');
  const model = await filesOf(o, io);
  const backend = await wasm({ threads: o.threads });
  const bar = stepBar(io, o.steps);
  const skipped = new Set<string>(); // a broken pair comes again in every epoch
  try {
    const { held_out } = what;
    const result = await train({
      load: what.load,
      model,
      shards: what.shards,
      out: o.out,
      backend,
      recipe: recipeOf(o),
      save_every: o.saveEvery,
      keep: o.keep,
      ...(held_out && { held_out, evaluate_every: o.evaluateEvery ?? o.steps }),
      resume: o.resume ?? false,
      signal: io.signal,
      on_step: ({ step, loss }) => bar.update(step, loss!),
      warn: (message) => bar.say(oneLine(message)),
      on_skip: (reason) => {
        if (!skipped.has(reason)) bar.say(`skipped: ${oneLine(reason)}`);
        skipped.add(reason);
      },
    });
    bar.stop();
    const report = join(o.out, 'report.svg');
    await writeWhole([[report, reportSvg(result.rows)]]);
    tell(io, o, result, report, skipped.size);
    io.signal.throwIfAborted();
  } finally {
    bar.stop();
    backend.dispose();
  }
}

function recipeOf(o: RunOptions): Recipe {
  const freeze = (Object.hasOwn(TOWERS, o.freeze) ? TOWERS[o.freeze] : undefined) ?? o.freeze;
  try {
    new RegExp(freeze);
  } catch (error) {
    throw new Exit(2, `--freeze: ${(error as Error).message}`);
  }
  return {
    steps: o.steps,
    batch_size: o.batchSize,
    learning_rate: o.learningRate,
    weight_decay: o.weightDecay,
    warmup: Math.min(o.warmup, o.steps),
    schedule: o.schedule,
    cooldown: o.cooldown,
    optimizer: o.optimizer,
    clip: o.clip,
    freeze,
    seed: o.seed,
  };
}

type Result = Awaited<ReturnType<(typeof import('@siglip-ts/trainer'))['train']>>;

function tell(
  io: Io,
  o: RunOptions,
  { step, folder, evaluation, rows }: Result,
  report: string,
  skipped: number,
): void {
  const loss = rows.at(-1)?.loss ?? null;
  if (skipped > 0 && !o.json) note(io, `${plural(skipped, 'pair')} skipped`);
  if (o.json) return printJson(io, { step, folder, loss, skipped, evaluation });
  print(io, [
    `step ${step} of ${o.steps}, loss ${loss?.toFixed(4) ?? '-'}`,
    ...Object.entries(evaluation ?? {}).map(
      ([name, share]) => `${name.replaceAll('_', ' ')} ${(100 * share).toFixed(1)} %`,
    ),
    `checkpoint ${folder}`,
    `curves ${report}`,
  ]);
}

/** A whole number from the command line. */
export function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('expected a number that is not negative');
  return value;
}
