// A row's results as a Markdown table: everybody's time as a multiple of the first contender's.
import { ratio } from './measure.mjs';

const COLUMNS = ['contender', 'time, min/min', 'time, median', 'of the ceiling', 'note'];

export function table({ results, absent }) {
  const base = results[0].times;
  const ceiling = results.find((r) => r.name === 'ceiling');
  const lines = results
    .filter((r) => r !== ceiling)
    .map((r) => {
      const { min, median } = ratio(r.times, base);
      return [r.name, times(min), times(median), ceiling && fraction(r, ceiling), r.note ?? ''];
    });
  for (const { name, why } of absent) lines.push([name, '-', '-', ceiling && '', why]);
  return markdown(ceiling ? COLUMNS : COLUMNS.filter((c) => c !== 'of the ceiling'), lines);
}

const times = (x) => `${x.toPrecision(x < 10 ? 2 : 3)} x`;
const rate = (r) => r.flop / Math.min(...r.times);
const fraction = (r, ceiling) => (r.flop ? `${Math.round((100 * rate(r)) / rate(ceiling))} %` : '');

export function markdown(header, lines) {
  const cells = [header, ...lines.map((line) => line.filter((x) => x !== undefined))];
  const widths = header.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  const show = (line) => `| ${line.map((x, i) => x.padEnd(widths[i])).join(' | ')} |`;
  const rule = `| ${widths.map((w) => '-'.repeat(w)).join(' | ')} |`;
  return [show(header), rule, ...cells.slice(1).map(show)].join('\n');
}
