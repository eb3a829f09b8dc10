// How often to ask while the network or the server fails, and how long to wait in between.
import type { Failed } from './answer.ts';
import type { Connection } from './connection.ts';

export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** In ms, before the next. */
  pause: number;
}

/** Counts attempts, with a pause after all but the last, each twice as long. Throws when the signal aborts. */
export async function* attemptsOf({ retry, signal }: Connection) {
  for (let number = 1; number <= retry.attempts; number++) {
    const attempt: Attempt = { number, pause: retry.pause * 2 ** (number - 1) };
    yield attempt;
    if (number < retry.attempts) await sleep(attempt.pause, signal);
  }
}

/**
 * Makes the next attempt wait as long as the server says. Throws the failure where that is too long, or another attempt
 * hopeless.
 */
export function heed(remote: Connection, attempt: Attempt, { why, after, hopeless }: Failed): void {
  if (hopeless && attempt.number > 1) throw why;
  if (after === undefined || attempt.number === remote.retry.attempts) return;
  if (after > remote.patience) throw why;
  remote.patience -= after;
  attempt.pause = Math.max(attempt.pause, after);
  remote.warn(`${remote.name}: waiting for ${Math.ceil(after / 1000)} s: ${why.message}`);
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await unlessAborted(over, signal).finally(() => clearTimeout(timer));
}

/** Waits until `done` is, or throws as soon as the signal aborts. */
export function unlessAborted(
  done: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    void done.finally(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
  });
}
