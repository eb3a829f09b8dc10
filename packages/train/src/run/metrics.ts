// metrics.jsonl: a row of JSON for each step. A resumed run goes on after the rows of the steps it has.
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a row tells; evaluation adds its own numbers to some. */
export interface Metrics {
  readonly step: number;
  readonly [name: string]: number;
}

export class MetricsFile {
  readonly path: string;
  readonly rows: Metrics[];

  private constructor(path: string, rows: Metrics[]) {
    this.path = path;
    this.rows = rows;
  }
  /** The file at `path` without the rows after `step`, and without a row that was cut off. */
  static async open(path: string, step: number): Promise<MetricsFile> {
    const text = step === 0 ? '' : await readFile(path, 'utf8').catch(() => '');
    const rows = text.split('\n').flatMap((line) => {
      const row = parsed(line);
      return row && row.step <= step ? [row] : [];
    });
    await mkdir(dirname(path), { recursive: true });
    const fresh = `${path}.new`;
    await writeFile(fresh, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await rename(fresh, path);
    return new MetricsFile(path, rows);
  }
  async append(row: Metrics): Promise<void> {
    this.rows.push(row);
    await appendFile(this.path, `${JSON.stringify(row)}\n`);
  }
}

function parsed(line: string): Metrics | undefined {
  try {
    return JSON.parse(line) as Metrics;
  } catch {
    return undefined; // empty, or cut off when the run was killed
  }
}
