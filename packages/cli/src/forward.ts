// One forward of a model: what it is given, by the names of its arguments, and everything that it computes.
import type { DumpTensor } from '@siglip-ts/parity';
import { ModelOutput, type HostTensor, type TensorLike } from 'siglip-ts';
import { classNames, classOf, type AnyModel, type ClassName, type Inputs } from './classes.ts';
import { Exit } from './terminal/errors.ts';
import type { Io } from './terminal/io.ts';
import { note, runOptions } from './arguments/options.ts';

/** What the class takes of a file's tensors. One file may serve all classes, but its names must mean something. */
export function argumentsOf<T extends TensorLike>(
  io: Io,
  path: string,
  found: ReadonlyMap<string, T>,
  name: ClassName,
): Map<string, T> {
  const { tensors } = classOf(name);
  const inputs = new Map<string, T>();
  for (const [key, tensor] of found) {
    if (tensors.includes(key)) inputs.set(key, tensor);
    else if (classNames.some((other) => classOf(other).tensors.includes(key)))
      note(io, `${name} takes no ${key}: left out`);
    else throw new Exit(2, `${path}: tensor "${key}", expected one of ${tensors.join(', ')}`);
  }
  return inputs;
}

/** Throws if the class can't run on these. */
export function expectNeeds(
  inputs: ReadonlyMap<string, unknown>,
  name: ClassName,
  path: string,
  hint: string,
): void {
  const missing = classOf(name).needs.filter((key) => !inputs.has(key));
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
  const output = await model.forward(all as unknown as Inputs);
  return new Map([...found, ...fieldsOf(output)]);
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
