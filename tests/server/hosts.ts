// The servers of pictures that strangers name: good ones, silent ones, those without end, and those that lead elsewhere.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

const ZEROS = Buffer.alloc(2 ** 16);
const BOMB = gzipSync(Buffer.alloc(2 ** 26), { level: 9 });

export interface Hosts {
  readonly port: number;
  /** Paths that nobody should have come to. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

/** `pictures` by name, at /good/NAME and /gzip/NAME. */
export async function startHosts(pictures: ReadonlyMap<string, Uint8Array>): Promise<Hosts> {
  const secrets: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://pictures.example.org');
    const [, kind = '', name = ''] = pathname.split('/');
    const answer = Object.hasOwn(ANSWERS, kind) ? ANSWERS[kind]! : undefined;
    if (answer) answer(response);
    else if (kind === 'good') response.end(pictures.get(name));
    else if (kind === 'gzip')
      response.setHeader('content-encoding', 'gzip').end(gzipSync(pictures.get(name)!));
    else if (kind === 'to')
      response.writeHead(302, { location: searchParams.get('url')! }).end('there');
    else {
      secrets.push(pathname);
      response.end(pictures.values().next().value);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, secrets, close: () => closed(server) };
}

const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  missing: (response) => void response.writeHead(404).end('nothing'),
  round: (response) => void response.writeHead(302, { location: '/round' }).end(),
  failing: (response) => void response.destroy(),
  silent: () => {},
  half: (response) => void response.write(ZEROS.subarray(0, 100)),
  bomb: (response) => void response.setHeader('content-encoding', 'gzip').end(BOMB),
  spoiled: (response) => void response.setHeader('content-encoding', 'gzip').end('no gzip'),
  short(response) {
    response.writeHead(200, { 'content-length': 5000 }).write('a');
    setTimeout(() => response.destroy(), 10);
  },
  drip(response) {
    const drops = setInterval(() => response.write('a'), 100);
    response.on('close', () => clearInterval(drops));
  },
  endless(response) {
    const go = (): void => {
      while (!response.destroyed && response.write(ZEROS));
      if (!response.destroyed) response.once('drain', go);
    };
    go();
  },
};

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
