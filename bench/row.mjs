// One row in a process of its own, so that its peak memory is its own: started by run.mjs, which prints.
import { ROWS } from './rows/index.mjs';

const [name, options] = [process.argv[2], JSON.parse(process.argv[3])];
const { run } = ROWS.find((row) => row.name === name);
try {
  const { contenders, absent, times, lines = [] } = await run(options);
  const results = contenders.map(({ name, flop, note }) => ({
    name,
    flop,
    note,
    times: times.get(name),
  }));
  process.send({ results, absent, lines, peak: process.resourceUsage().maxRSS * 1024 });
} catch (error) {
  process.send({ failed: error.stack });
}
process.exit();
