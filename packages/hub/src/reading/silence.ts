// How long to wait for a server that says nothing: for its answer, and for each next piece of it. How much it may say is in
// body.ts.

/** Who waits, and for how long. */
export interface Patience {
  /** Seconds without a byte after which a server is given up. */
  readonly silence: number;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each second in which nothing came, how many they are. What it throws ends the waiting. */
  readonly onSilence?: ((seconds: number) => void) | undefined;
}

/** The default, in seconds: with one more attempt an answer of some kind within twenty. */
export const SILENCE = 8;

/** Whether a server was given up because it said nothing. */
export const isSilence = (error: unknown): error is Error =>
  error instanceof Error && 'silent' in error;

/**
 * What comes of `awaited`. Rejects with an Error when nothing does for too long, and with the signal's reason; `stop` then
 * gets that error, to end what is under way.
 */
export function unlessSilent<T>(
  awaited: Promise<T>,
  { silence, signal, onSilence }: Patience,
  stop: (why: unknown) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const parts = Number.isFinite(silence) ? Math.max(2, Math.ceil(silence)) : Infinity;
    const part = parts === Infinity ? 1 : silence / parts;
    let silent = 0;
    // By parts: where arithmetic holds the thread for long, what has come waits, and only one of them is over.
    const clock = setInterval(() => {
      silent++;
      try {
        if (silent < parts) onSilence?.(Math.round(silent * part));
        else giveUp(silenceFor(silence));
      } catch (error) {
        giveUp(error);
      }
    }, part * 1000);
    const aborted = (): void => giveUp(signal?.reason);
    const settled = (): void => {
      clearInterval(clock);
      signal?.removeEventListener('abort', aborted);
    };
    function giveUp(why: unknown): void {
      settled();
      reject(why as Error);
      stop(why);
    }
    signal?.addEventListener('abort', aborted, { once: true });
    awaited.finally(settled).then(resolve, reject);
    if (signal?.aborted) aborted();
  });
}

const silenceFor = (seconds: number): Error =>
  Object.assign(
    new Error(`not a byte for ${seconds} s; the option silence says how long to wait`),
    {
      silent: true,
    },
  );

/** `fetch`, given up when the answer does not begin. Its body is for `chunksOf`. */
export function answerOf(
  fetch: typeof globalThis.fetch,
  url: string,
  init: RequestInit,
  patience: Patience,
): Promise<Response> {
  const stop = new AbortController();
  const given = patience.signal;
  // Where there is no `any`, as in older browsers, the caller's own matters more: the request is left alone then.
  const signal = given ? (AbortSignal.any?.([given, stop.signal]) ?? given) : stop.signal;
  return unlessSilent(fetch(url, { ...init, signal }), patience, (why) => stop.abort(why));
}
