// A server that speaks the hub's routes, badly when told to: for tests of hubFiles.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file on the hub. */
export interface HubFile {
  bytes: Uint8Array;
  /** Strong, without quotes. */
  etag: string;
  /** How it is served: by the hub itself, after a redirect within it, or by a storage at another port. */
  via?: 'hub' | 'cache' | 'storage';
  /** Overrides parts of the answer that carries the body; returns true when it has answered. */
  body?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
}

export interface TestHub {
  readonly endpoint: string;
  readonly files: Map<string, HubFile>;
  /** "hub /path", "storage /path": every request, in order. */
  readonly log: string[];
  readonly requests: {
    server: 'hub' | 'storage';
    url: string;
    headers: IncomingMessage['headers'];
  }[];
  /** Answers instead of the hub, when it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  commit: string;
  stop(): Promise<void>;
}

export async function startHub(): Promise<TestHub> {
  const requests: TestHub['requests'] = [];
  const log: string[] = [];
  const note = (server: 'hub' | 'storage', request: IncomingMessage): void => {
    requests.push({ server, url: request.url ?? '', headers: request.headers });
    log.push(`${server} ${request.url}`);
  };
  const files: TestHub['files'] = new Map();
  const storage = createServer((request, response) => {
    note('storage', request);
    const file = files.get(decodeURIComponent((request.url ?? '').slice(1)));
    // The storage names contents its own way.
    if (file) void sendBody(file, `s3-${file.etag}`, request, response);
    else response.writeHead(404).end();
  });
  const hub = createServer((request, response) => {
    note('hub', request);
    if (!test.intercept?.(request, response)) answer(test, storageUrl, request, response);
  });
  const storageUrl = await listen(storage);
  const test: TestHub = {
    ...{ endpoint: await listen(hub), files, log, requests, intercept: undefined },
    commit: 'c0ffee'.padEnd(40, '0'),
    async stop() {
      for (const server of [hub, storage]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return test;
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answer(
  { files, commit }: TestHub,
  storageUrl: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = request.url ?? '';
  const cached = url.startsWith('/api/resolve-cache/');
  const name = decodeURIComponent(
    cached
      ? url.slice('/api/resolve-cache/'.length)
      : url.replace(/^\/[^/]+\/[^/]+\/resolve\/[^/]+\//, ''),
  );
  const file = files.get(name);
  response.setHeader('x-repo-commit', commit);
  if (file === undefined) {
    response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end('Entry not found');
    return;
  }
  if (request.headers['if-none-match'] === `"${file.etag}"`) {
    response.writeHead(304).end();
    return;
  }
  if (file.via === 'storage') {
    const linked = { 'x-linked-etag': `"${file.etag}"`, 'x-linked-size': file.bytes.length };
    response.writeHead(302, { location: `${storageUrl}/${encodeURIComponent(name)}`, ...linked });
    response.end('Found');
  } else if (file.via === 'cache' && !cached) {
    response.writeHead(307, { location: `/api/resolve-cache/${encodeURIComponent(name)}` });
    response.end('Temporary Redirect');
  } else void sendBody(file, file.etag, request, response);
}

/** The whole body, or the range that is asked for, if it is of the same ETag or of any. */
async function sendBody(
  { bytes, body }: HubFile,
  etag: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('etag', `"${etag}"`);
  if (await body?.(request, response)) return;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  if (range === null || (condition ?? `"${etag}"`) !== `"${etag}"`) {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    return;
  }
  const start = Number(range[1]);
  const end = range[2] ? Math.min(Number(range[2]) + 1, bytes.length) : bytes.length;
  response.writeHead(206, {
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${bytes.length}`,
  });
  response.end(bytes.subarray(start, end));
}

/** A body of 100,000 bytes whose connection is cut every `length` bytes, if it starts before `until`. */
export function cutEvery(length: number, until: number): NonNullable<HubFile['body']> {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (start >= until) return false;
    const total = 100_000;
    const range = `bytes ${start}-${total - 1}/${total}`;
    response.writeHead(start ? 206 : 200, {
      'content-length': total - start,
      ...(start && { 'content-range': range }),
    });
    response.write(content(total).subarray(start, start + length), () => {
      setTimeout(() => response.destroy(), 100); // what was not read yet would be lost
    });
    return true;
  };
}

/** Bytes that repeat only after 251. */
export function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}
