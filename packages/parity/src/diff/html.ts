// A comparison as one self-contained page: the error of every module on a log axis, and a table that can be sorted.
import { scaleLog } from 'd3-scale';
import type { Comparison, Row } from './diff.ts';
import type { Tolerance } from './measure.ts';
import { short, verdict } from './text.ts';

const WIDTH = 960;
const HEIGHT = 300;
const LEFT = 60;
const BOTTOM = 24;

export function html(c: Comparison, t: Tolerance): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Parity of ${escaped(c.producer)}</title>
<meta name="viewport" content="width=device-width">
<style>
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; color: #1f2937 }
pre { background: #f3f4f6; padding: 1rem; overflow: auto }
table { border-collapse: collapse; width: 100% } td, th { padding: 2px 8px; text-align: right; white-space: nowrap }
td:nth-child(2), th:nth-child(2) { text-align: left } .wide { overflow-x: auto } th { cursor: pointer; border-bottom: 1px solid #9ca3af }
tr.wrong td { background: #fee2e2 } svg { width: 100%; height: auto } .key { color: #1668b8 } .key + .key { color: #c4460b }
</style>
<h1>Parity of ${escaped(c.producer)}</h1>
<pre>${escaped(verdict(c, t).join('\n'))}</pre>
<p>Root mean square of the error, module by module in the order in which they run: <span class="key">● total</span>,
<span class="key">● added by the module itself</span>. Equal to the bit: at the bottom.</p>
${plot(c)}
<div class="wide"><table><thead><tr>${HEAD.map((h) => `<th>${h}</th>`).join('')}</tr></thead>
<tbody>${c.rows.map(row).join('\n')}</tbody></table></div>
<script>
document.querySelectorAll('th').forEach((th, column) => th.addEventListener('click', () => {
  const body = document.querySelector('tbody');
  const down = th.dataset.down = th.dataset.down === '1' ? '' : '1';
  const key = (tr) => tr.cells[column].dataset.v ?? tr.cells[column].textContent;
  const rows = [...body.rows].sort((a, b) => column === 1 ? key(a).localeCompare(key(b)) : key(a) - key(b));
  body.replaceChildren(...(down ? rows.reverse() : rows));
}));
</script>
</html>
`;
}

const HEAD = ['#', 'module', 'total max', 'total rmse', 'added max', 'added rmse', 'ULP p50', 'ULP p99', 'ULP max', 'cosine', 'NMSE dB', 'first beyond']; // prettier-ignore

function row(r: Row, i: number): string {
  const d = r.added ?? r.total;
  const number = (x: number | undefined) => `<td data-v="${x ?? -1}">${short(x)}</td>`;
  return `<tr${r.pass ? '' : ' class="wrong"'}><td data-v="${i}">${i + 1}</td><td>${escaped(r.path)}</td>${[
    r.total?.max_abs,
    r.total?.rmse,
    r.added?.max_abs,
    r.added?.rmse,
    d?.ulp_p50,
    d?.ulp_p99,
    d?.ulp_max,
  ]
    .map(number)
    .join(
      '',
    )}<td data-v="${d?.cosine ?? -1}">${d?.cosine.toFixed(6) ?? '-'}</td><td data-v="${d?.nmse_db ?? 0}">${d?.nmse_db.toFixed(1) ?? '-'}</td><td>${d?.first ? `[${d.first.join(', ')}]` : (r.note ?? '')}</td></tr>`;
}

function plot({ rows, first }: Comparison): string {
  const values = rows.flatMap(({ total, added }) => [total?.rmse, added?.rmse]);
  const positive = values.filter(
    (x): x is number => x !== undefined && x > 0 && Number.isFinite(x),
  );
  const sorted = positive.sort((a, b) => a - b);
  const [low = 1e-9, high = 1] = [sorted[0], sorted.at(-1)];
  const y = scaleLog([low / 3, high * 3], [HEIGHT - BOTTOM, 12]);
  const x = (i: number) => LEFT + ((i + 0.5) * (WIDTH - LEFT - 10)) / rows.length;
  const at = (value: number) => (value > 0 ? (Number.isFinite(value) ? y(value) : 8) : HEIGHT - BOTTOM); // prettier-ignore
  const dots = (color: string, valueOf: (r: Row) => number | undefined) =>
    rows
      .map((r, i) => ({ r, i, value: valueOf(r) }))
      .filter(({ value }) => value !== undefined)
      .map(
        ({ r, i, value }) =>
          `<circle cx="${x(i).toFixed(1)}" cy="${at(value!).toFixed(1)}" r="3" fill="${color}"><title>${escaped(r.path)}: ${short(value)}</title></circle>`,
      ) // prettier-ignore
      .join('');
  const decades = y.ticks(8).filter((tick) => Number.isInteger(Math.log10(tick)) || y.ticks(8).length < 9); // prettier-ignore
  const grid = decades.map((tick) => `<path d="M${LEFT} ${y(tick)}H${WIDTH - 10}" stroke="#e5e7eb"/><text x="${LEFT - 6}" y="${y(tick) + 4}" text-anchor="end" fill="#6b7280">${tick.toExponential(0)}</text>`); // prettier-ignore
  const begins = rows.findIndex(({ path }) => path === first);
  const mark =
    begins < 0
      ? ''
      : `<path d="M${x(begins)} 0V${HEIGHT - BOTTOM}" stroke="#b91c1c" stroke-dasharray="4 3"/><text x="${x(begins) + (begins > rows.length / 2 ? -6 : 6)}" y="${HEIGHT - 8}" fill="#b91c1c" text-anchor="${begins > rows.length / 2 ? 'end' : 'start'}">${escaped(first!)}</text>`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" font-size="12">${grid.join('')}${mark}${dots('#1668b8', (r) => r.total?.rmse)}${dots('#c4460b', (r) => r.added?.rmse)}</svg>`;
}

const escaped = (s: string): string =>
  s.replace(/[&<>"]/g, (x) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[x]!);
