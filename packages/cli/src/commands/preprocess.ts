// siglip preprocess: pictures to the numbers that the vision tower takes.
import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { AutoImageProcessor } from 'siglip-ts';
import { PICTURES, pixelsOf } from '../arguments/images.ts';
import { addSourceOptions, filesOf, type SourceOptions } from '../arguments/options.ts';
import { float32, writeTensors } from '../arguments/tensors.ts';
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
    .option('--out <file>', 'write .safetensors with the tensor "pixel_values"')
    .option('--json', 'print {"shape", "min", "max", "mean", "sha256"}')
    .addHelpText(
      'after',
      `
Examples:
  siglip preprocess photo.jpg
  siglip preprocess *.jpg --fast --out pixels.safetensors`,
    );
  addSourceOptions(command).action((images: string[], o: PreprocessOptions) =>
    preprocess(io, images, o),
  );
}

async function preprocess(io: Io, images: readonly string[], o: PreprocessOptions): Promise<void> {
  if (o.out !== undefined && !o.out.endsWith('.safetensors'))
    throw new Exit(2, `--out: "${o.out}", expected a name in .safetensors`);
  const files = await filesOf(o, io);
  const processor = await AutoImageProcessor.fromPretrained(
    files,
    o.fast ? { use_fast: true } : {},
  );
  const { shape, data } = await pixelsOf(io, processor, images);
  if (o.out !== undefined)
    await writeTensors(o.out, new Map([['pixel_values', float32(shape, data)]]), {});
  const facts = { ...(o.out !== undefined && { out: o.out }), shape, ...statistics(data) };
  if (o.json) return printJson(io, facts);
  print(io, [
    ...(o.out === undefined ? [] : [`file    ${printable(o.out)}`]),
    `shape   [${shape.join(', ')}]`,
    `range   ${facts.min.toFixed(4)} to ${facts.max.toFixed(4)}, mean ${facts.mean.toFixed(4)}`,
    `sha256  ${facts.sha256}`,
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
