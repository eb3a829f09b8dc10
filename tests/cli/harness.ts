// Runs command lines in this process, on streams that are strings. Not a test itself.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll } from 'vitest';
import { run } from '@siglip-ts/cli';

export const images = join(import.meta.dirname, '../../fixtures/images');
export const models = join(import.meta.dirname, '../../fixtures/model');
export const image = (name: string): string => join(images, name);
export const model = (name: string): string => join(models, name);

export interface Options {
  stdin?: string | Uint8Array;
  /** Both outputs are terminals of 80 columns. */
  tty?: boolean;
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** stdin never ends. */
  pending?: boolean;
  /** stdin goes on and on. */
  endless?: boolean;
  /** Receives what is printed, when it is. */
  onStdout?: (text: string) => void;
}
export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

function output(tty: boolean, on: (text: string) => void = () => {}) {
  const chunks: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      chunks.push(String(chunk));
      on(String(chunk));
      done();
    },
  });
  Object.assign(stream, tty ? { isTTY: true, columns: 80 } : {});
  return { stream, text: () => chunks.join('') };
}

const ZEROS = Buffer.alloc(2 ** 20);
function endlessly(this: Readable): void {
  this.push(ZEROS);
}

/** The command `siglip` with these arguments. */
export async function siglip(argv: readonly string[], o: Options = {}): Promise<Result> {
  const [stdout, stderr] = [output(o.tty ?? false, o.onStdout), output(o.tty ?? false)];
  const code = await run(argv, {
    stdin: o.pending
      ? new Readable({ read() {} })
      : o.endless
        ? new Readable({ read: endlessly })
        : Readable.from(o.stdin === undefined ? [] : [Buffer.from(o.stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: o.env ?? {},
    signal: o.signal ?? new AbortController().signal,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** The one JSON document that a command prints; it must print nothing else and end well. */
export async function json<T>(argv: readonly string[], o: Options = {}): Promise<T> {
  const { code, stdout, stderr } = await siglip([...argv, '--json'], o);
  if (code !== 0 || stderr !== '') throw new Error(`exit ${code}: ${stderr}`);
  if (stdout.split('\n').length !== 2) throw new Error(`not one line: ${stdout}`);
  return JSON.parse(stdout) as T;
}

/** A folder that goes with the tests of this file. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'siglip-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write(name: string, content: string | Uint8Array): string {
      writeFileSync(path(name), content);
      return path(name);
    },
    copy(from: string, name: string): string {
      cpSync(from, path(name), { recursive: true });
      return path(name);
    },
  };
}
