// siglip classify: how well each of some labels fits each picture, as the zero-shot pipeline scores them. Not the
// pipeline itself: a bad picture must not lose the others, and Ctrl-C must be heard between layers.
import type { Command } from 'commander';
import { AutoTokenizer, SiglipImageProcessor, SiglipModel, type ModelFiles } from 'siglip-ts';
import { complain, Exit } from '../terminal/errors.ts';
import { PICTURES, readPicture } from '../arguments/images.ts';
import type { Io } from '../terminal/io.ts';
import {
  addComputeOptions,
  addSourceOptions,
  collect,
  filesOf,
  loadOptions,
  runOptions,
  type ComputeOptions,
  type SourceOptions,
} from '../arguments/options.ts';
import {
  cell,
  columnsOf,
  paint,
  print,
  printable,
  printJson,
  widthOf,
} from '../terminal/output.ts';
import { withProgress } from '../terminal/progress.ts';
import { idsOf } from '../arguments/texts.ts';

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
        'that label and picture belong together, each label by itself, so scores do not sum to 1.',
    )
    .argument('<images...>', PICTURES)
    .option('--labels <list>', 'labels, separated by commas')
    .option('--label <text>', 'one label, which may have commas (repeatable)', collect)
    .option('--template <text>', 'the sentence around a label', 'This is a photo of {}.')
    .option('--json', 'print [{"image", "scores": [{"label", "score"}]}]')
    .addHelpText(
      'after',
      `
Examples:
  siglip classify photo.jpg --labels "a cat, a dog"
  siglip classify *.png --label "red, green or blue" --label gray --json`,
    );
  addComputeOptions(addSourceOptions(command)).action((images: string[], o: ClassifyOptions) =>
    classify(io, images, o),
  );
}

async function classify(io: Io, images: readonly string[], o: ClassifyOptions): Promise<void> {
  const labels = labelsOf(o);
  const files = await filesOf(o, io);
  await using model = await SiglipModel.fromPretrained(files, loadOptions(o, io));
  const score = await scorer(io, files, model, labels, o.template);
  const results: Classified[] = [];
  const failures: Exit[] = [];
  await withProgress(io, images, async (image) => {
    try {
      results.push({ image, scores: await score(image) });
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
  for (const failure of failures) complain(io, failure);
  if (failures.length > 0) throw new Exit(2);
}

function labelsOf(o: ClassifyOptions): string[] {
  const list = (o.labels ?? '').split(',').map((label) => label.trim());
  const labels = [...list, ...(o.label ?? [])].filter((label) => label !== '');
  if (labels.length === 0)
    throw new Exit(
      2,
      'classify: no labels, expected some as in: siglip classify photo.jpg --labels "a cat, a dog"',
    );
  if (!o.template.includes('{}'))
    throw new Exit(2, `--template: "${o.template}" has no {} where a label could go`);
  return labels;
}

/** Encodes the labels once, and gives what scores them for one picture. */
async function scorer(
  io: Io,
  files: ModelFiles,
  model: SiglipModel,
  labels: readonly string[],
  template: string,
): Promise<(image: string) => Promise<Classified['scores']>> {
  const tokenizer = await AutoTokenizer.fromPretrained(files);
  const processor = await SiglipImageProcessor.fromPretrained(files);
  const run = runOptions(io);
  const texts = labels.map((label) => template.replaceAll('{}', () => label));
  const most = model.config.text_config.max_position_embeddings;
  const text = await model.get_text_features({ input_ids: idsOf(tokenizer, texts, most), ...run });

  return async (name) => {
    const { pixel_values } = processor(await readPicture(name, io), { return_tensors: true });
    const image = await model.get_image_features({ pixel_values, ...run });
    const logits = await (await model.logits_of_features({ text, image }, run)).data();
    const scores = labels.map((label, i) => ({ label, score: sigmoid(logits[i]!) }));
    return scores.sort((a, b) => b.score - a.score);
  };
}

const sigmoid = (x: number): number => Math.fround(1 / (1 + Math.exp(-x)));

const BAR = 24;

/** One picture's scores for people: its name, then a line a label. */
function shown(io: Io, { image, scores }: Classified): string[] {
  const c = paint(io);
  const names = scores.map(({ label }) => printable(label));
  const room = columnsOf(io.stdout) - BAR - 13;
  const width = Math.max(8, Math.min(room, Math.max(...names.map(widthOf))));
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
