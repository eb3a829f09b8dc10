// siglip embed: one vector for each picture, or for each text, in a file or as JSON.
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
import { type Course, expectAllDone, type Inputs, oneByOne } from '../arguments/many.ts';
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
import { expectWritable, type OutFile, writeOrKeep } from '../arguments/out.ts';
import { picturesNamed } from '../arguments/picture-files.ts';
import { fileOf, float32, npy } from '../arguments/tensors.ts';
import { idsOf, textsOf } from '../arguments/texts.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { cell, paint, plural, print, printable, printJson } from '../terminal/output.ts';

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

interface Gathered extends Embedded {
  readonly course: Course;
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
    .option('--out <file>', 'write .npy and beside it .names.json, or .safetensors, or .json')
    .option('--json', 'print {"inputs", "shape", "embeddings"}; with --out {"out", "shape"}')
    .addHelpText(
      'after',
      `
Examples:
  siglip embed photos --normalize --out photos.npy
  siglip embed --text "a photo of a cat" --json`,
    );
  addComputeOptions(addSourceOptions(command)).action((images: string[], o: EmbedOptions) =>
    embed(io, images, o),
  );
}

async function embed(io: Io, images: readonly string[], o: EmbedOptions): Promise<void> {
  const filesFor = o.out === undefined ? null : filesOfEnding(o.out);
  if (images.length > 0 === (o.text !== undefined))
    throw new Exit(2, 'embed: expected images or --text, one of the two; see siglip embed --help');
  if (o.out !== undefined) await expectWritable(o.out);
  const { course, ...found } = o.text
    ? await texts(io, await textsOf(o.text, io), o)
    : await pictures(io, images, o);
  const result = { ...found, rows: o.normalize ? found.rows.map(normalized) : found.rows };
  if (result.rows.length > 0) {
    if (filesFor) await writeOrKeep(filesFor(result));
    report(io, result, o);
  }
  expectAllDone(io, course);
}

async function pictures(io: Io, given: readonly string[], o: EmbedOptions): Promise<Gathered> {
  const files = await filesOf(o, io);
  await using model = await SiglipVisionModel.fromPretrained(files, loadOptions(o, io));
  const processor = await AutoImageProcessor.fromPretrained(files);
  const inputs = { what: 'picture', ...(await picturesNamed(io, given)) };
  const read = async (name: string) =>
    processor(await readPicture(name, io), { return_tensors: true }).pixel_values;
  return await rowsOf(io, inputs, read, (pixel_values) =>
    model({ pixel_values, ...runOptions(io) }),
  );
}

async function texts(io: Io, names: readonly string[], o: EmbedOptions): Promise<Gathered> {
  const files = await filesOf(o, io);
  await using model = await SiglipTextModel.fromPretrained(files, loadOptions(o, io));
  const tokenizer = await AutoTokenizer.fromPretrained(files);
  const most = model.config.max_position_embeddings;
  const read = (text: string) => idsOf(io, tokenizer, [text], most);
  const inputs = { what: 'text', names };
  return await rowsOf(io, inputs, read, (input_ids) => model({ input_ids, ...runOptions(io) }));
}

/** One input at a time: beside the vectors, memory stays flat however many there are. */
async function rowsOf<T>(
  io: Io,
  all: Inputs,
  read: (name: string) => T | Promise<T>,
  embedded: (input: T) => Promise<{ readonly pooler_output: HostTensor | null }>,
): Promise<Gathered> {
  const inputs: string[] = [];
  const rows: Float32Array[] = [];
  const course = await oneByOne(io, all, read, async (name, input) => {
    const { pooler_output } = await embedded(input);
    if (!pooler_output)
      throw new Exit(2, 'embed: the model has no pooling head, so no vector for a picture');
    const row = Float32Array.from(await pooler_output.data());
    if (row.some(Number.isNaN))
      throw new Exit(
        2,
        'embed: the vector has NaN in it: the weights hold numbers that are none, or they overflow',
      );
    rows.push(row);
    inputs.push(name);
  });
  return { inputs, rows, course };
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

/** The files, by the ending of --out, the one with the vectors first. Throws before anything is computed. */
function filesOfEnding(out: string): (e: Embedded) => OutFile[] {
  switch (extname(out)) {
    case '.npy':
      return (e) => [
        [out, npy(shapeOf(e), flat(e))],
        [namesBeside(out), `${JSON.stringify(e.inputs)}\n`],
      ];
    case '.safetensors':
      return (e) => {
        const embeddings = float32(shapeOf(e), flat(e));
        return [[out, fileOf({ embeddings }, { names: JSON.stringify(e.inputs) })]];
      };
    case '.json':
      return (e) => [[out, `${JSON.stringify(documentOf(e))}\n`]];
    default:
      throw new Exit(2, `--out: "${out}", expected a name in .npy, .safetensors or .json`);
  }
}

/** photos.names.json of photos.npy. JSON, since a text or a name may have line breaks. */
const namesBeside = (out: string): string => out.replace(/\.npy$/, '.names.json');

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
