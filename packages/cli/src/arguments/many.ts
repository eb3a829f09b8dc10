// Many inputs, one after another: a bad one is named and left out, and whatever ends it early, what is done is kept. What
// is done with an input is each command's business.
import { complain, Exit, named } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { plural } from '../terminal/output.ts';
import { type Items, withProgress } from '../terminal/progress.ts';
import { note } from './options.ts';

/** What is gone through; `refused` are those that are known to be bad, by the reason. */
export interface Inputs extends Items {
  readonly refused?: readonly string[];
}

/** How it went. */
export interface Course {
  /** What an input is called. */
  readonly what: string;
  readonly total: number;
  readonly done: number;
  readonly bad: number;
  /** What ended it before the last input: Ctrl-C, or what would go wrong with the next one, too. */
  readonly ended?: unknown;
}

/**
 * Reads each input and uses it. One that can't be read is bad: it is named on stderr, and the next one follows. Anything else
 * that goes wrong ends it. Never throws: the command first gives out what is done, then calls `expectAllDone`.
 */
export async function oneByOne<T>(
  io: Io,
  inputs: Inputs,
  read: (name: string) => T | Promise<T>,
  use: (name: string, input: T) => Promise<void>,
): Promise<Course> {
  const { what, names, refused = [] } = inputs;
  let done = 0;
  let bad = refused.length;
  const course = () => ({ what, total: names.length + refused.length, done, bad });
  for (const reason of refused) complain(io, new Error(reason));
  try {
    await withProgress(io, inputs, async (name) => {
      let input: T;
      try {
        input = await read(name);
      } catch (error) {
        io.signal.throwIfAborted();
        bad++;
        return complain(io, named(name, error));
      }
      await use(name, input).catch((error: unknown) => {
        throw io.signal.aborted ? error : named(name, error);
      });
      done++;
    });
  } catch (ended) {
    return { ...course(), ended };
  }
  return course();
}

/** Says what is missing, and ends the command so: 1 where something was left out, 2 where nothing could be done. */
export function expectAllDone(io: Io, { what, total, done, bad, ended }: Course): void {
  if (bad > 1) complain(io, new Error(`${bad} of ${plural(total, what)} left out`));
  if (ended !== undefined && done > 0) note(io, `stopped after ${done} of ${plural(total, what)}`);
  if (ended !== undefined) throw ended;
  if (bad > 0) throw new Exit(done > 0 ? 1 : 2);
}
