// siglip explain-score: why a text has its score for a picture. Not a measure of how good the model is.
import type { Command } from 'commander';
import { AutoImageProcessor, AutoTokenizer, SiglipModel } from 'siglip-ts';
import { takesLabel, TEMPLATE } from 'siglip-ts/internals';
import { readPicture } from '../arguments/images.ts';
import {
  addComputeOptions,
  addSourceOptions,
  collect,
  type ComputeOptions,
  filesOf,
  loadOptions,
  runOptions,
  type SourceOptions,
} from '../arguments/options.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { cell, largest, paint, print, printable, printJson } from '../terminal/output.ts';

interface ExplainScoreOptions extends SourceOptions, ComputeOptions {
  template: string;
  label?: string[];
  json?: boolean;
}

export function addExplainScore(program: Command, io: Io): void {
  const command = program
    .command('explain-score')
    .summary('say why a score is low')
    .description(
      'Scores one text for one picture and says where the number comes from: template, tokens, padding, cosine, and the ' +
        "model's temperature and bias.",
    )
    .argument('<image>', 'picture file, http(s) address, or "-" for stdin')
    .argument('<text>', 'a label, or the whole sentence')
    .option('--template <text>', 'the sentence around a label', TEMPLATE)
    .option('--label <text>', 'another label, scored as it is (repeatable)', collect)
    .option('--json', 'print every number and the remarks as one object')
    .addHelpText(
      'after',
      '\nExample:\n  siglip explain-score rocket.png "a rocket" --label "a pizza"',
    );
  addComputeOptions(addSourceOptions(command)).action(
    (image: string, text: string, o: ExplainScoreOptions) => explain(io, image, text, o),
  );
}

async function explain(io: Io, image: string, text: string, o: ExplainScoreOptions): Promise<void> {
  if (text.trim() === '') throw new Exit(2, 'text: it is empty, expected some words');
  if (!takesLabel(o.template))
    throw new Exit(2, `--template: "${o.template}" has no {} where a label could go`);
  const { explainScore } = await import('@siglip-ts/inspect');
  const files = await filesOf(o, io);
  const picture = await readPicture(image, io);
  const tokenizer = await AutoTokenizer.fromPretrained(files);
  const processor = await AutoImageProcessor.fromPretrained(files);
  await using model = await SiglipModel.fromPretrained(files, loadOptions(o, io));
  const { pixel_values } = processor(picture, { return_tensors: true });
  const options = { template: o.template, labels: o.label ?? [], ...runOptions(io) };
  const found = await explainScore(model, tokenizer, { pixel_values, text }, options);
  if (o.json) return printJson(io, { image, ...found });
  const c = paint(io);
  const head = `${image}, ${JSON.stringify(text)}: ${Number((100 * found.score).toPrecision(3))} %`;
  const width = largest(found.remarks.map(({ about }) => about.length));
  print(io, [
    c.bold(printable(head)),
    ...found.remarks.map(({ about, says }) => `  ${cell(about, width)}  ${printable(says)}`),
  ]);
}
