// The command: which parsers, for how long, with which seed; prints a line a parser and what is wrong.
// `npm run test:fuzz -- --minutes N [--seed S] [--only PARSER,PARSER] [--replay FILE]`
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { parserOf, PARSERS } from './parsers/index.ts';
import { watched } from './watch.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    replay: { type: 'string' },
  },
});
const program = join(import.meta.dirname, 'child.js');
const root = process.env['FUZZ_ROOT']!;

async function fuzzAll(): Promise<boolean> {
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0)) throw new RangeError(`--minutes ${values.minutes}, expected more than 0`);
  if (!Number.isSafeInteger(seed))
    throw new RangeError(`--seed ${values.seed}, expected a whole number`);
  const parsers = values.only?.split(',').map(parserOf) ?? PARSERS;
  const out = join(root, 'node_modules/.cache/fuzz');
  const milliseconds = (minutes * 60_000) / parsers.length;
  let failed = 0;
  for (const parser of parsers) {
    const found = await fuzz(parser, { program, out, seed, milliseconds });
    const { count, read, refused, slowest, findings } = found;
    console.log(
      `${parser.name.padEnd(25)}${String(count).padStart(9)} inputs, ${read} read, ${refused} refused, ` +
        `slowest ${slowest.toFixed(0)} ms${findings.length > 0 ? `, ${findings.length} kinds of wrong` : ''}`,
    );
    for (const { why, count, file } of findings) console.log(`  ${count} x ${why}\n    ${file}`);
    // A parser that nothing reaches, or that nothing passes, is not fuzzed.
    const isReached = read > 0 && (refused > 0 || parser.name === 'exif');
    if (!isReached && findings.length === 0) console.log('  nothing was read, or nothing refused');
    if (findings.length > 0 || !isReached) failed++;
  }
  console.log(`${parsers.length - failed} passed, ${failed} failed`);
  return failed > 0;
}

async function replay(file: string): Promise<boolean> {
  const name = values.only ?? /^(.+)-s-?\d+-i\d+\.bin$/.exec(basename(file))?.[1];
  if (name === undefined) throw new Error(`${file}: whose input? Say it with --only PARSER`);
  const { told } = await watched(program, [parserOf(name).name, 'file', file, '']);
  for (const { outcome } of told)
    console.log(outcome.kind === 'read' ? 'read' : `${outcome.kind}: ${outcome.why}`);
  return told.some(({ outcome }) => outcome.kind === 'wrong');
}

process.exitCode = (await (values.replay ? replay(values.replay) : fuzzAll())) ? 1 : 0;
