// siglip train: from pairs to a checkpoint, with what a person wants to see of it. The run itself is packages/train.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from '@siglip-ts/train/run';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { Exit } from '../errors.ts';
import type { Io } from '../io.ts';
import {
  addSourceOptions,
  choice,
  collect,
  filesOf,
  note,
  type SourceOptions,
} from '../options.ts';
import { oneLine, plural, print, printJson } from '../output.ts';
import { stepBar } from '../progress.ts';

interface TrainCommandOptions extends SourceOptions {
  data: string[];
  heldOut?: string[];
  out: string;
  resume?: boolean;
  steps: number;
  batchSize: number;
  learningRate: number;
  weightDecay: number;
  warmup: number;
  schedule: Recipe['schedule'];
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

export function addTrain(program: Command, io: Io): void {
  const command = program
    .command('train')
    .summary('train a model on pictures with captions')
    .description(
      'Trains with the sigmoid loss, from a checkpoint on. Writes a folder for each checkpoint, which every SigLIP ' +
        'library reads, metrics.jsonl and report.svg. Ctrl-C saves and ends; --resume goes on as if nothing had happened.',
    )
    .requiredOption(
      '--data <path>',
      'folder with captions.jsonl, or .tar shard (repeatable)',
      collect,
    )
    .requiredOption('--out <dir>', 'where checkpoints and metrics go')
    .option('--held-out <path>', 'pairs to evaluate on, as --data (repeatable)', collect)
    .option('--resume', 'go on from the newest checkpoint in --out')
    .option('--json', 'print {"step", "folder", "loss", "skipped", "evaluation"}');
  recipeOptions(command)
    .optionsGroup('Run:')
    .option('--save-every <steps>', 'steps between checkpoints', whole, 500)
    .option('--keep <n>', 'how many checkpoints stay', whole, 2)
    .option('--evaluate-every <steps>', 'steps between evaluations (default: at the end)', whole)
    .option('--threads <n>', 'how many threads compute', whole, 1)
    .addHelpText(
      'after',
      `
A row of captions.jsonl: {"file_name": "dog.jpg", "text": "a dog"}. In a .tar: dog.jpg and dog.txt.

Examples:
  siglip train --data pairs --out run --steps 2000 --held-out more-pairs
  siglip train --data pairs --out run --steps 2000 --held-out more-pairs --resume
  siglip train --data a.tar --data b.tar --out run --freeze vision`,
    );
  addSourceOptions(command).action((o: TrainCommandOptions) => train(io, o));
}

/** What decides the numbers. */
const recipeOptions = (command: Command): Command =>
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
    .addOption(
      choice('--optimizer <name>', 'what moves the weights', ['adamw', 'lion', 'adafactor']),
    ) // prettier-ignore
    .option('--clip <x>', 'the largest norm of the gradients, 0: none', positive, 1)
    .addOption(
      new Option('--freeze <what>', 'vision (SigLiT), text, or a regular expression over parameter names').default('', 'nothing'), // prettier-ignore
    )
    .option('--seed <n>', 'of order and captions', whole, 0);

const TOWERS: Readonly<Record<string, string>> = {
  vision: '^vision_model\\.',
  text: '^text_model\\.',
};

async function train(io: Io, o: TrainCommandOptions): Promise<void> {
  const { wasm } = await import('siglip-ts/wasm');
  const run = await import('@siglip-ts/train/run');
  const shards = await run.openShards(o.data);
  const held_out = o.heldOut && (await run.openShards(o.heldOut));
  const model = await filesOf(o, io);
  const backend = await wasm({ threads: o.threads });
  const bar = stepBar(io, o.steps);
  const told = new Set<string>(); // a broken pair comes again in every epoch
  try {
    const result = await run.train({
      model,
      shards,
      out: o.out,
      backend,
      recipe: recipeOf(o),
      save_every: o.saveEvery,
      keep: o.keep,
      ...(held_out && { held_out, evaluate_every: o.evaluateEvery ?? o.steps }),
      resume: o.resume ?? false,
      signal: io.signal,
      on_step: ({ step, loss }) => bar.update(step, loss!),
      on_skip: (reason) => {
        if (!told.has(reason)) bar.say(`skipped: ${oneLine(reason)}`);
        told.add(reason);
      },
    });
    bar.stop();
    const report = join(o.out, 'report.svg');
    await writeFile(report, run.reportSvg(result.rows));
    tell(io, o, result, report, told.size);
    io.signal.throwIfAborted();
  } finally {
    bar.stop();
    backend.dispose();
  }
}

function recipeOf(o: TrainCommandOptions): Recipe {
  const freeze = TOWERS[o.freeze] ?? o.freeze;
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
    optimizer: o.optimizer,
    clip: o.clip,
    freeze,
    seed: o.seed,
  };
}

type Result = Awaited<ReturnType<(typeof import('@siglip-ts/train/run'))['train']>>;

function tell(
  io: Io,
  o: TrainCommandOptions,
  { step, folder, evaluation, rows }: Result,
  report: string,
  skipped: number,
): void {
  const loss = rows.at(-1)?.loss ?? null;
  if (skipped > 0 && !o.json) note(io, `${plural(skipped, 'pair')} skipped`);
  if (o.json) return printJson(io, { step, folder, loss, skipped, evaluation });
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  print(io, [
    `step ${step} of ${o.steps}, loss ${loss?.toFixed(4) ?? '-'}`,
    ...(evaluation
      ? [
          `zero-shot accuracy ${percent(evaluation.zero_shot_accuracy)}`,
          `recall of captions at 5 ${percent(evaluation.image_to_text_r5)}, of pictures at 1 and 5 ${percent(evaluation.text_to_image_r1)} and ${percent(evaluation.text_to_image_r5)}`,
        ]
      : []),
    `checkpoint ${folder}`,
    `curves ${report}`,
  ]);
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('expected a number that is not negative');
  return value;
}
