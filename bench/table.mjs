// A row's results as a Markdown table: everybody's time as a multiple of the first contender's.
import { ratio } from './measure.mjs';

const CEILINGS = { ceiling: 'of the ceiling', 'ceiling with loads': 'with loads' };

export function table({ results, absent }) {
  const base = results[0].times;
  const ceilings = results.filter((r) => r.name in CEILINGS);
  const lines = results
    .filter((r) => !ceilings.includes(r))
    .map((r) => {
      const { min, median } = ratio(r.times, base);
      const fractions = ceilings.map((c) => fraction(r, c));
      return [r.name, times(min), times(median), ...fractions, r.note ?? ''];
    });
  for (const { name, why } of absent) lines.push([name, '-', '-', ...ceilings.map(() => ''), why]);
  const columns = ceilings.map((c) => CEILINGS[c.name]);
  return markdown(['contender', 'time, min/min', 'time, median', ...columns, 'note'], lines);
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
