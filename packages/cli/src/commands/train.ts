// siglip train: from pictures with captions to a checkpoint.
import type { Command } from 'commander';
import { addSourceOptions, collect } from '../arguments/options.ts';
import {
  addRecipeOptions,
  addRunOptions,
  type RunOptions,
  runTraining,
  whole,
} from '../arguments/training.ts';
import type { Io } from '../terminal/io.ts';

interface TrainOptions extends RunOptions {
  data: string[];
  heldOut?: string[];
  chunk?: number;
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
  addRunOptions(addRecipeOptions(command))
    .option(
      '--chunk <n>',
      'pairs that the towers see at a time: less memory, more time (default: all)',
      whole,
    )
    .addHelpText(
      'after',
      `
A row of captions.jsonl: {"file_name": "dog.jpg", "text": "a dog"}. In a .tar: dog.jpg and dog.txt.

Examples:
  siglip train --data pairs --out run --steps 2000 --held-out more-pairs
  siglip train --data pairs --out run --steps 2000 --held-out more-pairs --resume
  siglip train --data a.tar --data b.tar --out run --freeze vision`,
    );
  addSourceOptions(command).action(async (o: TrainOptions) => {
    const { contrastive, openShards } = await import('@siglip-ts/trainer');
    await runTraining(io, o, {
      load: contrastive(o.chunk === undefined ? {} : { chunk: o.chunk }),
      shards: await openShards(o.data),
      held_out: o.heldOut && (await openShards(o.heldOut)),
    });
  });
}
