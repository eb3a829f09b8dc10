// How a command fails: with an exit code and one line on stderr, never with a stack trace.
import { freeLine } from './bar-line.ts';
import type { Io } from './io.ts';
import { oneLine } from './output.ts';

/** 1: the answer is no. 2: bad input or usage. */
export class Exit extends Error {
  readonly code: 1 | 2;

  /** Without a message everything was said already. */
  constructor(code: 1 | 2, message = '') {
    super(message);
    this.code = code;
  }
}

/** Says on stderr what went wrong. */
export function complain(io: Io, error: unknown): void {
  freeLine(io);
  io.stderr.write(`siglip: ${reasonOf(error)}\n`);
}

/** The error of an input, with its name in front, once; an Exit says all that is to be said. */
export function named(name: string, error: unknown): Exit {
  if (error instanceof Exit) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const shown = name === '-' ? 'stdin' : name;
  const reason = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
  return new Exit(2, `${shown}: ${reasonOf({ code, message: reason })}`);
}

/** What went wrong, in one line that is safe to print. */
export function reasonOf(error: unknown): string {
  const { message, code, path } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : SYSTEM[code];
  const text = known ? (path === undefined ? known : `${path}: ${known}`) : message;
  return oneLine(text ?? String(error));
}

/** Words for what the operating system says most often. */
const SYSTEM: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'no such file or folder',
  EISDIR: 'a folder, expected a file',
  EACCES: 'permission denied',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'no space left in the quota',
  EFBIG: 'larger than a file may be here',
  EROFS: 'a disk that is read-only',
};
