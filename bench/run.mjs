// npm run bench: times the rows one after the other and prints a table for each. See README.md.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describe, machine } from './machine.mjs';
import { ROWS } from './rows/index.mjs';
import { table } from './table.mjs';

const HELP = `npm run bench -- [options]        (after npm run build; peers: npm run bench:peers)

  --only NAME   one row, or the rows whose names begin so; may be repeated
  --quick       few rounds: to see that it runs, not to compare
  --full        also the rows that take minutes
  --threads N   for ours and the ONNX Runtimes; default 1
  --json FILE   every time that was measured
  --help

rows:
${ROWS.map((r) => `  ${r.name.padEnd(20)} ${r.title}${r.full ? ' (--full)' : ''}`).join('\n')}`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    threads: { type: 'string', default: '1' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit();
}
const threads = Number(options.threads);
if (!(Number.isInteger(threads) && threads >= 1)) {
  console.error(`bench: --threads ${options.threads}, expected 1 or more`);
  process.exit(2);
}
const names = (options.only ?? []).flatMap((wanted) => {
  const exact = ROWS.filter((row) => row.name === wanted);
  const begun = ROWS.filter((row) => row.name.startsWith(wanted));
  return (exact.length > 0 ? exact : begun).map((row) => row.name);
});
const chosen = ROWS.filter((row) =>
  options.only ? names.includes(row.name) : options.full || !row.full,
);
if (chosen.length === 0) {
  console.error(`bench: no row is called ${options.only}; see --help`);
  process.exit(2);
}

const report = {
  machine: machine(),
  quick: options.quick,
  threads,
  rows: {},
};
console.log(describe(report.machine));
for (const row of chosen) {
  const result = await inChild(row);
  report.rows[row.name] = result;
  const load = machine().load[0];
  console.log(`\n## ${row.title} (${row.name})\n`);
  if (result.failed) console.log(result.failed);
  else {
    if (result.results.length > 0) console.log(table(result));
    for (const line of result.lines) console.log(line);
    console.log(`\npeak memory of the process ${Math.round(result.peak / 1e6)} MB, load ${load}`);
  }
  if (options.json) writeFileSync(options.json, JSON.stringify(report, null, 1));
}
process.exit(Object.values(report.rows).some((r) => r.failed) ? 1 : 0);

function inChild({ name }) {
  return new Promise((resolve) => {
    const { quick, full } = options;
    const child = fork(join(import.meta.dirname, 'row.mjs'), [
      name,
      JSON.stringify({ quick, full, threads }),
    ]);
    child.once('message', resolve);
    child.once('exit', (code, signal) => resolve({ failed: `ended with ${signal ?? code}` }));
  });
}
