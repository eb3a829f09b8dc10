// Where a run is, in a file of a few numbers that its watchdog reads: what is written there is seen even of a process that
// hangs or is gone.
import { readSync, writeSync } from 'node:fs';

export interface State {
  /** The input that is being read. */
  index: number;
  read: number;
  refused: number;
  /** Milliseconds of the slowest input so far. */
  slowest: number;
  /** Bytes of memory before the first input; 0 until then. */
  memory: number;
}

const ORDER = ['index', 'read', 'refused', 'slowest', 'memory'] as const;

export function writeState(file: number, state: State): void {
  writeSync(
    file,
    Float64Array.from(ORDER, (name) => state[name]),
    0,
    ORDER.length * 8,
    0,
  );
}

export function readState(file: number): State {
  const numbers = new Float64Array(ORDER.length);
  readSync(file, numbers, 0, numbers.byteLength, 0);
  return Object.fromEntries(ORDER.map((name, i) => [name, numbers[i]!])) as unknown as State;
}
