// A server of a project: started as its user would, asked at the address that it prints, and ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Project } from './pack.ts';

export interface Started {
  /** Without a slash at its end. */
  readonly url: string;
  /** Ends it and all that it started; gives its exit code, null where the signal ended it. */
  stop(): Promise<number | null>;
}

/** Starts a program and waits until it prints an address on localhost. Throws with what it printed where it ends before. */
export async function start(
  project: Project,
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const server = spawn(program, words, {
    cwd: project.folder,
    env: {
      ...process.env,
      PATH: `${join(project.folder, 'node_modules/.bin')}:${process.env.PATH}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, which is ended as a whole
  });
  const exit = once(server, 'exit') as Promise<[number | null]>;
  let printed = '';
  const found = new Promise<string>((resolve) => {
    for (const stream of [server.stdout, server.stderr])
      stream.on('data', (text) => {
        printed += String(text).replace(/\u001b\[\d*m/g, '');
        const [, url] = /(http:\/\/(?:localhost|127\.0\.0\.1):[1-9]\d*)/.exec(printed) ?? [];
        if (url) resolve(url);
      });
  });
  const ended = exit.then(() =>
    Promise.reject(new Error(`${program} ${words.join(' ')} ends\n${printed}`)),
  );
  const url = await Promise.race([found, ended]);
  const stop = async () => {
    ended.catch(() => {});
    if (server.exitCode === null) process.kill(-server.pid!, 'SIGTERM');
    return (await exit)[0];
  };
  return { url, stop };
}
