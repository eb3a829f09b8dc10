// What the model objects have in common: they are called, saved and given back. Source: PreTrainedModel. Loading is
// in model-class.ts.
/// <reference lib="esnext.disposable" preserve="true" />
import { size } from '@siglip-ts/core';
import { type FileDType, fileDTypeOf, serialize, type TensorData } from '@siglip-ts/safetensors';
import { callable } from '../runtime/callable.ts';
import type { RunOptions, Runtime } from '../runtime/running.ts';
import { jsonFile, writeFiles } from '../runtime/saving.ts';
import type { AnyConfig } from './configs.ts';

/** HF's forward switches; those left out are the configuration's. */
export interface ForwardOptions extends RunOptions {
  output_hidden_states?: boolean;
  output_attentions?: boolean;
  /** false: a tuple in HF's order instead of named fields. */
  return_dict?: boolean;
}

/** The switches of one call, filled from the configuration. */
export const switches = (o: ForwardOptions, config: AnyConfig) => ({
  output_hidden_states: o.output_hidden_states ?? config.output_hidden_states,
  output_attentions: o.output_attentions ?? config.output_attentions,
  return_dict: o.return_dict ?? config.return_dict,
});

export abstract class PreTrainedModel<C extends AnyConfig> {
  /** With what `config` of the load options changed. */
  readonly config: C;
  /** The weights and the backend that holds them. */
  readonly runtime: Runtime;
  /** The class's name in HF, which a bundler may not change. */
  protected abstract get architecture(): string;

  constructor(config: C, runtime: Runtime) {
    this.config = config;
    this.runtime = runtime;
    return callable(this, 'forward');
  }
  abstract forward(inputs: never, options?: never): Promise<unknown>;

  /** config.json and model.safetensors by name, in the model's dtype; the file that the weights are from must still be there. */
  async files(): Promise<Map<string, Uint8Array>> {
    this.config.architectures = [this.architecture];
    this.config.torch_dtype = this.runtime.dtype;
    const weights = await weightsOf(this.runtime);
    return new Map([...jsonFile('config.json', this.config), ['model.safetensors', weights]]);
  }
  /** Writes its files into a folder. Node, Deno and Bun; elsewhere `files()` gives them. */
  async save_pretrained(folder: string): Promise<void> {
    await writeFiles(folder, await this.files());
  }
  /** What it is, in one line; how Node, Deno and Bun print it. */
  toString(): string {
    return `${this.architecture} { ${this.runtime.toString()} }`;
  }
  /** Frees the weights, closes the file, and ends the backend if the model made it. Safe to repeat. */
  dispose(): Promise<void> {
    return this.runtime.dispose();
  }
  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** model.safetensors, read from where the weights are from. */
async function weightsOf({ checkpoint, shapes, dtype }: Runtime): Promise<Uint8Array> {
  const tensors = new Map<string, { dtype: FileDType; shape: number[]; data: TensorData }>();
  for (const [key, shape] of shapes) {
    const rows = shape[0] ?? 1;
    const data = (await checkpoint.read(key, 0, rows, dtype)) as TensorData;
    if (data.length !== size(shape)) throw new Error(`"${key}": ${data.length} values were read`);
    tensors.set(key, { dtype: fileDTypeOf(dtype), shape: [...shape], data });
  }
  return serialize(tensors, new Map([['format', 'pt']]));
}
