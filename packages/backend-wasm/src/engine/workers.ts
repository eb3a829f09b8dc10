// Workers from a text: a worker_thread where Node's modules are, else a Web Worker. All of them start, or none is left.
// What they compute is in threads.ts.

/** What both kinds have, by their own names. */
export interface AnyWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  unref?(): void;
  once?(event: string, listener: (value: unknown) => void): void;
  onmessage?: ((event: unknown) => void) | null;
  onerror?: ((event: unknown) => void) | null;
}

/** Seconds for a worker to start, which takes some 30 ms: many times what a busy machine needs. */
const START_SECONDS = 20;

/**
 * `count` workers whose module is `source`: it finds `port`, gets one message, `given(i)`, by its function `start`, and
 * answers 'ready'. Throws Error where one does not, after the others are ended.
 */
export async function startWorkers(
  count: number,
  source: string,
  given: (i: number) => unknown,
): Promise<readonly AnyWorker[]> {
  const workers: AnyWorker[] = [];
  try {
    const make = maker(source);
    for (let i = 0; i < count; i++) workers.push(make());
    const started = workers.map(ready);
    workers.forEach((worker, i) => worker.postMessage(given(i)));
    await Promise.all(started);
  } catch (error) {
    for (const worker of workers) void worker.terminate();
    throw failure(error);
  }
  for (const worker of workers) worker.unref?.();
  return workers;
}

function maker(source: string): () => AnyWorker {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads) {
    const port = "const port = process.getBuiltinModule('node:worker_threads').parentPort;";
    const module = `${port}${source}\nport.once('message', start);`;
    const url = new URL(`data:text/javascript,${encodeURIComponent(module)}`);
    return () => new threads.Worker(url);
  }
  const module = `const port = self;${source}\nself.onmessage = (event) => start(event.data);`;
  const url = URL.createObjectURL(new Blob([module], { type: 'text/javascript' }));
  return () => new Worker(url, { type: 'module' }) as AnyWorker;
}

function ready(worker: AnyWorker): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const late = () => reject(new Error(`it did not start within ${START_SECONDS} seconds`));
    const timer = setTimeout(late, START_SECONDS * 1000);
    const done = (settle: () => void) => () => {
      clearTimeout(timer);
      settle();
    };
    const failed = (error: unknown) => done(() => reject(error as Error))();
    if (worker.once) {
      worker.once('message', done(resolve));
      worker.once('error', failed);
    } else {
      worker.onmessage = done(resolve);
      worker.onerror = failed;
    }
  });
}

/** What a policy forbids is an event without a message, or a SecurityError, by browser. */
function failure(why: unknown): Error {
  const { message, name } = why as { message?: string; name?: string };
  const forbidden = !message || name === 'SecurityError';
  const reason = forbidden
    ? 'the Content-Security-Policy of a page has to allow them by the directive "worker-src blob:"'
    : message;
  return new Error(`wasm: threads are workers, and one cannot start: ${reason}`, { cause: why });
}
