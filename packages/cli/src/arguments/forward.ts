// One forward of a model of any class: what it is given, by the names of its arguments, and everything that it computes.
import { Option } from 'commander';
import { readConfig } from '@siglip-ts/hub';
import type { DumpTensor } from '@siglip-ts/parity';
import { type HostTensor, type ModelFiles, ModelOutput, type TensorLike } from 'siglip-ts';
import {
  CLASSES,
  classNamed,
  classNames,
  classOf,
  type ModelClass,
  orWhatItIs,
} from 'siglip-ts/internals';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { note, runOptions } from './options.ts';

/** Which of the model classes. */
export const classOption = (): Option =>
  new Option('--class <name>', "the model class, if not config.json's").choices(classNames());

/** The class that the option names, else the one that config.json was saved from. */
export const chosenClass = async (
  name: string | undefined,
  files: ModelFiles,
): Promise<ModelClass> =>
  name === undefined
    ? orWhatItIs(files, async (read) => classOf(await readConfig(read), files.name))
    : classNamed(name);

/** A loaded model of any class. */
export type AnyModel = ReturnType<ModelClass['make']>;

/** What the class takes of a file's tensors. One file may serve all classes, but its names must mean something. */
export function argumentsOf<T extends TensorLike>(
  io: Io,
  path: string,
  found: ReadonlyMap<string, T>,
  { name, tensors }: ModelClass,
): Map<string, T> {
  const inputs = new Map<string, T>();
  for (const [key, tensor] of found) {
    if (tensors.includes(key)) inputs.set(key, tensor);
    else if (CLASSES.some((other) => other.tensors.includes(key)))
      note(io, `${name} takes no ${key}: left out`);
    else throw new Exit(2, `${path}: tensor "${key}", expected one of ${tensors.join(', ')}`);
  }
  return inputs;
}

/** Throws if the class can't run on these. */
export function expectNeeds(
  inputs: ReadonlyMap<string, unknown>,
  { name, needs }: ModelClass,
  path: string,
  hint: string,
): void {
  const missing = needs.filter((key) => !inputs.has(key));
  if (missing.length > 0)
    throw new Exit(2, `${path}: no ${missing.join(' and no ')}, which ${name} needs; ${hint}`);
}

/** Every output by HF's field name and, with `taps`, before them every module's by its path. */
export async function computed(
  io: Io,
  model: AnyModel,
  inputs: ReadonlyMap<string, TensorLike>,
  { taps, ...switches }: Readonly<Record<string, boolean>>,
): Promise<Map<string, HostTensor>> {
  const found = new Map<string, HostTensor>();
  const listener = {
    tap: (path: string, x: { host(): HostTensor }) => void found.set(path, x.host()),
  };
  const all = { ...Object.fromEntries(inputs), ...switches, ...runOptions(io), ...(taps && { listener }) }; // prettier-ignore
  const output = await model.forward(all as never);
  return new Map([...found, ...fieldsOf(output as ModelOutput)]);
}

/** As a dump has it. */
export const tensorOf = async (x: HostTensor): Promise<DumpTensor> => ({
  shape: x.shape,
  dtype: x.dtype,
  data: (await x.data()) as DumpTensor['data'],
});

/** The tensors of an output by HF's field names, those of lists and of sub-outputs behind a dot. */
export function* fieldsOf(output: ModelOutput, prefix = ''): Generator<[string, HostTensor]> {
  for (const [name, value] of Object.entries(output) as [string, unknown][]) {
    const path = prefix + name;
    if (value instanceof ModelOutput) yield* fieldsOf(value, `${path}.`);
    else if (Array.isArray(value)) {
      for (const [i, x] of (value as (HostTensor | null)[]).entries())
        if (x) yield [`${path}.${i}`, x];
    } else if (value) yield [path, value as HostTensor];
  }
}
