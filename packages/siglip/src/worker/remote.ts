// A worker as a function that answers: requests by number, an answer each, or the worker's death for all of them.
// It knows workers, and nothing of pipelines.
import {
  type Abort,
  type Answer,
  errorOf,
  type ListenerName,
  LISTENERS,
  type Request,
} from './protocol.ts';

/** A Web Worker. In words that need no DOM types. */
interface WebWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  terminate(): void;
  onmessage: ((event: never) => unknown) | null;
  onmessageerror: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
}
/** A worker of node:worker_threads. */
interface NodeWorker {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  terminate(): Promise<number>;
  on(event: string, listen: (value: unknown) => void): unknown;
  ref(): void;
  unref(): void;
}
/** A Web Worker of a page, or a worker of node:worker_threads. */
export type AnyWorker = WebWorker | NodeWorker;

type Listeners = Partial<Record<ListenerName, (...args: never[]) => void>>;
interface Asked {
  readonly listeners: Listeners;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}
/** What the functions of a request are: `signal`, and what receives progress. */
export interface Functions extends Listeners {
  readonly signal?: AbortSignal | undefined;
}

/** What to do in a bundle that leaves the worker behind. */
export const OWN =
  "Where a bundler does not carry it along, pass the option worker: one of your own, whose script is import 'siglip-ts/worker-entry'";

/** Browsers do not say why a script does not load. */
const UNKNOWN = `its script does not load, or a policy forbids it. ${OWN}. A Content-Security-Policy has to allow it by worker-src`;

export class Remote {
  readonly #worker: AnyWorker;
  readonly #asked = new Map<number, Asked>();
  /** What goes on receiving when its request is answered: weights are read when they are first needed. */
  readonly #kept = new Map<number, Listeners>();
  #count = 0;
  #dead: Error | undefined;

  constructor(worker: AnyWorker) {
    this.#worker = worker;
    const failed = (why: unknown) => this.#die(why);
    if ('on' in worker) {
      worker.on('message', (answer) => this.#receive(answer as Answer));
      worker.on('error', failed);
      worker.on('messageerror', failed);
      worker.on('exit', (code) => failed(new Error(`it exited with code ${String(code)}`)));
    } else {
      worker.onmessage = ({ data }: { data: Answer }) => this.#receive(data);
      worker.onmessageerror = failed;
      worker.onerror = failed;
    }
    this.#idle();
  }

  /**
   * Has the worker do something. Rejects with what it throws; with the signal's reason, at once, when that aborts, and the
   * worker ends its work; and with an Error when the worker has died. `keep`: the functions go on receiving.
   */
  ask(
    what: Request['do'],
    { signal, ...listeners }: Functions,
    transfer: readonly ArrayBuffer[] = [],
    keep = false,
  ): Promise<unknown> {
    if (this.#dead) return Promise.reject(this.#dead);
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = this.#count++;
    const names = LISTENERS.filter((name) => listeners[name] !== undefined);
    if (keep) this.#kept.set(id, listeners);
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#worker.postMessage({ id, do: { kind: 'abort' } } satisfies Abort, []);
        settle(() => reject(signal!.reason));
      };
      const settle = (how: () => void): void => {
        signal?.removeEventListener('abort', abort);
        this.#asked.delete(id);
        this.#idle();
        how();
      };
      this.#asked.set(id, {
        listeners,
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error as Error)),
      });
      signal?.addEventListener('abort', abort);
      this.#idle();
      const request: Request = { id, listeners: names, do: what };
      try {
        this.#worker.postMessage(request, [...transfer]);
      } catch (error) {
        settle(() => reject(error as Error));
      }
    });
  }

  /** Ends the worker; who still waits is rejected. */
  end(why = new Error('the pipeline was disposed')): void {
    this.#dead ??= why;
    for (const { reject } of this.#asked.values()) reject(this.#dead);
    void this.#worker.terminate();
  }

  #receive(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    if (answer.kind === 'value') asked?.resolve(answer.value);
    else if (answer.kind === 'error') asked?.reject(errorOf(answer.error));
    else {
      const listeners = asked?.listeners ?? this.#kept.get(answer.id);
      listeners?.[answer.listener]?.(...(answer.args as never[]));
    }
  }

  #die(why: unknown): void {
    if (this.#dead) return;
    const { message, code } = why as { message?: string; code?: string };
    const left = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const reason = left ? `${message}. ${OWN}` : message || UNKNOWN;
    this.end(new Error(`siglip-ts/worker: the worker has died: ${reason}`, { cause: why }));
  }

  /** A worker that nobody waits for does not keep Node's process alive. */
  #idle(): void {
    if (!('unref' in this.#worker)) return;
    if (this.#asked.size > 0) this.#worker.ref();
    else this.#worker.unref();
  }
}
