// report.svg: the curves of a run. One panel for each number in metrics.jsonl.
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { Metrics } from './metrics.ts';

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 64;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 26;

interface Panel {
  readonly title: string;
  readonly names: readonly string[];
  readonly log?: boolean;
}
const PANELS: readonly Panel[] = [
  { title: 'loss', names: ['loss'], log: true },
  { title: 'temperature', names: ['logit_scale'] },
  { title: 'bias', names: ['logit_bias'] },
  { title: 'gradient norm', names: ['grad_norm'], log: true },
  { title: 'learning rate', names: ['learning_rate'] },
  {
    title: 'held-out pairs',
    names: ['zero_shot_accuracy', 'image_to_text_r5', 'text_to_image_r1', 'text_to_image_r5'],
  },
];
const COLORS = ['#1668b8', '#c4460b', '#15803d', '#7c3aed'];

/** An SVG document. Numbers that no row has make no panel. */
export function reportSvg(rows: readonly Metrics[]): string {
  const shown = PANELS.filter(({ names }) => names.some((name) => rows.some((r) => name in r)));
  const panels = shown.map((panel, i) => `<g transform="translate(0 ${i * HEIGHT})">${panelOf(panel, rows)}</g>`); // prettier-ignore
  const height = Math.max(1, shown.length) * HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function panelOf({ title, names, log }: Panel, rows: readonly Metrics[]): string {
  const series = names.map((name) =>
    rows.flatMap((r) => (r[name] === undefined ? [] : [[r.step, r[name]] as [number, number]])),
  );
  const values = series.flat().map(([, y]) => y);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const x = scaleLinear([0, rows.at(-1)!.step], [LEFT, WIDTH - RIGHT]);
  const range = [HEIGHT - BOTTOM, TOP];
  const y =
    log && low > 0
      ? scaleLog([low, Math.max(high, low * 1.01)], range).nice()
      : scaleLinear([low, high === low ? low + 1 : high], range).nice();
  const path = line<[number, number]>(
    ([step]) => x(step),
    ([, value]) => y(value),
  );
  const format = y.tickFormat(5, log ? '~g' : undefined);
  const grid = y.ticks(5).map(
    (tick) => `<path d="M${LEFT} ${y(tick)}H${WIDTH - RIGHT}" stroke="#e5e7eb"/>
<text x="${LEFT - 6}" y="${y(tick) + 4}" text-anchor="end" fill="#6b7280">${format(tick)}</text>`,
  );
  const steps = x
    .ticks(6)
    .map(
      (tick) =>
        `<text x="${x(tick)}" y="${HEIGHT - 8}" text-anchor="middle" fill="#6b7280">${tick}</text>`,
    );
  const curves = series.map(
    (points, i) => `<path d="${path(points)}" fill="none" stroke="${COLORS[i]}" stroke-width="1.5"/>${points.length < 40 ? dots(points, x, y, COLORS[i]!) : ''}`, // prettier-ignore
  );
  const legend =
    names.length === 1
      ? ''
      : names
          .map((name, i) => `<tspan dx="12" fill="${COLORS[i]}">${name.replace(/_/g, ' ')}</tspan>`)
          .join('');
  return `<text x="${LEFT}" y="20" font-weight="600">${title}${legend}</text>
${[...grid, ...steps, ...curves].join('\n')}`;
}

/** Few points are marked: evaluations, short runs. */
const dots = (
  points: readonly (readonly [number, number])[],
  x: (step: number) => number,
  y: (value: number) => number,
  color: string,
): string =>
  points.map(([step, value]) => `<circle cx="${x(step)}" cy="${y(value)}" r="2.5" fill="${color}"/>`).join(''); // prettier-ignore
