// siglip embed: one vector for each picture, or for each text, in a file or as JSON.
import { writeFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import {
  AutoImageProcessor,
  AutoTokenizer,
  type HostTensor,
  SiglipTextModel,
  SiglipVisionModel,
} from 'siglip-ts';
import { PICTURES, readPicture } from '../arguments/images.ts';
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
import { float32, npy, writeTensors } from '../arguments/tensors.ts';
import { idsOf, textsOf } from '../arguments/texts.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { cell, paint, plural, print, printable, printJson } from '../terminal/output.ts';
import { withProgress } from '../terminal/progress.ts';

interface EmbedOptions extends SourceOptions, ComputeOptions {
  text?: string[];
  normalize?: boolean;
  out?: string;
  json?: boolean;
}

interface Embedded {
  /** What each row is of: the picture's name, or the text. */
  readonly inputs: readonly string[];
  readonly rows: readonly Float32Array[];
}

export function addEmbed(program: Command, io: Io): void {
  const command = program
    .command('embed')
    .summary('turn pictures or texts into vectors')
    .description(
      'Gives one vector of float32 numbers for each picture or text: what the tower pools, [N, D]. With --normalize ' +
        'every vector has length 1, and the cosine of a picture and a text is their dot product.',
    )
    .argument('[images...]', PICTURES)
    .option('--text <text>', 'a text instead (repeatable; "-": JSON strings from stdin)', collect)
    .option('--normalize', 'scale every vector to length 1')
    .option('--out <file>', 'write .npy, .safetensors (tensor "embeddings") or .json')
    .option('--json', 'print {"inputs", "shape", "embeddings"}; with --out {"out", "shape"}')
    .addHelpText(
      'after',
      `
Examples:
  siglip embed *.jpg --normalize --out photos.npy
  siglip embed --text "a photo of a cat" --json`,
    );
  addComputeOptions(addSourceOptions(command)).action((images: string[], o: EmbedOptions) =>
    embed(io, images, o),
  );
}

async function embed(io: Io, images: readonly string[], o: EmbedOptions): Promise<void> {
  const write = o.out === undefined ? null : writerOf(o.out);
  if (images.length > 0 === (o.text !== undefined))
    throw new Exit(2, 'embed: expected images or --text, one of the two; see siglip embed --help');
  const found = o.text
    ? await texts(io, await textsOf(o.text, io), o)
    : await pictures(io, images, o);
  const rows = o.normalize ? found.rows.map(normalized) : found.rows;
  const result = { inputs: found.inputs, rows };
  await write?.(result);
  report(io, result, o);
}

async function pictures(io: Io, inputs: readonly string[], o: EmbedOptions): Promise<Embedded> {
  const files = await filesOf(o, io);
  await using model = await SiglipVisionModel.fromPretrained(files, loadOptions(o, io));
  const processor = await AutoImageProcessor.fromPretrained(files);
  return await rowsOf(io, inputs, async (name) => {
    const { pixel_values } = processor(await readPicture(name, io), { return_tensors: true });
    return (await model({ pixel_values, ...runOptions(io) })).pooler_output;
  });
}

async function texts(io: Io, inputs: readonly string[], o: EmbedOptions): Promise<Embedded> {
  const files = await filesOf(o, io);
  await using model = await SiglipTextModel.fromPretrained(files, loadOptions(o, io));
  const tokenizer = await AutoTokenizer.fromPretrained(files);
  const most = model.config.max_position_embeddings;
  return await rowsOf(io, inputs, async (text) => {
    const input_ids = idsOf(tokenizer, [text], most);
    return (await model({ input_ids, ...runOptions(io) })).pooler_output;
  });
}

/** One input at a time: memory stays flat however many there are. The first bad one ends it, since rows are counted. */
async function rowsOf(
  io: Io,
  inputs: readonly string[],
  pooled: (input: string) => Promise<HostTensor | null>,
): Promise<Embedded> {
  const rows: Float32Array[] = [];
  await withProgress(io, inputs, async (input) => {
    const vector = await pooled(input);
    if (!vector)
      throw new Exit(2, 'embed: the model has no pooling head, so no vector for a picture');
    rows.push(Float32Array.from(await vector.data()));
  });
  return { inputs, rows };
}

// eslint-disable-next-line house/no-spread-list -- the width of a model
const lengthOf = (row: Float32Array): number => Math.hypot(...row);

const normalized = (row: Float32Array): Float32Array => {
  const length = lengthOf(row);
  return row.map((x) => x / length);
};

const shapeOf = ({ rows }: Embedded): [number, number] => [rows.length, rows[0]?.length ?? 0];

const documentOf = (e: Embedded) => ({
  inputs: e.inputs,
  shape: shapeOf(e),
  embeddings: e.rows.map((row) => [...row]),
});

function flat(e: Embedded): Float32Array {
  const [N, D] = shapeOf(e);
  const all = new Float32Array(N * D);
  e.rows.forEach((row, i) => all.set(row, i * D));
  return all;
}

/** What writes the file, by its ending. Throws before anything is computed. */
function writerOf(out: string): (e: Embedded) => Promise<void> {
  switch (extname(out)) {
    case '.npy':
      return (e) => writeFile(out, npy(shapeOf(e), flat(e)));
    case '.safetensors':
      return (e) => writeTensors(out, new Map([['embeddings', float32(shapeOf(e), flat(e))]]), {});
    case '.json':
      return (e) => writeFile(out, `${JSON.stringify(documentOf(e))}\n`);
    default:
      throw new Exit(2, `--out: "${out}", expected a name in .npy, .safetensors or .json`);
  }
}

const SHOWN = 5;

function report(io: Io, e: Embedded, o: EmbedOptions): void {
  const [N, D] = shapeOf(e);
  if (o.json)
    return printJson(io, o.out === undefined ? documentOf(e) : { out: o.out, shape: [N, D] });
  const c = paint(io);
  const what = `${plural(N, 'vector')} of ${D} numbers, ${o.normalize ? 'of length 1' : 'not normalised'}`;
  if (o.out !== undefined) return print(io, [`${what}: ${c.bold(printable(o.out))}`]);
  const lines = e.rows.map((row, i) => {
    const values = [...row.subarray(0, SHOWN)].map((x) => cell(x.toFixed(4), 9, 'right')).join('');
    const name = o.text ? e.inputs[i]! : basename(e.inputs[i]!);
    return `  ${cell(printable(name), 26)}${values} …`;
  });
  print(io, [c.bold(what), ...lines]);
}
