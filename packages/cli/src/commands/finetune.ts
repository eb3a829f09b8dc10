// siglip finetune: from a folder of pictures for each class to a SiglipForImageClassification.
import type { Command } from 'commander';
import { addSourceOptions } from '../arguments/options.ts';
import {
  addRecipeOptions,
  addRunOptions,
  type RunOptions,
  runTraining,
} from '../arguments/training.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';

interface FinetuneOptions extends RunOptions {
  data: string;
  heldOut?: string;
}

export function addFinetune(program: Command, io: Io): void {
  const command = program
    .command('finetune')
    .summary('train a classifier on a folder for each class')
    .description(
      'Trains SiglipForImageClassification: the vision tower of a checkpoint and a linear layer on top, which is new ' +
        'unless the checkpoint has one for as many classes. The names of the folders are the labels.',
    )
    .requiredOption('--data <dir>', 'a folder with a folder for each class, pictures in it')
    .requiredOption('--out <dir>', 'where checkpoints and metrics go')
    .option('--held-out <dir>', 'pictures to evaluate on, as --data')
    .option('--resume', 'go on from the newest checkpoint in --out')
    .option('--json', 'print {"step", "folder", "loss", "skipped", "evaluation"}');
  addRunOptions(addRecipeOptions(command)).addHelpText(
    'after',
    `
Examples:
  siglip finetune --data flowers --out run --steps 300
  siglip finetune --data flowers --out run --freeze vision   only the new layer`,
  );
  addSourceOptions(command).action(async (o: FinetuneOptions) => {
    const { classifier, openClasses } = await import('@siglip-ts/trainer');
    const { classes, shard } = await openClasses(o.data);
    const held = o.heldOut === undefined ? undefined : await openClasses(o.heldOut);
    const unknown = held?.classes.find((name) => !classes.includes(name));
    if (unknown !== undefined)
      throw new Exit(2, `${o.heldOut}: class "${unknown}", which ${o.data} does not have`);
    await runTraining(io, o, {
      load: classifier(classes, o.seed),
      shards: [shard],
      held_out: held && [held.shard],
    });
  });
}
