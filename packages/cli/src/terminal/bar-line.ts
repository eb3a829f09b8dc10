// The line of a terminal that a progress bar has: whoever prints meanwhile takes it back first. What a bar shows is in
// progress.ts.
import type { Io, Output } from './io.ts';

const bars = new WeakMap<Output, () => void>();

/** From now on `stop` is called before something is printed. */
export const takeLine = ({ stderr }: Io, stop: () => void): void => void bars.set(stderr, stop);

/** Ends the bar that is there, if any; it comes again below what is printed now. */
export function freeLine({ stderr }: Io): void {
  const stop = bars.get(stderr);
  bars.delete(stderr);
  stop?.();
}
