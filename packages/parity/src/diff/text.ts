// A comparison as text: for a terminal, for Markdown, as JUnit's XML. A page with a plot is html.ts.
import type { Comparison, JudgedBy, Row } from './diff.ts';
import type { Difference, Tolerance } from './measure.ts';

/** Short and sortable by eye: 0, 1.2e-7. */
export const short = (x: number | undefined): string =>
  x === undefined ? '-' : x === 0 ? '0' : Number.isFinite(x) ? x.toExponential(1) : String(x);

const COLUMNS = ['module', 'total max', 'total rmse', 'added max', 'added rmse', 'ULP p99', ''];

const cells = (r: Row): string[] => [
  r.path,
  short(r.total?.max_abs),
  short(r.total?.rmse),
  short(r.added?.max_abs),
  short(r.added?.rmse),
  short((r.added ?? r.total)?.ulp_p99),
  r.note ?? (r.pass ? 'ok' : 'WRONG'),
];

/** One line a module; then where it begins, in PyTorch's words. */
export function text(c: Comparison, t: Tolerance): string {
  const rows = [COLUMNS, ...c.rows.map(cells)];
  const widths = COLUMNS.map((_, i) => rows.reduce((w, row) => Math.max(w, row[i]!.length), 0));
  const lines = rows.map(
    (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ').trimEnd(), // prettier-ignore
  );
  return [...lines, '', ...verdict(c, t)].join('\n') + '\n';
}

/** What there is to say in the end. */
export function verdict(c: Comparison, t: Tolerance): string[] {
  const lines: string[] = [];
  const row = c.rows.find(({ path }) => path === c.first);
  const failed = c.rows.filter(({ pass }) => !pass).length;
  if (row) {
    const wrong = c.by === 'added' ? 'that is wrong by itself' : 'beyond the tolerance';
    lines.push(`The first module ${wrong}: ${row.path}`, '');
    const difference = judged(row, c.by);
    lines.push(difference ? notClose(difference, t) : `The ${row.note}.`, '');
  }
  lines.push(`${c.rows.length} compared, ${failed} beyond the tolerance`, share(c));
  if (c.unknown.length > 0)
    lines.push(`not compared, no tensor of the model: ${c.unknown.join(', ')}`);
  if (c.missing.length > 0)
    lines.push(`not in the dump: ${c.missing.length} of the model's modules and outputs`);
  return lines;
}

/** How much of the model that was, and whether it is enough. */
const share = ({ share: { compared, modules, pass } }: Comparison): string =>
  `${compared} of ${modules} modules compared${pass ? '' : ': TOO FEW to say that the model is right (see --min-share)'}`;

const judged = (r: Row, by: JudgedBy): Difference | null =>
  by === 'added' ? (r.added ?? r.total) : r.total;

/** As torch.testing.assert_close says it. */
export function notClose(d: Difference, { atol, rtol, nmse_db }: Tolerance): string {
  if (nmse_db !== undefined)
    return `Tensor-likes are not close!\n\nNMSE: ${d.nmse_db.toFixed(1)} dB (up to ${nmse_db} dB allowed)`;
  const total = d.shape.reduce((product, n) => product * n, 1);
  const at = (index: readonly number[]) =>
    `index (${index.join(', ')}${index.length === 1 ? ',' : ''})`;
  return [
    'Tensor-likes are not close!',
    '',
    `Mismatched elements: ${d.beyond} / ${total} (${((100 * d.beyond) / total).toFixed(1)}%)`,
    `Greatest absolute difference: ${d.max_abs} at ${at(d.max_abs_at)} (up to ${atol} allowed)`,
    `Greatest relative difference: ${d.max_rel} at ${at(d.max_rel_at)} (up to ${rtol} allowed)`,
  ].join('\n');
}

export function markdown(c: Comparison, t: Tolerance): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const rule = line(COLUMNS.map((_, i) => (i === 0 ? '---' : '---:')));
  const rows = c.rows.map((r) => line([`\`${r.path}\``, ...cells(r).slice(1)]));
  return [line(COLUMNS), rule, ...rows, '', ...verdict(c, t)].join('\n') + '\n';
}

export function junit(c: Comparison, t: Tolerance): string {
  const escaped = (s: string) =>
    s.replace(/[&<>"]/g, (x) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[x]!);
  const cases = c.rows.map((r) => {
    const difference = judged(r, c.by);
    const message = difference ? notClose(difference, t) : r.note!;
    return r.pass
      ? `  <testcase name="${escaped(r.path)}"/>`
      : `  <testcase name="${escaped(r.path)}"><failure>${escaped(message)}</failure></testcase>`;
  });
  const few = c.share.pass ? '' : `<failure>${escaped(share(c))}</failure>`;
  cases.unshift(`  <testcase name="modules compared">${few}</testcase>`);
  const failed = c.rows.filter(({ pass }) => !pass).length + (c.share.pass ? 0 : 1);
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="parity of ${escaped(c.producer)}" tests="${cases.length}" failures="${failed}">
${cases.join('\n')}
</testsuite>
`;
}
