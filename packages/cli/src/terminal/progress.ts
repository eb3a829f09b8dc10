// Progress bars on stderr, if that is a terminal. Nothing else may be written while one is shown.
import cliProgress from 'cli-progress';
import pico from 'picocolors';
import type { ModelFiles, ProgressInfo } from 'siglip-ts';
import { freeLine, takeLine } from './bar-line.ts';
import type { Io } from './io.ts';
import { columnsOf, hasColors, printable, scaled } from './output.ts';

/** How many columns the bar itself has. */
const BAR = 16;

function barOf(io: Io, format: string): cliProgress.SingleBar {
  const { cyan } = pico.createColors(hasColors(io, io.stderr));
  return new cliProgress.SingleBar(
    {
      // cli-progress asks for a file's stream; it only writes, and reads isTTY and columns.
      stream: io.stderr as NodeJS.WritableStream,
      format: format.replace('{bar}', cyan('{bar}')),
      barsize: BAR,
      clearOnComplete: true,
      gracefulExit: false, // Ctrl-C is the program's
      emptyOnZero: true,
    },
    cliProgress.Presets.shades_grey,
  );
}

/** What a bar goes through. */
export interface Items {
  readonly names: readonly string[];
  /** What one is called: 'picture'. */
  readonly what: string;
}

/**
 * Runs `each` over the items, one after another, showing how many are done, how many a second, and the time left.
 */
export async function withProgress(
  io: Io,
  { names, what }: Items,
  each: (name: string) => Promise<void>,
): Promise<void> {
  const total = names.length;
  const bar =
    total > 1 ? barOf(io, `{bar} {value}/{total}  {rate} ${what}s/s  {left} left  {name}`) : null;
  // At their widest: 1234/1234, 1234 pictures/s and 12:34:56 left.
  const taken = BAR + 2 * String(total).length + what.length + 31;
  const begin = performance.now();
  let on = false;
  const show = (done: number, name: string): void => {
    const rate = done / ((performance.now() - begin) / 1000);
    const payload = {
      rate: done === 0 ? '-' : rate < 10 ? rate.toFixed(1) : Math.round(rate),
      left: done === 0 ? '-' : duration(Math.ceil((total - done) / rate)),
      name: ending(name, Math.max(8, columnsOf(io.stderr) - taken)),
    };
    if (on) return bar?.update(done, payload);
    on = true;
    bar?.start(total, done, payload);
    // Stopped, not only wiped: it would end where it began, and that has moved up.
    takeLine(io, () => {
      bar?.stop();
      on = false;
    });
  };
  try {
    for (const [done, name] of names.entries()) {
      io.signal.throwIfAborted();
      show(done, name);
      await each(name);
    }
  } finally {
    freeLine(io);
  }
}

/** 3725 seconds as 1:02:05. */
function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts
    .map((n) => String(n).padStart(2, '0'))
    .join(':')
    .replace(/^00:/, '')
    .replace(/^0/, '');
}

/** A bar of training steps, with the loss. `say` writes a line above it, terminal or not. */
export function stepBar(io: Io, steps: number) {
  let bar: cliProgress.SingleBar | null = null;
  return {
    update(step: number, loss: number): void {
      if (!bar) {
        bar = barOf(io, '{bar} {value}/{total}  loss {loss}  {eta_formatted} left');
        bar.start(steps, step, { loss: '' });
        takeLine(io, () => this.stop());
      }
      bar.update(step, { loss: loss.toFixed(4) });
    },
    say(message: string): void {
      freeLine(io);
      io.stderr.write(`siglip: ${message}\n`);
    },
    stop(): void {
      bar?.stop();
      bar = null;
    },
  };
}

/** The last characters, at most so many: where the file's name is in a path. */
function ending(name: string, most: number): string {
  const text = printable(name);
  return text.length > most ? `…${text.slice(1 - most)}` : text;
}

/** A model's files, with a bar for each that is being downloaded: `source` gives them, and reports its progress. */
export async function withDownloads(
  io: Io,
  source: (progress: (info: ProgressInfo) => void) => Promise<ModelFiles>,
): Promise<ModelFiles> {
  let bar: cliProgress.SingleBar | null = null;
  const files = await source((info) => {
    if (info.status === 'download') {
      bar?.stop();
      bar = barOf(io, '{bar} {percentage} % of {size} {file}');
      bar.start(1, 0, { file: printable(info.file), size: '?' });
      takeLine(io, () => bar?.stop());
    } else if (info.status === 'progress') {
      bar?.setTotal(info.total);
      bar?.update(info.loaded, { size: `${scaled(info.total)}B` });
    }
  });
  // A bar redraws itself until it is stopped, so it must be stopped when a download fails, too.
  const shown = <T>(result: Promise<T>): Promise<T> => result.finally(() => bar?.stop());
  return {
    ...files,
    bytes: (file) => shown(files.bytes(file)),
    open: (file) => shown(files.open(file)),
  };
}
