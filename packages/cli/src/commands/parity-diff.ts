// siglip parity diff: tap by tap, how far a dump is from the reference, and which module is the first to be wrong.
import { writeFile } from 'node:fs/promises';
import type { Dump, DumpTensor, Tolerance } from '@siglip-ts/parity';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { AutoConfig, type TensorLike } from 'siglip-ts';
import { classNameOf, classNames, classOf, type ClassName, type Inputs } from '../classes.ts';
import { Exit } from '../errors.ts';
import type { Io } from '../io.ts';
import {
  addComputeOptions,
  addSourceOptions,
  filesOf,
  loadOptions,
  runOptions,
  type ComputeOptions,
  type SourceOptions,
} from '../options.ts';
import { fieldsOf } from './dump.ts';

interface DiffOptions extends SourceOptions, ComputeOptions {
  inputs?: string;
  class?: ClassName;
  profile: string;
  atol?: number;
  rtol?: number;
  ulp?: number;
  format: 'text' | 'json' | 'junit' | 'html' | 'md';
  out?: string;
  interpolatePosEncoding?: boolean;
}

const profiles = ['torch-f32', 'torch-f16', 'torch-bf16', 'hf-test', 'numpy'];

export function addParityDiff(parity: Command, io: Io): void {
  const command = parity
    .command('diff')
    .summary('find the first module that is wrong')
    .description(
      'Runs the reference on the inputs and compares every tensor that the dump has. Each module is judged twice: on the ' +
        "model's inputs (total), and given the dump's own tensors (added), so that an early error is not held against " +
        'what comes later. Exit code 1 if something is wrong.',
    )
    .argument('<dump>', 'their numbers')
    .option('--inputs <file>', "the model's inputs, if the dump does not have them itself")
    .addOption(
      new Option('--class <name>', "the model class, if not config.json's").choices(classNames),
    )
    .addOption(
      new Option('--profile <name>', 'what counts as equal').choices(profiles).default('torch-f32'),
    )
    .option('--atol <x>', 'absolute tolerance, instead of the profile', tolerance)
    .option('--rtol <x>', 'relative tolerance, instead of the profile', tolerance)
    .option('--ulp <n>', 'so many units in the last place are always fine', tolerance)
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
  siglip parity diff theirs.npz --model my-model --dtype float64 --format html --out report.html`,
    );
  addComputeOptions(addSourceOptions(command)).action((path: string, o: DiffOptions) =>
    run(io, path, o),
  );
}

async function run(io: Io, path: string, o: DiffOptions): Promise<void> {
  const parity = await import('@siglip-ts/parity');
  const theirs = await parity.readDump(path);
  const inputs = o.inputs === undefined ? theirs : await parity.readDump(o.inputs);
  const files = await filesOf(o, io);
  const name = o.class ?? classNameOf(await AutoConfig.fromPretrained(files));
  await using model = await classOf(name).load(files, loadOptions(o, io));
  const given = {
    ...inputsOf(inputs, name, o.inputs ?? path),
    ...(o.interpolatePosEncoding && { interpolate_pos_encoding: true }),
    output_hidden_states: true,
    ...runOptions(io),
  };
  const t: Tolerance = {
    ...parity.PROFILES[o.profile as keyof typeof parity.PROFILES],
    ...(o.atol !== undefined && { atol: o.atol }),
    ...(o.rtol !== undefined && { rtol: o.rtol }),
    ...(o.ulp !== undefined && { ulp: o.ulp }),
  };
  const found = await parity.diff(
    theirs,
    async (listener) => {
      const output = await model.forward({ ...given, listener } as unknown as Inputs);
      const all = new Map<string, DumpTensor>();
      for (const [field, x] of fieldsOf(output))
        all.set(field, { shape: x.shape, dtype: x.dtype, data: (await x.data()) as Float32Array });
      return all;
    },
    t,
  );
  const document = parity.render[o.format](found, t);
  if (o.out === undefined) io.stdout.write(document);
  else await writeFile(o.out, document);
  if (found.first !== null) throw new Exit(1);
}

/** What the class takes of the dump's tensors. */
function inputsOf(dump: Dump, name: ClassName, path: string): Record<string, TensorLike> {
  const { tensors } = classOf(name);
  const inputs = Object.fromEntries([...dump.taps].filter(([key]) => tensors.includes(key)));
  const needed = name === 'SiglipTextModel' ? ['input_ids'] : name === 'SiglipModel' ? ['input_ids', 'pixel_values'] : ['pixel_values']; // prettier-ignore
  const missing = needed.filter((key) => !(key in inputs));
  if (missing.length > 0)
    throw new Exit(
      2,
      `${path}: no ${missing.join(' and no ')}, which ${name} needs; name a file with --inputs`,
    );
  return inputs;
}

function tolerance(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0))
    throw new InvalidArgumentError('expected a number that is not negative');
  return value;
}
