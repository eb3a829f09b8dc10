// Progress bars on stderr, if that is a terminal. Nothing else may be written while one is shown.
import cliProgress from 'cli-progress';
import pico from 'picocolors';
import type { ModelFiles, ProgressInfo } from 'siglip-ts';
import type { Io } from './io.ts';
import { hasColors, printable, scaled } from './output.ts';

function barOf(io: Io, format: string): cliProgress.SingleBar {
  const { cyan } = pico.createColors(hasColors(io, io.stderr));
  return new cliProgress.SingleBar(
    {
      // cli-progress asks for a file's stream; it only writes, and reads isTTY and columns.
      stream: io.stderr as NodeJS.WritableStream,
      format: format.replace('{bar}', cyan('{bar}')),
      barsize: 24,
      clearOnComplete: true,
      gracefulExit: false, // Ctrl-C is the program's
      emptyOnZero: true,
    },
    cliProgress.Presets.shades_grey,
  );
}

/** Runs `each` over the items, one after another, showing how many are done. */
export async function withProgress(
  io: Io,
  items: readonly string[],
  each: (item: string) => Promise<void>,
): Promise<void> {
  const bar = items.length > 1 ? barOf(io, '{bar} {value}/{total} {name}') : null;
  bar?.start(items.length, 0, { name: '' });
  try {
    for (const item of items) {
      io.signal.throwIfAborted();
      bar?.update({ name: ending(item) });
      await each(item);
      bar?.increment();
    }
  } finally {
    bar?.stop();
  }
}

/** A bar of training steps, with the loss. `say` writes a line above it, terminal or not. */
export function stepBar(io: Io, steps: number) {
  let bar: cliProgress.SingleBar | null = null;
  return {
    update(step: number, loss: number): void {
      if (!bar) {
        bar = barOf(io, '{bar} {value}/{total}  loss {loss}  {eta_formatted} left');
        bar.start(steps, step, { loss: '' });
      }
      bar.update(step, { loss: loss.toFixed(4) });
    },
    say(message: string): void {
      if (bar && io.stderr.isTTY) io.stderr.write('\r\u001b[K');
      io.stderr.write(`siglip: ${message}\n`);
    },
    stop(): void {
      bar?.stop();
      bar = null;
    },
  };
}

/** The last 40 characters: where the file's name is in a path. */
function ending(item: string): string {
  const text = printable(item);
  return text.length > 40 ? `…${text.slice(-39)}` : text;
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
