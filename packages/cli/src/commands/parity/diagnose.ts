// siglip parity diagnose: which known mistakes explain somebody else's numbers.
import type { Command } from 'commander';
import { diagnose, type Inputs, subjectOf, type Verdict } from '@siglip-ts/parity';
import { addMapOption, readNoted, readRenamed } from '../../arguments/dumps.ts';
import { readPicture } from '../../arguments/images.ts';
import { addSourceOptions, collect, filesOf, type SourceOptions } from '../../arguments/options.ts';
import { Exit } from '../../terminal/errors.ts';
import type { Io } from '../../terminal/io.ts';
import { print, printable, printJson } from '../../terminal/output.ts';

interface DiagnoseOptions extends SourceOptions {
  dump: string;
  map: string;
  inputs?: string;
  text?: string[];
  json?: boolean;
}

export function addParityDiagnose(parity: Command, io: Io): void {
  const command = parity
    .command('diagnose')
    .summary('name the known mistakes behind a dump')
    .description(
      'Runs the reference on the same inputs, finds the first tensor of the dump that differs, and ranks the known ' +
        'mistakes by how much of the difference each explains. "none": the dump is right. "unknown": nothing explains it.',
    )
    .argument('[pictures...]', 'the pictures that the dump was made of')
    .requiredOption('--dump <file>', 'their numbers under HF names: a dump in any of the formats')
    .option('--inputs <file>', 'pixel_values and input_ids, if not pictures and texts')
    .option('--text <text>', 'a text that the dump was made of (repeatable)', collect)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Exit code 1 if the dump is not right.

Example:
  siglip parity diagnose cat.jpg --text "a cat" --model my-model --dump theirs.safetensors`,
    );
  addMapOption(command);
  addSourceOptions(command).action((pictures: string[], o: DiagnoseOptions) =>
    run(io, pictures, o),
  );
}

async function run(io: Io, pictures: readonly string[], o: DiagnoseOptions): Promise<void> {
  const { taps } = await readRenamed(io, o.dump, o.map);
  const inputs = await inputsOf(io, pictures, o);
  const subject = await subjectOf(await filesOf(o, io));
  let ranking: Verdict[];
  try {
    ranking = await diagnose(subject, inputs, { taps });
  } finally {
    await subject.close();
  }
  if (o.json) printJson(io, { ranking });
  else
    print(
      io,
      ranking.map((v) => `${v.mistake}  ${v.explains.toFixed(3)}  ${printable(v.evidence)}`),
    );
  if (ranking[0]!.mistake !== 'none') throw new Exit(1);
}

async function inputsOf(
  io: Io,
  names: readonly string[],
  { inputs, text }: DiagnoseOptions,
): Promise<Inputs> {
  const given = inputs === undefined ? undefined : (await readNoted(io, inputs)).taps;
  const ids = (key: string) => {
    const x = given?.get(key);
    return x && { shape: x.shape, data: Int32Array.from(x.data) };
  };
  const pixels = given?.get('pixel_values');
  const pictures = [];
  for (const name of names) pictures.push(await readPicture(name, io));
  return {
    ...(pictures.length > 0 && { pictures }),
    ...(text && { texts: text }),
    ...(pixels && { pixel_values: { shape: pixels.shape, data: Float64Array.from(pixels.data) } }),
    ...(ids('input_ids') && { input_ids: ids('input_ids')! }),
    ...(ids('attention_mask') && { attention_mask: ids('attention_mask')! }),
  };
}
