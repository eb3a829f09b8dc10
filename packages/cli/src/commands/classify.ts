// siglip classify: how well each of some labels fits each picture, by the zero-shot pipeline. It is called a picture at a
// time, since a bad one must not lose the others; what it made of the labels it remembers.
import type { Command } from 'commander';
import { type ModelFiles, pipeline } from 'siglip-ts';
import { fillTemplate, takesLabel, TEMPLATE } from 'siglip-ts/internals';
import { chosenClass } from '../arguments/forward.ts';
import { type Picture, PICTURES, readPicture } from '../arguments/images.ts';
import {
  addComputeOptions,
  addSourceOptions,
  collect,
  type ComputeOptions,
  filesOf,
  loadOptions,
  note,
  runOptions,
  type SourceOptions,
} from '../arguments/options.ts';
import { expectFit } from '../arguments/texts.ts';
import { complain, Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import {
  cell,
  columnsOf,
  largest,
  paint,
  print,
  printable,
  printJson,
  widthOf,
} from '../terminal/output.ts';
import { withProgress } from '../terminal/progress.ts';

interface ClassifyOptions extends SourceOptions, ComputeOptions {
  labels?: string;
  label?: string[];
  template: string;
  json?: boolean;
}

interface Classified {
  image: string;
  /** Highest first. */
  scores: { label: string; score: number }[];
}

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
    .option('--json', 'print [{"image", "scores": [{"label", "score"}]}]')
    .addHelpText(
      'after',
      `
Examples:
  siglip classify rocket.png --labels "rocket, pizza, guitar"
  siglip classify a.jpg --labels cat,dog --model google/siglip-base-patch16-224
  siglip classify *.png --label "red, green or blue" --label gray --json`,
    );
  addComputeOptions(addSourceOptions(command)).action((images: string[], o: ClassifyOptions) =>
    classify(io, images, o),
  );
}

async function classify(io: Io, images: readonly string[], o: ClassifyOptions): Promise<void> {
  const files = await filesOf(o, io);
  const { name } = await chosenClass(undefined, files);
  await using score = await (name === 'SiglipForImageClassification' ? ownLabels : freeLabels)(io, files, o); // prettier-ignore
  const results: Classified[] = [];
  const failures: Exit[] = [];
  await withProgress(io, images, async (image) => {
    try {
      const ranked = await score.of(await readPicture(image, io));
      results.push({ image, scores: ranked.map(({ label, score }) => ({ label, score })) });
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      failures.push(error);
    }
  });
  if (o.json) printJson(io, results);
  else
    print(
      io,
      results.flatMap((result, i) => [...(i > 0 ? [''] : []), ...shown(io, result)]),
    );
  // For people who are looking: a program reads stdout, and knows.
  if (o.model === undefined && io.stderr.isTTY) note(io, DEMONSTRATION);
  for (const failure of failures) complain(io, failure);
  if (failures.length > 0) throw new Exit(2);
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
  try {
    expectFit(pipe.tokenizer, texts, most);
  } catch (error) {
    await pipe.dispose();
    throw error;
  }
  const options = { hypothesis_template: o.template, ...runOptions(io) };
  return { of: (picture) => pipe(picture, labels, options), [Symbol.asyncDispose]: pipe.dispose };
}

/** A classifier knows the labels that it was trained on, and no others. */
async function ownLabels(io: Io, files: ModelFiles, o: ClassifyOptions): Promise<Scorer> {
  if (o.labels !== undefined || o.label !== undefined)
    throw new Exit(2, `--labels: ${files.name} is a classifier with labels of its own, leave them out`); // prettier-ignore
  const pipe = await pipeline('image-classification', files, loadOptions(o, io));
  return { of: (picture) => pipe(picture, runOptions(io)), [Symbol.asyncDispose]: pipe.dispose };
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

const BAR = 24;

/** One picture's scores for people: its name, then a line a label. */
function shown(io: Io, { image, scores }: Classified): string[] {
  const c = paint(io);
  const names = scores.map(({ label }) => printable(label));
  const room = columnsOf(io.stdout) - BAR - 13;
  const width = Math.max(8, Math.min(room, largest(names.map(widthOf))));
  const lines = scores.map(({ score }, i) => {
    const filled = Math.round(score * BAR);
    const bar = c.cyan('█'.repeat(filled)) + c.dim('░'.repeat(BAR - filled));
    const line = `  ${cell(names[i]!, width)}  ${bar}  `;
    return line + percent(score).padStart(7);
  });
  return [c.bold(printable(image)), ...lines];
}

/** Scores are only compared by eye here; --json has all digits. */
const percent = (score: number): string =>
  score > 0 && score < 0.0005 ? '<0.1 %' : `${(100 * score).toFixed(1)} %`;
