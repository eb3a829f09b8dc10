// The server that is tried: one pipeline behind node:http, as docs/on-a-server.md tells. Its only door for the test is a message
// that asks for the memory in use. What it is asked is in requests.ts.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, type ZeroShotOptions } from 'siglip-ts';
import type { Memory } from './process.ts';

const LIMITS = { maxBytes: 2 ** 21, maxPixels: 2e6, maxScanSamples: 10e6, silence: 1, timeout: 5 };
const MAX_BODY = 4e6;

const classify = await pipeline('zero-shot-image-classification', process.env['MODEL'], {
  images: { paths: false, hosts: ['*.example.org'], private: false },
});

class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new HttpError(413, `the body has more than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface Asked {
  readonly image: string | Buffer;
  readonly labels: readonly string[];
  /** A stranger's, in JSON or as numbers of the query. */
  readonly options?: ZeroShotOptions;
}

/** Bytes of a picture with labels in the query, or JSON whose image is a text. */
async function askedBy(request: IncomingMessage): Promise<Asked> {
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
  if (pathname !== '/classify') throw new HttpError(404, `nothing at ${pathname}`);
  if (request.method !== 'POST') throw new HttpError(405, `${request.method}: expected POST`);
  const body = await bodyOf(request);
  if (request.headers['content-type'] !== 'application/json') {
    const { labels = '[]', ...numbers } = Object.fromEntries(searchParams);
    const options = Object.entries(numbers).map(([name, text]) => [name, Number(text)]);
    return { image: body, labels: JSON.parse(labels), options: Object.fromEntries(options) };
  }
  try {
    return { ...JSON.parse(body.toString()) };
  } catch (error) {
    throw new HttpError(400, `the body is no JSON: ${(error as Error).message}`);
  }
}

async function answer(request: IncomingMessage, signal: AbortSignal): Promise<unknown> {
  const { image, labels, options } = await askedBy(request);
  return classify(image, labels, { ...LIMITS, ...options, signal }).catch((error: Error) => {
    throw new HttpError(422, error.message);
  });
}

const server = createServer({ requestTimeout: 5000, connectionsCheckingInterval: 250 });
server.on('request', async (request, response) => {
  const stop = new AbortController();
  response.once('close', () => stop.abort()); // nobody waits for it any longer
  let [status, body]: [number, unknown] = [200, undefined];
  try {
    body = await answer(request, stop.signal);
  } catch (error) {
    status = error instanceof HttpError ? error.status : 500;
    body = { error: (error as Error).message };
    if (!request.complete) response.setHeader('connection', 'close'); // the rest is not read
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});

process.on('message', () => {
  for (let i = 0; i < 3; i++) globalThis.gc!();
  const { rss, heapUsed, external } = process.memoryUsage();
  const open = process.getActiveResourcesInfo().length;
  process.send!({ rss, heapUsed, external, open } satisfies Memory);
});
process.once('SIGTERM', () => {
  process.disconnect();
  server.close(() => void classify.dispose());
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
