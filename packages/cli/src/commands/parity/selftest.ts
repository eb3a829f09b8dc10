// siglip parity selftest: whether every backend gives the right numbers on this machine.
import type { Command } from 'commander';
import { runOptions } from '../../arguments/options.ts';
import { Exit } from '../../terminal/errors.ts';
import type { Io } from '../../terminal/io.ts';
import { paint, print, printable, printJson, table } from '../../terminal/output.ts';

export function addParitySelftest(parity: Command, io: Io): void {
  parity
    .command('selftest')
    .summary('check every backend on this machine')
    .description(
      'Runs the embedded model on every backend and compares with the numbers of transformers in float64. The error is ' +
        "the largest difference, relative to the output's largest magnitude. Exit code 1 if one is above its tolerance.",
    )
    .option('--json', 'print {"producer", "passed", "rows"}')
    .addHelpText('after', '\nExample:\n  siglip parity selftest')
    .action((o: { json?: boolean }) => run(io, o.json ?? false));
}

async function run(io: Io, json: boolean): Promise<void> {
  const { selftest, selftestGolden } = await import('@siglip-ts/parity');
  const golden = await selftestGolden();
  const rows = await selftest(golden, runOptions(io));
  const passed = rows.every((row) => row.passed);
  const c = paint(io);
  if (json) printJson(io, { producer: golden.producer, passed, rows });
  else
    print(io, [
      `the embedded model, against ${golden.producer} in float64`,
      ...table([
        ['  backend', 'dtype', 'error', 'tolerance', ''],
        ...rows.map(({ backend, dtype, error, tolerance, passed: ok }) => [
          `  ${backend}`,
          dtype,
          error === null ? '-' : error.toExponential(1),
          tolerance.toExponential(),
          ok ? c.green('✓') : c.red('✗'),
        ]),
      ]),
      ...rows.flatMap(({ backend, reason }) =>
        reason ? [printable(`  ${backend}: ${reason}`)] : [],
      ),
    ]);
  if (!passed) throw new Exit(1);
}
