// Where a run happened: printed with every table, since a ratio belongs to a machine and its load.
import { cpus, loadavg, totalmem } from 'node:os';
import { hasRelaxed } from './ceiling.mjs';

export const machine = () => ({
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  relaxedSimd: hasRelaxed(),
  load: loadavg().map((x) => x.toFixed(1)),
});

export const describe = (m) =>
  `${m.cpu}, ${m.cores} cores, ${m.memory}, Node ${m.node}, ${m.platform}, load ${m.load.join(' ')}`;
