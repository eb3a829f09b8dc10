// The program `siglip`: its commands, and how they end. `run` is the whole of it; `start` ties it to a process.
import { Command, CommanderError } from 'commander';
import pico from 'picocolors';
import { addCache } from './commands/cache.ts';
import { addClassify } from './commands/classify.ts';
import { addCompletion } from './commands/completion.ts';
import { addConvert } from './commands/convert.ts';
import { addDump } from './commands/dump.ts';
import { addEmbed } from './commands/embed.ts';
import { addExplainScore } from './commands/explain-score.ts';
import { addFinetune } from './commands/finetune.ts';
import { addInspect } from './commands/inspect.ts';
import { addParity } from './commands/parity/parity.ts';
import { addPreprocess } from './commands/preprocess.ts';
import { addQuantize } from './commands/quantize.ts';
import { addTokenize } from './commands/tokenize.ts';
import { addTrain } from './commands/train.ts';
import { complain, Exit, named } from './terminal/errors.ts';
import type { Io } from './terminal/io.ts';
import { columnsOf, hasColors } from './terminal/output.ts';
import { version } from './version.ts';

export type { Io } from './terminal/io.ts';

/** Runs one command line and gives its exit code: 0 fine, 1 a negative result or inputs left out, 2 bad input or usage, 130 stopped. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    await program(io).parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (io.signal.aborted) return 130;
    if (error instanceof CommanderError) return usage(io, error, argv[0]);
    if (!(error instanceof Exit) || error.message !== '') complain(io, error);
    return error instanceof Exit ? error.code : 2;
  }
}

/** What commander throws: also for help and version, which it has printed then. */
function usage(io: Io, { code, exitCode, message }: CommanderError, command = ''): number {
  if (exitCode === 0) return 0;
  if (code === 'commander.help') return 2; // no command: it printed the help
  const text = message.replace(/^error: /, '');
  const more = /missing/i.test(code) ? `; see siglip ${command} --help` : '';
  complain(io, new Error(text.replace(/\n\(/, ' (') + more));
  return 2;
}

function program(io: Io): Command {
  const c = pico.createColors(hasColors(io, io.stdout));
  const command = new Command('siglip')
    .description('SigLIP in TypeScript: match pictures with words, and see how it is done.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {}, // `run` says it
      getOutHelpWidth: () => columnsOf(io.stdout),
      getErrHelpWidth: () => columnsOf(io.stderr),
      getOutHasColors: () => hasColors(io, io.stdout),
      getErrHasColors: () => hasColors(io, io.stderr),
    })
    .configureHelp({ styleTitle: c.bold, styleCommandText: c.cyan, styleOptionText: c.cyan })
    .addHelpText(
      'after',
      `
Without --model everything uses a small model that is part of the package, for demonstrations: it knows emoji.

Examples:
  siglip classify rocket.png --labels "rocket, pizza, guitar"
  siglip classify a.jpg --labels cat,dog --model google/siglip-base-patch16-224

Nothing installed: npx @siglip-ts/cli classify ... (the name "siglip" on npm is not this project's).`,
    );
  for (const add of [
    addClassify,
    addEmbed,
    addTokenize,
    addPreprocess,
    addDump,
    addExplainScore,
    addInspect,
    addConvert,
    addQuantize,
    addTrain,
    addFinetune,
    addParity,
    addCache,
    addCompletion,
  ])
    add(command, io);
  return command;
}

/** What asks for an end, and the exit code: 128 and the signal's number. */
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

/** Runs the command line of a process, with Ctrl-C as an abort. A reader that went away ends it silently. */
export async function start(p: NodeJS.Process): Promise<void> {
  const { stdin, stdout, stderr, env } = p;
  const stop = new AbortController();
  const io: Io = { stdin, stdout, stderr, env, signal: stop.signal };
  let stopped = 0;
  let since = 0;
  for (const [signal, code] of SIGNALS)
    p.on(signal, () => {
      // The second time, at once. Not within a moment: npx passes on what a terminal has sent to both.
      if (stop.signal.aborted && performance.now() - since > 500) p.exit(code);
      since = performance.now();
      stopped = code;
      stop.abort();
    });
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') p.exit();
    complain(io, named('stdout', error));
    p.exit(2);
  });
  stderr.on('error', () => p.exit(2));
  const code = await run(p.argv.slice(2), io);
  p.exitCode = code === 130 ? stopped : code;
}
