// siglip convert: a checkpoint of big_vision, where SigLIP was trained, as a model folder in HF layout.
import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { serialize, type StoredTensor, type TensorData } from '@siglip-ts/safetensors';
import { SiglipImageProcessor } from 'siglip-ts';
import { note, wholeNumber } from '../arguments/options.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { count, plural, print, printable } from '../terminal/output.ts';

interface ConvertOptions {
  imageSize?: number;
  tokenizer?: string;
}

/** Without the first there is no tokenizer; the others are copied if they are there. */
const TOKENIZER = ['spiece.model', 'tokenizer_config.json', 'special_tokens_map.json'];

export function addConvert(program: Command, io: Io): void {
  program
    .command('convert')
    .summary('turn a big_vision checkpoint into a model folder')
    .description(
      'Reads the .npz that big_vision saved and writes config.json, model.safetensors and preprocessor_config.json, as ' +
        'transformers loads them. The configuration is read from the shapes of the arrays.',
    )
    .argument('<npz>', 'the checkpoint, up to 2 GiB')
    .argument('<folder>', 'where to write the model')
    .option(
      '--image-size <n>',
      'side of the pictures, where it is no multiple of the patch',
      wholeNumber,
    )
    .option('--tokenizer <dir>', `folder to copy ${TOKENIZER[0]} and its settings from`)
    .addHelpText(
      'after',
      `
Example:
  siglip convert webli_en_b16_224_63724782.npz my-model --tokenizer siglip-base-patch16-224`,
    )
    .action((npz: string, folder: string, o: ConvertOptions) => convert(io, npz, folder, o));
}

async function convert(io: Io, npz: string, folder: string, o: ConvertOptions): Promise<void> {
  const { fromBigVision } = await import('@siglip-ts/inspect');
  const { readDump } = await import('@siglip-ts/parity');
  if (o.tokenizer !== undefined) await stat(join(o.tokenizer, TOKENIZER[0]!)); // before the work
  const { taps } = await readDump(npz);
  const size = o.imageSize === undefined ? {} : { image_size: o.imageSize };
  const { config, tensors } = await fromBigVision(taps, size);
  const { image_size } = config.vision_config;
  const processor = new SiglipImageProcessor({ size: { height: image_size, width: image_size } });

  await mkdir(folder, { recursive: true });
  const stored = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of tensors)
    stored.set(name, { dtype: 'F32', shape, data: data as TensorData });
  await writeFile(join(folder, 'config.json'), config.to_json_string());
  await writeFile(join(folder, 'preprocessor_config.json'), processor.to_json_string());
  await writeFile(
    join(folder, 'model.safetensors'),
    serialize(stored, new Map([['format', 'pt']])),
  );
  await copyTokenizer(o.tokenizer, folder);
  if (o.tokenizer === undefined)
    note(io, `no tokenizer: a model for texts needs ${TOKENIZER[0]}, see --tokenizer`);
  const numbers = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  print(io, [
    `${plural(tensors.size, 'tensor')}, ${count(numbers)} parameters: ${printable(folder)}`,
  ]);
}

async function copyTokenizer(from: string | undefined, folder: string): Promise<void> {
  if (from === undefined) return;
  for (const name of TOKENIZER)
    await copyFile(join(from, name), join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || name === TOKENIZER[0])
        throw new Exit(2, `${join(from, name)}: ${error.message}`);
    });
}
