// What a loaded model stands on: its parameters, the backend that computes, and how one forward runs on them. Where the
// parameters come from is in loading.ts.
import {
  type Backend,
  call,
  type Checkpoint,
  type DType,
  fromCheckpoint,
  type Listener,
  Scope,
  type Shape,
  size,
} from '@siglip-ts/core';
import { computing } from './backends.ts';

/** What may accompany any forward. */
export interface RunOptions {
  /** Aborts between layers. */
  signal?: AbortSignal;
  /** Receives every module's output; see core's Scope. */
  listener?: Listener;
  /** Awaited between layers, so that a page can paint. */
  breathe?: () => Promise<void>;
}

/** What of a pipeline's options goes to the forwards of its model. */
export const runOptions = (o: {
  signal?: AbortSignal | undefined;
  breathe?: RunOptions['breathe'] | undefined;
}): RunOptions => ({
  ...(o.signal && { signal: o.signal }),
  ...(o.breathe && { breathe: o.breathe }),
});

/** How many numbers parameters of these shapes are. */
export const parametersIn = (shapes: ReadonlyMap<string, Shape>): number =>
  [...shapes.values()].reduce((sum, shape) => sum + size(shape), 0);

/** Weights and the backend that holds them: what a model computes with, and gives back. */
export class Runtime {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly checkpoint: Checkpoint;
  /** The parameters that the model has, of those in the checkpoint. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Where the weights are from. */
  readonly name: string;
  readonly #owner: Backend;
  readonly #owned: boolean;
  readonly #store: ReturnType<typeof fromCheckpoint>;
  readonly #close: () => Promise<void>;
  readonly #warn: ((message: string) => void) | undefined;
  readonly #said = new Set<string>();
  #disposed = false;

  constructor(o: {
    name: string;
    owner: Backend;
    owned: boolean;
    dtype: DType;
    checkpoint: Checkpoint;
    shapes: ReadonlyMap<string, Shape>;
    streamed: boolean;
    close?: () => Promise<void>;
    warn?: ((message: string) => void) | undefined;
  }) {
    this.name = o.name;
    this.#warn = o.warn ?? globalThis.console?.warn;
    this.#owner = o.owner;
    this.#owned = o.owned;
    this.#close = o.close ?? (async () => {});
    this.dtype = o.dtype;
    this.backend = computing(o.owner, o.dtype);
    this.checkpoint = o.checkpoint;
    this.shapes = o.shapes;
    this.#store = fromCheckpoint(this.backend, o.checkpoint, o.dtype, { keep: !o.streamed });
  }

  /** Warns where the model's other warnings go, of one thing once. */
  warnOnce(message: string): void {
    if (!this.#said.has(message)) this.#warn?.(message);
    this.#said.add(message);
  }

  /** One public call: waits its turn on the backend, and leaves nothing behind but what is on the host. */
  run<T>(options: RunOptions, block: (s: Scope) => Promise<T>): Promise<T> {
    if (this.#disposed) return Promise.reject(new Error('the model was disposed'));
    const { listener, signal, breathe } = options;
    return call(this.#owner, () =>
      block(new Scope(this.#store, '', { listener, signal, breathe })),
    );
  }

  toString(): string {
    const parameters = `${parametersIn(this.shapes).toLocaleString('en')} parameters`;
    const parts = [this.name, parameters, this.dtype, this.#owner.name];
    return [...parts, ...(this.#disposed ? ['disposed'] : [])].join(', ');
  }

  /** Lets go of the weights, of the file, and of the backend if it is the model's own. Safe to repeat. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await call(this.#owner, async () => this.#store.dispose());
    if (this.#owned) this.#owner.dispose();
    await this.#close();
  }
}
