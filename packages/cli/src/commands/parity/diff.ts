// siglip parity diff: tap by tap, how far a dump is from the reference, and which module is the first to be wrong.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Dump, DumpTensor, Tolerance } from '@siglip-ts/parity';
import type { ModelOutput } from 'siglip-ts';
import { load, type ModelClass } from 'siglip-ts/internals';
import { addMapOption, readNoted, readRenamed } from '../../arguments/dumps.ts';
import {
  argumentsOf,
  chosenClass,
  classOption,
  expectNeeds,
  fieldsOf,
  tensorOf,
} from '../../arguments/forward.ts';
import {
  addComputeOptions,
  addSourceOptions,
  choice,
  type ComputeOptions,
  filesOf,
  loadOptions,
  note,
  runOptions,
  type SourceOptions,
} from '../../arguments/options.ts';
import { writeWhole } from '../../arguments/out.ts';
import { Exit } from '../../terminal/errors.ts';
import type { Io } from '../../terminal/io.ts';

interface DiffOptions extends SourceOptions, ComputeOptions {
  map: string;
  inputs?: string;
  class?: string;
  profile: string;
  atol?: number;
  rtol?: number;
  ulp?: number;
  nmse?: number;
  minShare: number;
  failOn: 'added' | 'total' | 'never';
  format: 'text' | 'json' | 'junit' | 'html' | 'md';
  out?: string;
  interpolatePosEncoding?: boolean;
}

const FAIL_ON = ['added', 'total', 'never'] as const;
const profiles = ['torch-f32', 'torch-f16', 'torch-bf16', 'hf-test', 'numpy', 'nmse'];

export function addParityDiff(parity: Command, io: Io): void {
  const command = parity
    .command('diff')
    .summary('find the first module that is wrong')
    .description(
      'Runs the reference on the inputs and compares every tensor that the dump has. Each module is judged twice: on the ' +
        "model's inputs (total), and given the dump's own tensors (added), so that an early error is not held against " +
        'what comes later. Exit code 1 if something is wrong, or if less than half of the modules were compared (--min-share); --fail-on total judges by what came together, never keeps 0.',
    )
    .argument('<dump>', 'their numbers')
    .option('--inputs <file>', "the model's inputs, if the dump does not have them itself")
    .addOption(classOption())
    .addOption(
      new Option('--profile <name>', 'what counts as equal').choices(profiles).default('torch-f32'),
    )
    .option('--atol <x>', 'absolute tolerance, instead of the profile', tolerance)
    .option('--rtol <x>', 'relative tolerance, instead of the profile', tolerance)
    .option('--ulp <n>', 'so many units in the last place are always fine', tolerance)
    .option('--nmse <db>', 'judge tensors by their NMSE, at most so many dB', decibels)
    .option('--min-share <x>', 'of the modules that have to be compared, 0 to 1', share, 0.5)
    .addOption(choice('--fail-on <error>', 'which error makes a module wrong', FAIL_ON))
    .addOption(
      new Option('--format <name>', 'how to tell')
        .choices(['text', 'json', 'junit', 'html', 'md'])
        .default('text'),
    )
    .option('--out <file>', 'write there instead of printing')
    .option('--interpolate-pos-encoding', 'pictures of any size')
    .addHelpText(
      'after',
      `
Examples:
  siglip parity diff theirs.safetensors --model my-model --inputs in.safetensors
  siglip parity diff theirs.npz --map timm --model my-model --format html --out report.html`,
    );
  addMapOption(command);
  addComputeOptions(addSourceOptions(command)).action((path: string, o: DiffOptions) =>
    run(io, path, o),
  );
}

async function run(io: Io, path: string, o: DiffOptions): Promise<void> {
  const parity = await import('@siglip-ts/parity');
  const theirs = await readRenamed(io, path, o.map);
  const files = await filesOf(o, io);
  const kind = await chosenClass(o.class, files);
  const inputs = await inputsOf(io, theirs, path, o, kind);
  await using model = await load(kind, files, loadOptions(o, io));
  const given = {
    ...Object.fromEntries(inputs),
    ...(o.interpolatePosEncoding && { interpolate_pos_encoding: true }),
    output_hidden_states: true,
    ...runOptions(io),
  };
  const t: Tolerance = {
    ...parity.PROFILES[o.profile as keyof typeof parity.PROFILES],
    ...(o.atol !== undefined && { atol: o.atol }),
    ...(o.rtol !== undefined && { rtol: o.rtol }),
    ...(o.ulp !== undefined && { ulp: o.ulp }),
    ...(o.nmse !== undefined && { nmse_db: o.nmse }),
  };
  const found = await parity.diff(
    theirs,
    async (listener) => {
      const output = (await model.forward({ ...given, listener } as never)) as ModelOutput;
      const all = new Map<string, DumpTensor>();
      for (const [field, x] of fieldsOf(output)) all.set(field, await tensorOf(x));
      return all;
    },
    t,
    o.failOn === 'never' ? 'added' : o.failOn,
    o.minShare,
  );
  const document = parity.render[o.format](found, t);
  if (o.out === undefined) io.stdout.write(document);
  else await writeWhole([[o.out, document]]);
  if ((found.first !== null || !found.share.pass) && o.failOn !== 'never') throw new Exit(1);
}

/** What the model is given: the dump's own inputs, or those of --inputs, which may hold nothing else. */
async function inputsOf(io: Io, theirs: Dump, path: string, o: DiffOptions, kind: ModelClass) {
  const own = new Map([...theirs.taps].filter(([key]) => kind.tensors.includes(key)));
  if (o.inputs === undefined) {
    expectNeeds(own, kind, path, 'name a file with --inputs');
    for (const [key, { shape }] of own)
      if (shape.length === 1 && key !== 'labels')
        throw new Exit(2, `${path}: ${key} has no shape; name a file with --inputs`);
    return own;
  }
  const given = argumentsOf(io, o.inputs, (await readNoted(io, o.inputs)).taps, kind);
  expectNeeds(given, kind, o.inputs, 'name another file');
  for (const [key, { data }] of given) {
    const theirs = own.get(key)?.data;
    if (theirs && (theirs.length !== data.length || theirs.some((x, i) => x !== data[i])))
      note(io, `the dump was made of another ${key} than ${o.inputs} has`);
  }
  return given;
}

function tolerance(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0))
    throw new InvalidArgumentError('expected a number that is not negative');
  return value;
}

function share(text: string): number {
  const value = tolerance(text);
  if (value > 1) throw new InvalidArgumentError('expected a number from 0 to 1');
  return value;
}

function decibels(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError('expected a number of dB, such as -70');
  return value;
}
