// siglip preprocess: pictures to the numbers that the vision tower takes.
import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { AutoImageProcessor } from 'siglip-ts';
import { PICTURES, pixelsOf } from '../arguments/images.ts';
import { expectAllDone } from '../arguments/many.ts';
import { addSourceOptions, filesOf, type SourceOptions } from '../arguments/options.ts';
import { expectWritable, writeOrKeep } from '../arguments/out.ts';
import { fileOf, float32 } from '../arguments/tensors.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { print, printable, printJson } from '../terminal/output.ts';

interface PreprocessOptions extends SourceOptions {
  fast?: boolean;
  out?: string;
  json?: boolean;
}

export function addPreprocess(program: Command, io: Io): void {
  const command = program
    .command('preprocess')
    .summary('show what the model sees of a picture')
    .description(
      'Decodes, turns upright, resizes and normalises pictures as the processor that the model names does in transformers, to the ' +
        'last bit: pixel_values, float32 [B, 3, H, W]. Without --out only describes them.',
    )
    .argument('<images...>', PICTURES)
    .option('--fast', 'resize as torchvision does, even where the model names SiglipImageProcessor')
    .option('--out <file>', 'write .safetensors: "pixel_values", with the names in its metadata')
    .option('--json', 'print {"shape", "min", "max", "mean", "sha256"}')
    .addHelpText(
      'after',
      `
Examples:
  siglip preprocess photo.jpg
  siglip preprocess photos --fast --out pixels.safetensors`,
    );
  addSourceOptions(command).action((images: string[], o: PreprocessOptions) =>
    preprocess(io, images, o),
  );
}

async function preprocess(io: Io, images: readonly string[], o: PreprocessOptions): Promise<void> {
  if (o.out !== undefined && !o.out.endsWith('.safetensors'))
    throw new Exit(2, `--out: "${o.out}", expected a name in .safetensors`);
  if (o.out !== undefined) await expectWritable(o.out);
  const files = await filesOf(o, io);
  const processor = await AutoImageProcessor.fromPretrained(
    files,
    o.fast ? { use_fast: true } : {},
  );
  const { shape, data, names, course } = await pixelsOf(io, processor, images);
  if (names.length > 0) {
    if (o.out !== undefined) {
      const pixel_values = float32(shape, data);
      const bytes = fileOf({ pixel_values }, { names: JSON.stringify(names) });
      await writeOrKeep([[o.out, bytes]]);
    }
    report(io, o, { shape, ...statistics(data) });
  }
  expectAllDone(io, course);
}

interface Facts extends ReturnType<typeof statistics> {
  readonly shape: readonly number[];
}

function report(io: Io, { out, json }: PreprocessOptions, facts: Facts): void {
  if (json) return printJson(io, { ...(out !== undefined && { out }), ...facts });
  const { shape, min, max, mean, sha256 } = facts;
  print(io, [
    ...(out === undefined ? [] : [`file    ${printable(out)}`]),
    `shape   [${shape.join(', ')}]`,
    `range   ${min.toFixed(4)} to ${max.toFixed(4)}, mean ${mean.toFixed(4)}`,
    `sha256  ${sha256}`,
  ]);
}

function statistics(data: Float32Array) {
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (const x of data) {
    min = Math.min(min, x);
    max = Math.max(max, x);
    sum += x;
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { min, max, mean: sum / data.length, sha256 };
}
