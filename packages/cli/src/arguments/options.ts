// The options that several commands share, and what they mean to the library.
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  backendNames,
  defaultModel,
  type LoadOptions,
  mapFiles,
  type ModelFiles,
  modelFiles,
  type Reference,
} from 'siglip-ts';
import { withReference } from 'siglip-ts/internals';
import { freeLine } from '../terminal/bar-line.ts';
import type { Io } from '../terminal/io.ts';
import { oneLine } from '../terminal/output.ts';
import { withDownloads } from '../terminal/progress.ts';

export interface SourceOptions {
  model?: string;
  revision?: string;
  cache?: string;
  localFilesOnly?: boolean;
  token?: string;
  reference?: Reference;
}
export interface ComputeOptions {
  backend?: (typeof backendNames)[number];
  dtype: string;
  attn: NonNullable<LoadOptions['attn_implementation']>;
  threads: number | 'auto';
  weights?: NonNullable<LoadOptions['weights']>;
}

export const MODEL = 'folder in HF layout, or hub id (default: the embedded model)';

/** Which model. */
export const addSourceOptions = (command: Command): Command =>
  addHubOptions(command.optionsGroup('Model:').option('--model <dir|id>', MODEL)).addOption(
    new Option('--reference <version>', REFERENCE).choices(['4.49', '5']),
  );

const REFERENCE = 'whose ids, pixels and scores: transformers 4.49 or 5 (default: who wrote it)';

/** How to get it from the hub. */
export const addHubOptions = (command: Command): Command =>
  command
    .optionsGroup('Model:')
    .option('--revision <name>', 'branch, tag or commit of a hub model (default: main)')
    .option('--cache <dir>', 'where hub files are kept (default: ~/.cache/siglip-ts)')
    .option('--local-files-only', 'never ask the hub, use only what the cache has')
    .option('--token <token>', 'for private hub models (default: $HF_TOKEN)');

/** How it computes. */
export const addComputeOptions = (command: Command): Command =>
  command
    .optionsGroup('Computation:')
    .addOption(new Option('--backend <name>', BACKEND).choices(backendNames))
    .addOption(choice('--dtype <dtype>', 'what arithmetic rounds to', DTYPES))
    .addOption(choice('--attn <name>', 'how attention is computed', ATTENTIONS, 'sdpa'))
    .addOption(new Option('--weights <storage>', STORAGE).choices(STORAGES))
    .addOption(
      new Option('--threads <n>', 'how many threads compute, or auto: by cores and model')
        .argParser((text) => (text === 'auto' ? text : wholeNumber(text)))
        .default('auto'),
    );

const STORAGE = 'how the backend stores weights (default: float32, or as `siglip quantize` did)';
const BACKEND = 'what computes (default: the fastest that has the dtype)';
export const DTYPES = ['float32', 'float64', 'float16', 'bfloat16'] as const;
const STORAGES = ['float32', 'float16', 'int8', 'w8a8'] as const;
const ATTENTIONS = ['eager', 'sdpa', 'flash_attention_2'] as const;

/** An option that takes one of some words, by default the first. */
export const choice = (
  flags: string,
  description: string,
  words: readonly string[],
  initial = words[0],
): Option => new Option(flags, description).choices(words).default(initial);

/** A whole number above 0 from the command line. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('expected a whole number above 0');
  return Number(text);
}

/** Collects what a repeated option is given. */
export const collect = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  value,
];

/** The files of the model that the options name; `ranges`: weights on the hub are read there, and not downloaded. */
export async function filesOf(o: SourceOptions, io: Io, ranges = false): Promise<ModelFiles> {
  return withReference(await modelOf(o, io, ranges), o.reference);
}

async function modelOf(o: SourceOptions, io: Io, ranges: boolean): Promise<ModelFiles> {
  const { model } = o;
  if (model === undefined) return mapFiles(await defaultModel(), 'the embedded model');
  const token = o.token ?? io.env.HF_TOKEN;
  return withDownloads(io, (progress_callback) =>
    modelFiles(model, {
      ...(o.revision !== undefined && { revision: o.revision }),
      ...(o.cache !== undefined && { cache: o.cache }),
      ...(token && { token }),
      local_files_only: o.localFilesOnly ?? false,
      ranges,
      progress_callback,
      signal: io.signal,
    }),
  );
}

export const loadOptions = (o: ComputeOptions, io: Io): LoadOptions => ({
  ...(o.backend && { backend: o.backend }),
  dtype: o.dtype,
  threads: o.threads,
  ...(o.weights && { weights: o.weights }),
  attn_implementation: o.attn,
  signal: io.signal,
  warn: (message) => note(io, message),
});

/** For every forward: without a pause between layers, Ctrl-C would not be noticed before the end. */
export const runOptions = (io: Io) => ({
  signal: io.signal,
  breathe: () => setImmediate(),
});

/** Says something on stderr that is no error. */
export function note(io: Io, message: string): void {
  freeLine(io);
  io.stderr.write(`siglip: note: ${oneLine(message)}\n`);
}
