// What the model objects have in common: they are called, saved and given back. Source: PreTrainedModel. Loading is
// in common.ts.
/// <reference lib="esnext.disposable" preserve="true" />
import { callable } from '../runtime/callable.ts';
import type { Runtime } from '../runtime/loading.ts';
import { savePretrained } from '../runtime/saving.ts';
import type { AnyConfig } from './common.ts';

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

  /** Writes config.json and model.safetensors into a folder. */
  save_pretrained(folder: string): Promise<void> {
    return savePretrained(this, this.architecture, folder);
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
