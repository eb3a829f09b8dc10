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
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The texts of a command line; each "-" stands for what stdin holds: one JSON string per line. */
export async function textsOf(given: readonly string[], io: Io): Promise<string[]> {
  const texts: string[] = [];
  for (const text of given) texts.push(...(text === '-' ? await stdinTexts(io) : [text]));
  return texts;
}

async function stdinTexts(io: Io): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin) {
    io.signal.throwIfAborted();
    chunks.push(Buffer.from(chunk as Uint8Array | string));
  }
  const lines = Buffer.concat(chunks).toString('utf8').split(/\r?\n/);
  return lines.flatMap((line, i) => (line === '' ? [] : [parseText(line, i + 1)]));
}

function parseText(line: string, number: number): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Said below, in the same words as for JSON that is no string.
  }
  if (typeof value !== 'string')
    throw new Error(
      `stdin, line ${number}: ${line.slice(0, 40)} is no JSON string, expected one such as "a cat"`,
    );
  return value;
}
