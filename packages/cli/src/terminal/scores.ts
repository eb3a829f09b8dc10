// How the scores of pictures are printed: as text for people, or for programs as JSON, as lines of JSON, or as CSV. Where
// they come from is classify's business.
import type { Io } from './io.ts';
import {
  cell,
  columnsOf,
  largest,
  paint,
  printable,
  printJson,
  stream,
  widthOf,
} from './output.ts';

/** One picture's labels, highest score first. */
export interface Classified {
  readonly image: string;
  readonly scores: readonly { readonly label: string; readonly score: number }[];
}

export const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** Takes one result after another, and then is told that there are no more. */
export interface Printer {
  add(result: Classified): Promise<void>;
  end(): void;
}

/** All but json print a result when they get it, and remember none. */
export const printerOf = (io: Io, format: Format): Printer =>
  format === 'json' ? document(io) : lines(io, format);

function document(io: Io): Printer {
  const results: Classified[] = [];
  return { add: async (result) => void results.push(result), end: () => printJson(io, results) };
}

function lines(io: Io, format: Exclude<Format, 'json'>): Printer {
  const { before, between, shown } = LINES[format];
  let first = true;
  return {
    async add(result) {
      const head = first ? before : between;
      first = false;
      await stream(io, [...head, ...shown(io, result), ''].join('\n'));
    },
    end() {},
  };
}

interface Lines {
  /** What stands before the first result, and before every other. */
  readonly before: readonly string[];
  readonly between: readonly string[];
  shown(io: Io, result: Classified): readonly string[];
}

const LINES: Readonly<Record<Exclude<Format, 'json'>, Lines>> = {
  table: { before: [], between: [''], shown: bars },
  ndjson: { before: [], between: [], shown: (_, result) => [JSON.stringify(result)] },
  csv: { before: ['image,label,score'], between: [], shown: rows },
};

function rows(_: Io, { image, scores }: Classified): string[] {
  return scores.map(({ label, score }) => [image, label, String(score)].map(quoted).join(','));
}

/** RFC 4180. */
const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

const BAR = 24;

/** A picture's name, then a line a label. */
function bars(io: Io, { image, scores }: Classified): string[] {
  const c = paint(io);
  const names = scores.map(({ label }) => printable(label));
  const room = columnsOf(io.stdout) - BAR - 13;
  const width = Math.max(8, Math.min(room, largest(names.map(widthOf))));
  const lines = scores.map(({ score }, i) => {
    const filled = Math.round(score * BAR);
    const bar = c.cyan('█'.repeat(filled)) + c.dim('░'.repeat(BAR - filled));
    const line = `  ${cell(names[i]!, width)}  ${bar}  `;
    return line + percent(score).padStart(7);
  });
  return [c.bold(printable(image)), ...lines];
}

/** Scores are only compared by eye here; the other formats have all digits. */
const percent = (score: number): string =>
  score > 0 && score < 0.0005 ? '<0.1 %' : `${(100 * score).toFixed(1)} %`;
