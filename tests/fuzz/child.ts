// The process that reads inputs, one after another, until its time is over. It may hang or die: watch.ts looks after it.
// Arguments: the parser, the seed, the first input, milliseconds; or the parser, "file", the path of one input.
import { openSync, readFileSync } from 'node:fs';
import { inputs } from './inputs.ts';
import { judge, type Outcome } from './judge.ts';
import { MOST_GROWTH } from './limits.ts';
import { parserOf } from './parsers/index.ts';
import { type State, writeState } from './state.ts';

/** What is told of one input. */
export interface Told {
  readonly index: number;
  readonly outcome: Outcome;
}

const [name = '', seed = '', first = '', milliseconds = '', stateFile = ''] = process.argv.slice(2);
const parser = parserOf(name);
const file = openSync(stateFile, 'r+');
const state: State = { index: Number(first) || 0, read: 0, refused: 0, slowest: 0, memory: 0 };
const most = (): number => process.resourceUsage().maxRSS * 1024;
const tell = (told: Told): Promise<void> =>
  new Promise((resolve) => process.send!(told, undefined, undefined, () => resolve()));

async function readOne(bytes: Uint8Array): Promise<Outcome> {
  const began = performance.now();
  const outcome = await judge(parser, bytes);
  state.slowest = Math.max(state.slowest, performance.now() - began);
  if (most() <= state.memory + MOST_GROWTH) return outcome;
  return { kind: 'wrong', why: `growth: ${Math.round((most() - state.memory) / 2 ** 20)} MB` };
}

async function run(): Promise<void> {
  const until = performance.now() + Number(milliseconds);
  const input = inputs(parser, Number(seed));
  for (const whole of parser.seeds()) await judge(parser, whole); // what is loaded once is no growth
  state.memory = most();
  for (; performance.now() < until; state.index++) {
    writeState(file, state);
    const outcome = await readOne(input(state.index));
    if (outcome.kind === 'wrong') await tell({ index: state.index, outcome });
    else state[outcome.kind]++;
    if (outcome.kind === 'wrong' && outcome.why.startsWith('growth')) break;
  }
  writeState(file, state);
}

async function replay(): Promise<void> {
  state.memory = most();
  writeState(file, state);
  await tell({ index: 0, outcome: await readOne(new Uint8Array(readFileSync(first))) });
}

await (seed === 'file' ? replay() : run());
process.disconnect();
