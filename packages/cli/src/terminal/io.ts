// What of a process a command may touch: its streams, its environment, and whether it was asked to stop. Commands know
// nothing else of the process, so that tests can run them without one.
import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Io {
  readonly stdin: Readable;
  /** Results, and nothing else. */
  readonly stdout: Output;
  /** Errors, notes and progress. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C, or by another signal that asks for an end. */
  readonly signal: AbortSignal;
}
