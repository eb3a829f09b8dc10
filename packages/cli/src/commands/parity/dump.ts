// siglip parity dump: what our implementation computes on given inputs, as a dump for others to compare with.
import { type Command, Option } from 'commander';
import type { DumpFormat, DumpTensor } from '@siglip-ts/parity';
import { AutoConfig, AutoImageProcessor, AutoTokenizer, type ModelFiles } from 'siglip-ts';
import { type AnyConfig, load, type ModelClass } from 'siglip-ts/internals';
import { readNoted } from '../../arguments/dumps.ts';
import {
  type AnyModel,
  argumentsOf,
  chosenClass,
  classOption,
  computed,
  expectNeeds,
  tensorOf,
} from '../../arguments/forward.ts';
import { PICTURES, pixelsOf } from '../../arguments/images.ts';
import { expectAllDone } from '../../arguments/many.ts';
import {
  addComputeOptions,
  addSourceOptions,
  collect,
  type ComputeOptions,
  filesOf,
  loadOptions,
  type SourceOptions,
} from '../../arguments/options.ts';
import { writeWhole } from '../../arguments/out.ts';
import { idsOf, positionsOf } from '../../arguments/texts.ts';
import { Exit } from '../../terminal/errors.ts';
import type { Io } from '../../terminal/io.ts';
import { plural, print, printable } from '../../terminal/output.ts';
import { version } from '../../version.ts';

interface ParityDumpOptions extends SourceOptions, ComputeOptions {
  inputs?: string;
  text?: string[];
  out: string;
  format?: DumpFormat;
  class?: string;
  interpolatePosEncoding?: boolean;
}

/** dumpFormats of parity, which is loaded only when it runs. */
const FORMATS: readonly DumpFormat[] = ['folder', 'safetensors', 'npz', 'npy', 'bin'];

export function addParityDump(parity: Command, io: Io): void {
  const command = parity
    .command('dump')
    .summary('write what this implementation computes')
    .description(
      "Runs the model on pictures and texts, or on tensors named as forward's arguments, and writes a dump: the inputs, " +
        "every module's output under its HF path, and every output field.",
    )
    .argument('[pictures...]', PICTURES)
    .option('--text <text>', 'a text (repeatable)', collect)
    .option('--inputs <file>', 'pixel_values and input_ids instead, in any format of a dump')
    .requiredOption('--out <path>', 'a name in .safetensors or .npz, else a folder')
    .addOption(
      new Option('--format <name>', 'folder has a manifest; npy and bin a file a tensor').choices(
        FORMATS,
      ),
    )
    .addOption(classOption())
    .option('--interpolate-pos-encoding', 'take pictures of any size')
    .addHelpText(
      'after',
      `
Examples:
  siglip parity dump cat.jpg --text "a cat" --model my-model --out ours
  siglip parity dump --inputs in.safetensors --dtype float64 --out ours.safetensors`,
    );
  addComputeOptions(addSourceOptions(command)).action((names: string[], o: ParityDumpOptions) =>
    run(io, names, o),
  );
}

async function run(io: Io, names: readonly string[], o: ParityDumpOptions): Promise<void> {
  const { writeDump } = await import('@siglip-ts/parity');
  const files = await filesOf(o, io);
  const config = await AutoConfig.fromPretrained(files);
  const kind = await chosenClass(o.class, files);
  const inputs = await inputsOf(io, names, o, files, config, kind);
  expectNeeds(inputs, kind, o.inputs ?? 'parity dump', 'name pictures and --text, or --inputs');
  await using model = await load(kind, files, loadOptions(o, io));
  const taps = await tapsOf(io, model, inputs, o.interpolatePosEncoding ?? false);
  const producer = `siglip-ts ${version}`;
  const about = { schema: 1, producer, model: files.name, dtype: o.dtype } as const;
  const dump = { ...about, taps };
  const file = o.format === undefined ? /\.(safetensors|npz)$/.exec(o.out)?.[1] : o.format;
  if (file === 'safetensors' || file === 'npz')
    await writeWhole([[o.out, (path) => writeDump(path, dump, file)]]);
  else await writeDump(o.out, dump, o.format);
  print(io, [`${plural(taps.size, 'tensor')} of ${kind.name} in ${o.dtype}: ${printable(o.out)}`]);
}

/** The inputs, every module's output, and every output field. */
async function tapsOf(
  io: Io,
  model: AnyModel,
  inputs: ReadonlyMap<string, DumpTensor>,
  sizes: boolean,
): Promise<Map<string, DumpTensor>> {
  const switches = { output_hidden_states: true, ...(sizes && { interpolate_pos_encoding: true }) };
  const found = await computed(io, model, inputs, { ...switches, taps: true });
  const taps = new Map(inputs);
  for (const [path, x] of found) taps.set(path, await tensorOf(x));
  return taps;
}

/** What the class is given: a file's tensors, or what the model's own processors make of pictures and texts. */
async function inputsOf(
  io: Io,
  names: readonly string[],
  o: ParityDumpOptions,
  files: ModelFiles,
  config: AnyConfig,
  kind: ModelClass,
): Promise<Map<string, DumpTensor>> {
  const raw = names.length > 0 || o.text !== undefined;
  if (o.inputs !== undefined) {
    if (raw) throw new Exit(2, 'parity dump: pictures or texts and --inputs, expected one kind');
    const { taps } = await readNoted(io, o.inputs);
    return argumentsOf(io, o.inputs, taps, kind);
  }
  const inputs = new Map<string, DumpTensor>();
  if (o.text) {
    const tokenizer = await AutoTokenizer.fromPretrained(files);
    const { shape, data } = idsOf(io, tokenizer, o.text, positionsOf(config) ?? 64);
    inputs.set('input_ids', { shape, dtype: 'int32', data });
  }
  if (names.length > 0) {
    const processor = await AutoImageProcessor.fromPretrained(files);
    const { shape, data, course } = await pixelsOf(io, processor, names);
    expectAllDone(io, { ...course, done: 0 }); // nothing is: a dump of other inputs helps nobody
    inputs.set('pixel_values', { shape, dtype: 'float32', data });
  }
  return inputs;
}
