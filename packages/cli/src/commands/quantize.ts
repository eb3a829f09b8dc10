// siglip quantize: a model folder with its large weights stored in fewer bits, read here with the numbers of the option
// `weights`. Which weights those are is in linear-weights.ts, how they are written down in siglip-ts.
import { mkdir, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { toBits } from '@siglip-ts/core';
import { companions } from '@siglip-ts/hub';
import { linearWeights } from '@siglip-ts/inspect';
import { type FileDType, type SafetensorsFile, serializeHeader, type TensorData } from '@siglip-ts/safetensors'; // prettier-ignore
import { AutoConfig, type ModelFiles } from 'siglip-ts';
import {
  checkpointOf,
  expectQuantization,
  expectReadable,
  INT8_FORMAT,
  isInt8,
  openWeights,
  orWhatItIs,
  QUANTIZATION,
  quantizeRows,
  ROW_END,
} from 'siglip-ts/internals';
import { addHubOptions, filesOf, type SourceOptions } from '../arguments/options.ts';
import { writeWhole } from '../arguments/out.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { plural, print, printable, printJson, scaled } from '../terminal/output.ts';
import { withProgress } from '../terminal/progress.ts';

const STORAGES = ['float16', 'int8'] as const;
type Narrow = (typeof STORAGES)[number];

interface QuantizeOptions extends Omit<SourceOptions, 'model'> {
  weights: Narrow;
  force?: boolean;
  json?: boolean;
}

export function addQuantize(program: Command, io: Io): void {
  const command = program
    .command('quantize')
    .summary('store a model small, as float16 or int8')
    .description(
      'Writes the model again with the weights of its linear layers in fewer bits. What reads it here computes the same ' +
        'numbers as with --weights of that name on the original. A float16 model is one for transformers, too; an int8 ' +
        'one is read here only, and refused elsewhere.',
    )
    .argument('<model>', 'folder in HF layout, or hub id')
    .argument('<folder>', 'where to write it')
    .addOption(
      new Option('--weights <storage>', 'of the weights of linear layers')
        .choices(STORAGES)
        .makeOptionMandatory(),
    )
    .option('--force', 'write into a folder that is not empty')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  siglip quantize google/siglip-base-patch16-224 small --weights int8
  siglip classify photo.jpg --labels "a cat, a dog" --model small`,
    );
  addHubOptions(command).action((model: string, folder: string, o: QuantizeOptions) =>
    quantize(io, model, folder, o),
  );
}

async function quantize(io: Io, model: string, folder: string, o: QuantizeOptions): Promise<void> {
  await expectTarget(model, folder, o.force ?? false);
  await orWhatItIs(await filesOf({ ...o, model }, io), (files) => narrowed(io, files, folder, o));
}

/** Writes the folder. */
async function narrowed(
  io: Io,
  files: ModelFiles,
  folder: string,
  o: QuantizeOptions,
): Promise<void> {
  const config = await AutoConfig.fromPretrained(files);
  expectQuantization(config.quantization_config, files.name);
  const linear = await linearWeights(config);
  const file = await openWeights(files);
  try {
    if (isInt8(file) || config.quantization_config != null)
      throw new Exit(2, `${files.name}: int8 already, expected the model that it was made from`);
    expectReadable(file, linear, files.name);
    // As int8 only matrices: the patch embedding, with its four axes, stays as it was, and the backend packs it.
    const axes = o.weights === 'int8' ? [2] : [2, 4];
    const narrow = [...linear].filter((key) =>
      axes.includes(file.tensors.get(key)?.shape.length ?? 0),
    );
    if (narrow.length === 0)
      throw new Exit(2, `${files.name}: no weights of linear layers among ${plural(file.tensors.size, 'tensor')}`); // prettier-ignore
    const parts = partsOf(file, new Set(narrow), o.weights);
    await mkdir(folder, { recursive: true });
    const format = o.weights === 'int8' ? INT8_FORMAT : 'pt';
    const weights = (path: string) => writeWeights(io, path, parts, new Map([['format', format]]));
    await writeWhole([
      [join(folder, 'model.safetensors'), weights],
      ...[...(await companions(files))].map(
        ([name, bytes]) => [join(folder, name), bytes] as const,
      ),
      [join(folder, 'config.json'), await configOf(files, file, o.weights)],
    ]);
    report(io, o, {
      model: files.name,
      folder,
      weights: o.weights,
      tensors: file.tensors.size,
      narrow: narrow.length,
      bytes: {
        before: sum([...file.tensors.values()].map(({ begin, end }) => end - begin)),
        after: sum([...parts.values()].map(({ bytes }) => bytes)),
      },
    });
  } finally {
    await file.close();
  }
}

/** Throws where the folder has something in it that may be somebody's, or is the model itself. */
async function expectTarget(model: string, folder: string, force: boolean): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error.code === 'ENOTDIR' ? new Exit(2, `${folder}: a file, expected a folder`) : error;
  });
  if (found.length === 0) return;
  if (!force) throw new Exit(2, `${folder}: not empty; name another folder, or pass --force`);
  if ((await realpath(folder)) === (await realpath(model).catch(() => null)))
    throw new Exit(2, `${folder}: the model itself, expected another folder`);
}

/** A tensor to be written: what it is, and how its data is had when its turn comes. */
interface Part {
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  readonly bytes: number;
  data(): Promise<TensorData>;
}

/** The tensors of the new file, by name: those that are narrow, and all others as they were. */
function partsOf(
  file: SafetensorsFile,
  narrow: ReadonlySet<string>,
  to: Narrow,
): Map<string, Part> {
  const checkpoint = checkpointOf(file);
  const parts = new Map<string, Part>();
  for (const [key, { dtype, shape, begin, end }] of file.tensors) {
    const n = shape[0] ?? 1;
    const count = shape.reduce((a, b) => a * b, 1);
    const floats = async () => (await checkpoint.read(key, 0, n, 'float32')) as Float32Array;
    if (!narrow.has(key))
      parts.set(key, { dtype, shape, bytes: end - begin, data: async () => (await file.read(key)).data }); // prettier-ignore
    else if (to === 'float16') {
      const data = async () => toBits(within(key, await floats(), 65504), 'float16') as TensorData;
      parts.set(key, { dtype: 'F16', shape, bytes: 2 * count, data });
    } else {
      const data = async () => quantizeRows(within(key, await floats(), Infinity), n);
      const width = count / n + ROW_END;
      parts.set(key, { dtype: 'I8', shape: [n, width], bytes: n * width, data });
    }
  }
  return parts;
}

/** The values again. Throws for one that is not finite, or larger than the storage has. */
function within(key: string, values: Float32Array, most: number): Float32Array {
  const wrong = values.find((x) => !(Number.isFinite(x) && Math.abs(x) <= most));
  if (wrong !== undefined)
    throw new Exit(2, `tensor "${key}": ${wrong}, expected ${most < Infinity ? `numbers within ±${most}` : 'finite numbers'}`); // prettier-ignore
  return values;
}

/** Tensor by tensor, so that a model need not fit into memory. */
async function writeWeights(
  io: Io,
  path: string,
  parts: ReadonlyMap<string, Part>,
  metadata: ReadonlyMap<string, string>,
): Promise<void> {
  const { header, order } = serializeHeader(parts, metadata);
  await using out = await open(path, 'w');
  await out.writeFile(header);
  await withProgress(io, { what: 'tensor', names: order }, async (key) => {
    const { buffer, byteOffset, byteLength } = await parts.get(key)!.data();
    await out.writeFile(new Uint8Array(buffer, byteOffset, byteLength));
  });
}

/** config.json as it was; of int8 weights it says so. What other readers widen float16 weights to is what they were. */
async function configOf(files: ModelFiles, file: SafetensorsFile, to: Narrow): Promise<string> {
  const text = new TextDecoder().decode(await files.bytes('config.json'));
  const dict = JSON.parse(text) as Record<string, unknown>;
  const all = {
    ...dict,
    torch_dtype: dict.torch_dtype ?? dtypeOf(file),
    ...(to === 'int8' && { quantization_config: QUANTIZATION }),
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** Of the first float, as HF's `torch_dtype: "auto"` concludes it where a configuration says nothing. */
function dtypeOf({ tensors }: SafetensorsFile): string {
  const names: Record<string, string> = { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' }; // prettier-ignore
  const known = [...tensors.values()].find(({ dtype }) => names[dtype]);
  return names[known?.dtype ?? 'F32']!;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

interface Done {
  readonly model: string;
  readonly folder: string;
  readonly weights: Narrow;
  /** Of the model, and those of them that are narrow now. */
  readonly tensors: number;
  readonly narrow: number;
  /** Of all tensors, without the headers. */
  readonly bytes: { readonly before: number; readonly after: number };
}

function report(io: Io, { json }: QuantizeOptions, done: Done): void {
  if (json) return printJson(io, done);
  const { before, after } = done.bytes;
  print(io, [
    `${done.narrow} of ${plural(done.tensors, 'tensor')} as ${done.weights}, ${scaled(before)}B to ${scaled(after)}B: ${printable(done.folder)}`,
  ]);
}
