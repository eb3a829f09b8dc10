// Ten processes at once that fill one cold cache from a slow hub, some of them killed with -9: what one-cache.test.ts does a
// few rounds of and one-cache.slow.ts a hundred.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect } from 'vitest';
import type { HubFile } from './hub-server.ts';
import { cache, hub } from './hub-setup.ts';

const SIZE = 400_000;
const PROCESSES = 10;

/** A body that takes about 60 ms from where it is asked for, so that a kill falls into it. */
const slowly: NonNullable<HubFile['body']> = async (request, response) => {
  const { bytes } = hub.files.get('big')!;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = start && { 'content-range': `bytes ${start}-${SIZE - 1}/${SIZE}` };
  response.writeHead(start ? 206 : 200, { 'content-length': SIZE - start, ...range });
  for (let at = start; at < SIZE && !response.destroyed; at += 40_000) {
    response.write(bytes.subarray(at, at + 40_000));
    await new Promise((resolve) => setTimeout(resolve, 6));
  }
  response.end();
  return true;
};

/** Rounds in one cache, each of another file of that name; the partial files of a round are gone after the next. */
export async function fillTogether(rounds: number): Promise<{ killed: number; resumed: number }> {
  const loader = join(cache, 'loader.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'one-cache-loader.ts')],
    outfile: loader,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['siglip:source'],
  });
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = new Uint8Array(randomBytes(SIZE));
    const etag = createHash('sha256').update(bytes).digest('hex');
    hub.files.set('big', { bytes, etag, via: 'storage', body: slowly });
    const ends = await Promise.all(
      Array.from({ length: PROCESSES }, (_, i) => load(loader, etag, i % 3 === 0)),
    );
    for (const { what, dead } of ends) {
      if (!dead) expect(what, `round ${round}`).toBe('right');
      else killed++;
    }
    const left = (await readdir(cache, { recursive: true })).filter((name) => /\.part-/.test(name));
    // One for each that was killed, of the file or of the note of its version; none of an earlier round.
    const dead = ends.filter((end) => end.dead).map(({ pid }) => pid);
    const writers = left.map((name) => Number(/\.(\d+)\.[^.]{8}\.\d+$/.exec(name)?.[1]));
    expect(left.length, `${left.join(' ')} after round ${round}`).toBeLessThanOrEqual(dead.length);
    expect(writers.filter((pid) => !dead.includes(pid))).toEqual([]);
  }
  return { killed, resumed: hub.requests.filter(({ headers }) => headers.range).length };
}

/** One process to its end, or, from a moment on after it has asked the hub, to its death. */
async function load(loader: string, etag: string, kill: boolean) {
  const asked = hub.requests.length;
  const child = spawn(process.execPath, [loader, hub.endpoint, join(cache, 'hub'), etag]);
  let what = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (what += text));
  const ended = new Promise<string | null>((resolve) =>
    child.on('close', (_, signal) => resolve(signal)),
  );
  if (kill) {
    while (hub.requests.length <= asked && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    setTimeout(() => child.kill('SIGKILL'), 200 * Math.random());
  }
  return { dead: (await ended) === 'SIGKILL', what, pid: child.pid! };
}
