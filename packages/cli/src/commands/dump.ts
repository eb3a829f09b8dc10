// siglip dump: one forward on given inputs, every output in a safetensors file. For comparing implementations.
import type { Command } from 'commander';
import { gradientsOf } from '@siglip-ts/inspect';
import type { StoredTensor } from '@siglip-ts/safetensors';
import { load, type ModelClass } from 'siglip-ts/internals';
import { argumentsOf, chosenClass, classOption, computed } from '../arguments/forward.ts';
import {
  addComputeOptions,
  addSourceOptions,
  type ComputeOptions,
  filesOf,
  loadOptions,
  type SourceOptions,
} from '../arguments/options.ts';
import { expectWritable, writeWhole } from '../arguments/out.ts';
import { fileOf, readTensors, stored } from '../arguments/tensors.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { plural, print, printable } from '../terminal/output.ts';

interface DumpOptions extends SourceOptions, ComputeOptions {
  inputs: string;
  out: string;
  class?: string;
  returnLoss?: boolean;
  gradients?: boolean;
  interpolatePosEncoding?: boolean;
  outputHiddenStates?: boolean;
  outputAttentions?: boolean;
  taps?: boolean;
}

export function addDump(program: Command, io: Io): void {
  const command = program
    .command('dump')
    .summary('run a model and write every output to a file')
    .description(
      "Runs one forward. The inputs are tensors named as forward's arguments: input_ids, pixel_values, " +
        "attention_mask, position_ids, labels. The outputs have HF's field names, such as logits_per_image or " +
        "vision_model_output.hidden_states.0, and the model's dtype.",
    )
    .requiredOption('--inputs <file>', 'read the inputs from this .safetensors file')
    .requiredOption('--out <file>', 'write the outputs to this .safetensors file')
    .addOption(classOption())
    .option('--return-loss', 'also the loss of the batch')
    .option('--gradients', 'also the gradient of every parameter, as grad.<name>; needs a loss')
    .option('--interpolate-pos-encoding', 'take pictures of any size')
    .option('--output-hidden-states', 'also the output of every layer')
    .option('--output-attentions', 'also the attention weights of every layer')
    .option('--taps', "also every module's output, under its path")
    .addHelpText(
      'after',
      `
Examples:
  siglip dump --inputs in.safetensors --out out.safetensors --taps
  siglip dump --model my-model --class SiglipTextModel --dtype float64 \\
    --inputs in.safetensors --out out.safetensors`,
    );
  addComputeOptions(addSourceOptions(command)).action((o: DumpOptions) => dump(io, o));
}

async function dump(io: Io, o: DumpOptions): Promise<void> {
  await expectWritable(o.out);
  const files = await filesOf(o, io);
  const kind = await chosenClass(o.class, files);
  const { name } = kind;
  const switches = switchesOf(o, kind);
  const inputs = argumentsOf(io, o.inputs, await readTensors(o.inputs), kind);

  await using model = await load(kind, files, loadOptions(o, io));
  const found = await computed(io, model, inputs, { ...switches, taps: o.taps ?? false });
  const given = Object.fromEntries(inputs);
  const gradients = o.gradients ? await gradientsOf(model, given, switches) : [];
  const tensors: Record<string, StoredTensor> = {};
  for (const [path, x] of [...found, ...gradients]) tensors[path] = await stored(x);
  const bytes = fileOf(tensors, { class: name, dtype: o.dtype, attn: o.attn });
  await writeWhole([[o.out, bytes]]);
  print(io, [
    `${plural(Object.keys(tensors).length, 'tensor')} of ${name} in ${o.dtype}: ${printable(o.out)}`,
  ]);
}

/** HF's switches. Throws for one that the class does not have, as Python would. */
function switchesOf(o: DumpOptions, kind: ModelClass) {
  const particular = {
    ...(o.returnLoss && { return_loss: true }),
    ...(o.interpolatePosEncoding && { interpolate_pos_encoding: true }),
  };
  for (const key of Object.keys(particular))
    if (!kind.switches.includes(key))
      throw new Exit(2, `--${key.replaceAll('_', '-')}: ${kind.name} has no such switch`);
  return {
    ...particular,
    output_hidden_states: o.outputHiddenStates ?? false,
    output_attentions: o.outputAttentions ?? false,
  };
}
