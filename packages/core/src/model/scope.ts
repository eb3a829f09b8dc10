// Scope: a place in the module tree. One dotted name is at once checkpoint key, module path, tap and gradient name,
// so there is no table of names anywhere. Where parameters come from is parameters.ts' business.
import type { Shape } from '../contract/backend.ts';
import { sameShape, showShape } from '../contract/shapes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Ids, Parameters } from './parameters.ts';

/** Receives what each module gives. */
export interface Listener {
  /** Whether it wants the module at `path`; default all. A module hidden by a fusion turns that fusion off. */
  wants?(path: string): boolean;
  /** May return a tensor of the same shape and dtype to be used instead of x. */
  tap(path: string, x: Tensor): Tensor | undefined | void;
}

/** What accompanies one forward. */
export interface Run {
  /** Receives what every module gives. */
  readonly listener?: Listener | undefined;
  /** Aborts between layers. */
  readonly signal?:
    | {
        /** AbortSignal's. */
        throwIfAborted(): void;
      }
    | undefined;
  /** Awaited between layers: lets a page paint, a server answer. */
  readonly breathe?: (() => Promise<void>) | undefined;
  /** In training: what the attention weights [B, H, T, S] of the module at `path` are multiplied with. */
  readonly dropout?: ((path: string, p: number, shape: Shape) => Float64Array) | undefined;
}

/** A place in the module tree, for a model's forward: its parameters, and who listens. */
export class Scope {
  /** Where the parameters come from. */
  readonly parameters: Parameters;
  /** The dotted name of the place; '' is the root. */
  readonly path: string;
  /** What accompanies the forward. */
  readonly run: Run;

  constructor(parameters: Parameters, path = '', run: Run = {}) {
    this.parameters = parameters;
    this.path = path;
    this.run = run;
  }

  /** The place below that child has; a number names a layer. */
  at(child: string | number): Scope {
    return new Scope(this.parameters, this.#name(child), this.run);
  }

  /**
   * A parameter, or a range of its rows as a constant of its own. `shape` is always that of the whole tensor.
   * Throws with the full key if it is missing or has another shape.
   */
  param(name: string, shape: Shape, rows: readonly [number, number] | null = null): Tensor {
    this.parameters.expect(this.#name(name), shape);
    return this.parameters.param(this.#name(name), rows);
  }

  /** The three thirds of a parameter that packs q, k and v by rows. */
  thirds(name: string, shape: Shape): [Tensor, Tensor, Tensor] {
    const n = shape[0]! / 3;
    const third = (i: number) => this.param(name, shape, [i * n, (i + 1) * n]);
    return [third(0), third(1), third(2)];
  }

  /** The rows `ids` of a table that need not be resident as a whole: [...ids.shape, width]. */
  async rows(name: string, shape: Shape, ids: Ids): Promise<Tensor> {
    const key = this.#name(name);
    this.parameters.expect(key, shape);
    ids.data.forEach((id, i) => {
      if (!(id >= 0 && id < shape[0]!))
        throw new RangeError(`"${key}": id ${id} at position ${i}, the table has ${shape[0]} rows`);
    });
    return this.parameters.rows(key, ids);
  }

  /** Makes what lies under this place (or only the named parameters) resident; the point to abort and to breathe. */
  async ready(...names: string[]): Promise<void> {
    this.run.signal?.throwIfAborted();
    const wanted = names.map((n) => this.#name(n));
    const under = this.#name('');
    await this.parameters.load(
      names.length ? (k) => wanted.includes(k) : (k) => k.startsWith(under),
    );
    await this.run.breathe?.();
  }

  /** Runs `block` at the place below that `child` has, with what lies under it resident. */
  async use<T>(child: string | number, block: (s: Scope) => T): Promise<Awaited<T>> {
    const place = this.at(child);
    await place.ready();
    return await block(place);
  }

  /** Says that what lies under this place is needed after what is now made ready, so that it can be read meanwhile. */
  soon(): void {
    const under = this.#name('');
    this.parameters.soon?.((key) => key.startsWith(under));
  }

  /** Whether someone listens here. */
  get isTapped(): boolean {
    const listener = this.run.listener;
    return listener !== undefined && (listener.wants?.(this.path) ?? true);
  }

  /** Says that x is what the module at this place gives. Returns it, or what the listener puts in its place. */
  tap(x: Tensor): Tensor {
    const y = (this.isTapped && this.run.listener!.tap(this.path, x)) || x;
    if (!sameShape(y.shape, x.shape) || y.dtype !== x.dtype || y.backend !== x.backend)
      throw new RangeError(`tap ${this.path}: ${kindOf(y)} in place of ${kindOf(x)}`);
    return y;
  }

  #name(child: string | number): string {
    return this.path ? `${this.path}.${child}` : String(child);
  }
}

const kindOf = ({ dtype, shape, backend }: Tensor): string =>
  `${dtype} ${showShape(shape)} of ${backend.name}`;
