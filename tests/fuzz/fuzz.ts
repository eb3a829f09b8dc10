// One parser's share of the time: processes in a row until it is over, and what was wrong, each kind once, with its input.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputs } from './inputs.ts';
import type { Parser } from './parsers/parser.ts';
import { watched } from './watch.ts';

/** One kind of wrong, and an input that shows it. */
export interface Finding {
  readonly why: string;
  /** How many inputs of that kind there were. */
  count: number;
  readonly file: string;
}

export interface Fuzzed {
  readonly count: number;
  readonly read: number;
  readonly refused: number;
  readonly slowest: number;
  readonly findings: readonly Finding[];
}

/** Kinds of wrong after which a parser's turn is over. */
const ENOUGH = 20;
/** Processes that died. */
const DEATHS = 5;

export async function fuzz(
  parser: Parser,
  o: { program: string; out: string; seed: number; milliseconds: number },
): Promise<Fuzzed> {
  const input = inputs(parser, o.seed);
  const until = performance.now() + o.milliseconds;
  const findings = new Map<string, Finding>();
  const sum = { count: 0, read: 0, refused: 0, slowest: 0 };
  let deaths = 0;
  while (performance.now() < until && findings.size < ENOUGH && deaths < DEATHS) {
    const left = Math.ceil(until - performance.now());
    const args = [parser.name, o.seed, sum.count, left].map(String);
    const { state, told, isWhole } = await watched(o.program, args);
    for (const { index, outcome } of told) {
      if (outcome.kind !== 'wrong') continue;
      const known = findings.get(kindOf(outcome.why));
      if (known) known.count++;
      else {
        const file = save(o.out, `${parser.name}-s${o.seed}-i${index}`, input(index));
        findings.set(kindOf(outcome.why), { why: outcome.why, count: 1, file });
      }
    }
    const hasGrown = isWhole && told.some(({ outcome }) => outcome.kind === 'wrong' && outcome.why.startsWith('growth')); // prettier-ignore
    if (!isWhole || hasGrown) deaths++;
    sum.count = state.index + (!isWhole || hasGrown ? 1 : 0);
    sum.read += state.read;
    sum.refused += state.refused;
    sum.slowest = Math.max(sum.slowest, state.slowest);
  }
  return { ...sum, findings: [...findings.values()] };
}

/** Without what differs from input to input: numbers and what is quoted. */
const kindOf = (why: string): string =>
  why
    .replace(/"[^"]*"|'[^']*'|`[^`]*`|\[[^\]]*\]/g, '""')
    .replace(/-?\d[\d.e+]*/gi, 'N')
    .slice(0, 120);

function save(folder: string, name: string, bytes: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.bin`);
  writeFileSync(file, bytes);
  return file;
}
