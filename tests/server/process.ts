// The server's process: started from the sources, asked for its memory, ended.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleInto } from '../from-sources.mjs';

/** HF's, for a label that holds one. */
const WARNING =
  'This sequence already has </s>. In future versions this behavior may lead to duplicated eos tokens being added.\n';

/** What is in use after garbage was collected, in bytes, and how many timers, sockets and others are open. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly open: number;
}

export interface ServerProcess {
  readonly port: number;
  memory(): Promise<Memory>;
  /** What it said that it should not: on stderr, and of addresses that it connected to. */
  readonly said: () => string;
  /** How it ended, if it has; nobody has asked it to. */
  readonly ended: () => number | string | null;
  /** Its exit code after SIGTERM. */
  end(): Promise<number | null>;
}

const here = import.meta.dirname;
/** Inside the repository, where the bundle finds sharp. */
const CACHE = join(here, '../../node_modules/.cache');

/** The embedded model: a bundle does not bring its files. */
const MODEL = join(here, '../../packages/tiny-model/model');

export async function startServer(pictures: number): Promise<ServerProcess> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'server-'));
  await bundleInto(folder, {
    program: join(here, 'program.ts'),
    internet: join(here, 'internet.ts'),
  });
  const child = fork(join(folder, 'program.js'), {
    execArgv: ['--expose-gc', '--import', join(folder, 'internet.js')],
    env: { ...process.env, PICTURES: String(pictures), MODEL },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text) => (said += text));
  child.on('message', (message) => {
    if (typeof message === 'string') said += `${message}\n`;
  });
  const port = await next<number>(child, 'number').catch((error: Error) => {
    throw new Error(`${error.message}: ${said}`);
  });
  return {
    port,
    memory() {
      child.send('memory');
      return next<Memory>(child, 'object');
    },
    ended: () => child.exitCode ?? child.signalCode,
    said: () => said.replaceAll(WARNING, ''),
    async end() {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}

/** The next message of a type. Rejects where the process ends before. */
function next<T>(child: ChildProcess, type: 'number' | 'object'): Promise<T> {
  return new Promise((resolve, reject) => {
    const hear = (message: unknown): void => {
      if (typeof message !== type) return;
      child.off('message', hear).off('exit', ended);
      resolve(message as T);
    };
    const ended = (code: number | null, signal?: string): void =>
      reject(new Error(`the server ended: ${code ?? signal}`));
    if (child.exitCode !== null || child.signalCode !== null)
      return ended(child.exitCode, child.signalCode ?? '');
    child.on('message', hear).once('exit', ended);
  });
}
