// siglip convert: a checkpoint of big_vision, where SigLIP was trained, as a model folder in HF layout.
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { serialize, type StoredTensor, type TensorData } from '@siglip-ts/safetensors';
import { SiglipImageProcessor } from 'siglip-ts';
import { readNoted } from '../arguments/dumps.ts';
import { note, wholeNumber } from '../arguments/options.ts';
import { writeWhole } from '../arguments/out.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { count, plural, print, printable } from '../terminal/output.ts';

interface ConvertOptions {
  imageSize?: number;
  tokenizer?: string;
}

/** One of them is a tokenizer: SentencePiece's model of SigLIP, or tokenizers' of SigLIP 2. */
const VOCABULARY = ['spiece.model', 'tokenizer.json'];
/** Copied if they are there. */
const SETTINGS = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'];

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
    .option('--tokenizer <dir>', `folder to copy ${VOCABULARY.join(' or ')} and its settings from`)
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
  const tokenizer = await tokenizerFiles(o.tokenizer); // before the work
  const { taps } = await readNoted(io, npz);
  const size = o.imageSize === undefined ? {} : { image_size: o.imageSize };
  const { config, tensors } = await fromBigVision(taps, size);
  const { image_size } = config.vision_config;
  const processor = new SiglipImageProcessor({ size: { height: image_size, width: image_size } });

  await mkdir(folder, { recursive: true });
  const stored = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of tensors)
    stored.set(name, { dtype: 'F32', shape, data: data as TensorData });
  await writeWhole([
    [join(folder, 'config.json'), config.to_json_string()],
    [join(folder, 'preprocessor_config.json'), processor.to_json_string()],
    [join(folder, 'model.safetensors'), serialize(stored, new Map([['format', 'pt']]))],
  ]);
  for (const path of tokenizer) await copyFile(path, join(folder, basename(path)));
  if (o.tokenizer === undefined)
    note(io, `no tokenizer: a model for texts needs ${VOCABULARY.join(' or ')}, see --tokenizer`);
  const numbers = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  print(io, [
    `${plural(tensors.size, 'tensor')}, ${count(numbers)} parameters: ${printable(folder)}`,
  ]);
}

/** The paths of what there is of a tokenizer. */
async function tokenizerFiles(folder: string | undefined): Promise<string[]> {
  if (folder === undefined) return [];
  const there = await readdir(folder);
  if (!VOCABULARY.some((name) => there.includes(name)))
    throw new Exit(2, `--tokenizer: ${folder} has neither ${VOCABULARY.join(' nor ')}`);
  return [...VOCABULARY, ...SETTINGS]
    .filter((name) => there.includes(name))
    .map((name) => join(folder, name));
}
