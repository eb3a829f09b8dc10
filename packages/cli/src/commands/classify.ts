// siglip classify: how well each of some labels fits each picture, by the zero-shot pipeline. It is called a picture at a
// time, since a bad one must not lose the others; what it made of the labels it remembers.
import { type Command, Option } from 'commander';
import { type ModelFiles, pipeline } from 'siglip-ts';
import { fillTemplate, takesLabel, TEMPLATE } from 'siglip-ts/internals';
import { chosenClass } from '../arguments/forward.ts';
import { type Picture, PICTURES, readPicture } from '../arguments/images.ts';
import { expectAllDone, oneByOne } from '../arguments/many.ts';
import {
  addComputeOptions,
  addSourceOptions,
  choice,
  collect,
  type ComputeOptions,
  filesOf,
  loadOptions,
  note,
  runOptions,
  type SourceOptions,
  wholeNumber,
} from '../arguments/options.ts';
import { picturesNamed } from '../arguments/picture-files.ts';
import { fullLength, noteCut } from '../arguments/texts.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { type Format, FORMATS, printerOf } from '../terminal/scores.ts';

interface ClassifyOptions extends SourceOptions, ComputeOptions {
  labels?: string;
  label?: string[];
  template: string;
  top?: number;
  format: Format;
  json?: boolean;
}

const FORMAT = 'as a table, or for programs; ndjson and csv print a line as soon as it is known';

export function addClassify(program: Command, io: Io): void {
  const command = program
    .command('classify')
    .summary('say which labels fit a picture')
    .description(
      'Scores every label for every picture, without training: the labels are free text. A score is the probability ' +
        'that label and picture belong together, each label by itself, so scores do not sum to 1. A classifier (SiglipForImageClassification, what siglip finetune ' +
        'writes) scores the labels that it was trained on, the best 5.',
    )
    .argument('<images...>', PICTURES)
    .option('--labels <list>', 'labels, separated by commas')
    .option('--label <text>', 'one label, which may have commas (repeatable)', collect)
    .option('--template <text>', 'the sentence around a label', TEMPLATE)
    .option('--top <n>', 'only the best labels (default: all; 5 of a classifier)', wholeNumber)
    .addOption(choice('--format <name>', FORMAT, FORMATS))
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .addHelpText(
      'after',
      `
Examples:
  siglip classify rocket.png --labels "rocket, pizza, guitar"
  siglip classify photos --labels cat,dog --model google/siglip-base-patch16-224
  siglip classify photos --labels "cat, rocket, pizza" --top 1 --format csv
  siglip classify *.png --label "a rocket, flying" --label "a pizza" --json

json prints [{"image", "scores": [{"label", "score"}]}], ndjson such an object a
line, csv image,label,score.`,
    );
  addComputeOptions(addSourceOptions(command)).action((images: string[], o: ClassifyOptions) =>
    classify(io, images, o),
  );
}

async function classify(io: Io, images: readonly string[], o: ClassifyOptions): Promise<void> {
  const files = await filesOf(o, io);
  const { name } = await chosenClass(undefined, files);
  await using score = await (name === 'SiglipForImageClassification' ? ownLabels : freeLabels)(io, files, o); // prettier-ignore
  const pictures = { what: 'picture', ...(await picturesNamed(io, images)) };
  const printer = printerOf(io, o.json ? 'json' : o.format);
  const read = (name: string) => readPicture(name, io);
  const course = await oneByOne(io, pictures, read, async (image, picture) => {
    const ranked = (await score.of(picture)).slice(0, o.top);
    await printer.add({ image, scores: ranked.map(({ label, score }) => ({ label, score })) });
  });
  if (course.done > 0 || course.ended === undefined) printer.end();
  // For people who are looking: a program reads stdout, and knows.
  if (o.model === undefined && io.stderr.isTTY) note(io, DEMONSTRATION);
  expectAllDone(io, course);
}

const DEMONSTRATION =
  'these scores are of the small demonstration model, which knows emoji and a few kinds of photographs; name a real one, ' +
  'as in --model google/siglip-base-patch16-224';

/** What gives a picture its scores, highest first. */
interface Scorer extends AsyncDisposable {
  of(picture: Picture): Promise<{ label: string; score: number }[]>;
}

async function freeLabels(io: Io, files: ModelFiles, o: ClassifyOptions): Promise<Scorer> {
  const labels = labelsOf(o);
  const pipe = await pipeline('zero-shot-image-classification', files, loadOptions(o, io));
  const most = pipe.model.config.text_config.max_position_embeddings;
  const texts = labels.map((label) => fillTemplate(o.template, label));
  noteCut(io, pipe.tokenizer, texts, most);
  const tokenizer_kwargs = fullLength(pipe.tokenizer, most);
  const options = { hypothesis_template: o.template, tokenizer_kwargs, ...runOptions(io) };
  return { of: (picture) => pipe(picture, labels, options), [Symbol.asyncDispose]: pipe.dispose };
}

/** A classifier knows the labels that it was trained on, and no others. */
async function ownLabels(io: Io, files: ModelFiles, o: ClassifyOptions): Promise<Scorer> {
  if (o.labels !== undefined || o.label !== undefined)
    throw new Exit(2, `--labels: ${files.name} is a classifier with labels of its own, leave them out`); // prettier-ignore
  const pipe = await pipeline('image-classification', files, loadOptions(o, io));
  const options = { ...(o.top !== undefined && { top_k: o.top }), ...runOptions(io) };
  return { of: (picture) => pipe(picture, options), [Symbol.asyncDispose]: pipe.dispose };
}

function labelsOf(o: ClassifyOptions): string[] {
  const list = (o.labels ?? '').split(',').map((label) => label.trim());
  const labels = [...list, ...(o.label ?? [])].filter((label) => label !== '');
  if (labels.length === 0)
    throw new Exit(
      2,
      'classify: no labels, expected some as in: siglip classify rocket.png --labels "rocket, pizza"',
    );
  if (!takesLabel(o.template))
    throw new Exit(2, `--template: "${o.template}" has no {} where a label could go`);
  return labels;
}
