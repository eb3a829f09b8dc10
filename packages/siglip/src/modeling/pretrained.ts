// What the model objects have in common: they are called, saved and given back. Source: PreTrainedModel. Loading is
// in common.ts.
/// <reference lib="esnext.disposable" preserve="true" />
import { callable } from '../callable.ts';
import type { Runtime } from '../runtime.ts';
import { savePretrained } from '../saving.ts';
import type { AnyConfig } from './common.ts';

export abstract class PreTrainedModel<C extends AnyConfig> {
  readonly config: C;
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
  dispose(): Promise<void> {
    return this.runtime.dispose();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
