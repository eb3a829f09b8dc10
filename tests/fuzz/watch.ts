// Runs child.ts and ends it when an input takes too long or too much memory. What it was at then is in its state.
import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Told } from './child.ts';
import { MOST_GROWTH, MOST_TIME } from './limits.ts';
import { readState, type State } from './state.ts';

const PAGE = 4096;
/** Milliseconds for loading and for the seeds. */
const START = 60_000;

export interface Watched {
  readonly state: State;
  readonly told: readonly Told[];
  /** Whether it came to its own end. */
  readonly isWhole: boolean;
}

/** One process, to its end. `args` are child.ts's, without the last. */
export async function watched(program: string, args: readonly string[]): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'siglip-fuzz-'));
  const path = join(folder, 'state');
  writeFileSync(path, '');
  const file = openSync(path, 'r');
  const told: Told[] = [];
  const child = fork(program, [...args, path], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  child.on('message', (message) => told.push(message as Told));
  let printed = '';
  child.stderr!.setEncoding('utf8').on('data', (text) => (printed = (printed + text).slice(-2000)));
  let killed: string | undefined;
  let [index, since] = [-1, performance.now()];
  const timer = setInterval(() => {
    const state = readState(file);
    const at = state.memory === 0 ? -1 : state.index;
    if (at !== index) [index, since] = [at, performance.now()];
    const took = performance.now() - since;
    const growth = memoryOf(child.pid!) - state.memory;
    if (took > (at < 0 ? START : MOST_TIME)) killed = `hang: more than ${MOST_TIME / 1000} s`;
    else if (at >= 0 && growth > MOST_GROWTH)
      killed = `growth: more than ${MOST_GROWTH / 2 ** 20} MB`;
    if (killed !== undefined) child.kill('SIGKILL');
  }, 50);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...end) => resolve(end)),
  );
  clearInterval(timer);
  const state = readState(file);
  closeSync(file);
  rmSync(folder, { recursive: true });
  const isWhole = code === 0;
  if (!isWhole) {
    if (state.memory === 0) throw new Error(`${args[0]}: could not begin: ${printed}`);
    const why = killed ?? `crash: exit ${code ?? signal}: ${lastWords(printed)}`;
    told.push({ index: state.index, outcome: { kind: 'wrong', why } });
  }
  return { state, told, isWhole };
}

/** Bytes that a process has now; 0 where that can't be asked, and then growth is seen after the input. */
function memoryOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE;
  } catch {
    return 0;
  }
}

const lastWords = (printed: string): string =>
  printed
    .split('\n')
    .find((line) => /Error|FATAL|Abort/i.test(line))
    ?.slice(0, 300) ?? '';
