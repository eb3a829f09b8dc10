// metrics.jsonl: a row of JSON for each step. A resumed run goes on after the rows of the steps it has.
import { appendFile, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readRegular } from '@siglip-ts/hub/reading';

/** What a row has; evaluation adds its own numbers to some. */
export interface Metrics {
  /** Steps taken so far. */
  readonly step: number;
  readonly [name: string]: number;
}

/** metrics.jsonl of a run, which grows by a row for each step. */
export class MetricsFile {
  /** Where it is. */
  readonly path: string;
  /** All its rows. */
  readonly rows: Metrics[];
  #size: number;

  private constructor(path: string, rows: Metrics[], size: number) {
    this.path = path;
    this.rows = rows;
    this.#size = size;
  }
  /**
   * The file at `path` without the rows after `step`, and without a row that was cut off; where there is none, a new one. Throws
   * for what is no regular file, and for more than 256 MiB: a million rows.
   */
  static async open(path: string, step: number): Promise<MetricsFile> {
    const text = step === 0 ? '' : await textAt(path);
    const rows = text.split('\n').flatMap((line) => {
      const row = parsed(line);
      return row && row.step <= step ? [row] : [];
    });
    await mkdir(dirname(path), { recursive: true });
    const fresh = `${path}.new`;
    const kept = rows.map(lineOf).join('');
    await writeFile(fresh, kept);
    await rename(fresh, path);
    return new MetricsFile(path, rows, Buffer.byteLength(kept));
  }
  /** Throws where somebody else has written to the file: two runs in one folder would mix their rows and checkpoints. */
  async append(row: Metrics): Promise<void> {
    const { size } = await stat(this.path);
    if (size !== this.#size)
      throw new Error(`${this.path} is not as it was left: does another run write to this folder?`);
    const line = lineOf(row);
    await appendFile(this.path, line);
    this.rows.push(row);
    this.#size += Buffer.byteLength(line);
  }
}

const MOST = 2 ** 28;

async function textAt(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readRegular(path, MOST));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

const lineOf = (row: Metrics): string => `${JSON.stringify(row)}\n`;

function parsed(line: string): Metrics | undefined {
  try {
    return JSON.parse(line) as Metrics;
  } catch {
    return undefined; // empty, or cut off when the run was killed
  }
}
