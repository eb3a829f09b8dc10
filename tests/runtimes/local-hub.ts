// A hub for browsers: another origin than the page's, its weights on a third, with the headers that the real one allows
// pages to see. Its model has the base size, 812 MB of arbitrary weights, or is the embedded one.
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SiglipConfig } from 'siglip-ts';
import { parameterShapes } from '../siglip/base-size/parameters.ts';
import { root } from './bundle.ts';
import { MODEL, MODEL_FILES } from './classify.ts';

export interface LocalHub {
  readonly endpoint: string;
  /** The folder with the files of `test/base`. */
  readonly folder: string;
  /** The size of its weights. */
  readonly size: number;
  /** "GET model.safetensors bytes=5-": every request, in order. */
  readonly log: string[];
  /** Bytes of weights that were sent. */
  sent: number;
  close(): void;
}

const COMMIT = 'c0ffee'.padEnd(40, '0');

export async function startLocalHub(): Promise<LocalHub> {
  const folder = mkdtempSync(join(tmpdir(), 'local-hub-'));
  await writeModel(folder);
  const log: string[] = [];
  const note = (file: string, { method, headers }: IncomingMessage): void =>
    void log.push([method, file, headers.range].filter(Boolean).join(' '));

  const storage = createServer((request, response) => {
    note('storage', request);
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-expose-headers', 'Accept-Ranges,Content-Range,ETag');
    response.setHeader('etag', '"storage-1"');
    send(request, response, join(folder, 'model.safetensors'), (n) => (hub.sent += n));
  });
  const server = createServer((request, response) => {
    const [, file = ''] = /^(?:\/test\/base\/resolve\/main|\/api\/resolve-cache)\/(.+)$/.exec(request.url!) ?? []; // prettier-ignore
    if (request.url!.startsWith('/test/')) note(file, request); // and not what it redirects to
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    response.setHeader('access-control-expose-headers', 'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash'); // prettier-ignore
    response.setHeader('x-repo-commit', COMMIT);
    if (file === 'model.safetensors') {
      const linked = { 'x-linked-etag': '"sha256"', 'x-linked-size': hub.size };
      response.writeHead(302, { location: `${storageUrl}/${file}?signed`, ...linked }).end();
    } else if (!NAMES.includes(file)) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end('Entry not found');
    } else if (request.url!.startsWith('/test/')) {
      response.writeHead(307, { location: `/api/resolve-cache/${file}` }).end();
    } else {
      response.setHeader('etag', `"git-${file}"`);
      send(request, response, join(folder, file), () => {});
    }
  });
  const storageUrl = await listen(storage);
  const hub: LocalHub = {
    endpoint: await listen(server),
    folder,
    size: statSync(join(folder, 'model.safetensors')).size,
    log,
    sent: 0,
    close() {
      for (const s of [server, storage]) {
        s.close();
        s.closeAllConnections();
      }
      rmSync(folder, { recursive: true });
    },
  };
  return hub;
}

const NAMES: readonly string[] = MODEL_FILES;

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The file or the range of it that is asked for, telling of bytes as they go. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  onBytes: (n: number) => void,
): void {
  const { size } = statSync(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = last ? Math.min(Number(last), size - 1) : size - 1;
  response.writeHead(first === undefined ? 200 : 206, {
    'content-length': end + 1 - start,
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    ...(first !== undefined && { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === 'HEAD') return void response.end();
  const body = createReadStream(path, { start, end });
  body.on('data', (chunk) => onBytes(chunk.length));
  response.on('close', () => body.destroy());
  body.pipe(response);
}

/** The embedded model's files, changed for the base size, and weights that repeat only after a prime number of them. */
async function writeModel(folder: string): Promise<void> {
  const files = new Map(MODEL_FILES.map((name) => [name, readFileSync(join(root, MODEL, name))]));
  const json = (name: (typeof MODEL_FILES)[number], changes: object): string =>
    JSON.stringify({ ...(JSON.parse(files.get(name)!.toString()) as object), ...changes });
  const texts = {
    'config.json': new SiglipConfig().to_json_string(),
    'preprocessor_config.json': json('preprocessor_config.json', { size: { height: 224, width: 224 } }), // prettier-ignore
    'tokenizer_config.json': json('tokenizer_config.json', { model_max_length: 64 }),
  };
  for (const [name, bytes] of [...files, ...Object.entries(texts)])
    if (name !== 'model.safetensors') await writeFile(join(folder, name), bytes);

  const header: Record<string, object> = {};
  let end = 0;
  for (const [key, shape] of await parameterShapes(new SiglipConfig())) {
    const begin = end;
    end += 4 * shape.reduce((a, b) => a * b, 1);
    header[key] = { dtype: 'F32', shape, data_offsets: [begin, end] };
  }
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const block = Buffer.from(Float32Array.from({ length: 4_194_301 }, weightAt).buffer);
  const file = await open(join(folder, 'model.safetensors'), 'w');
  await file.writev([length, padded]);
  for (let at = 0; at < end; at += block.length)
    await file.write(block, 0, Math.min(block.length, end - at));
  await file.close();
}

/** Between -0.05 and 0.05. */
function weightAt(_: unknown, i: number): number {
  let x = Math.imul(i ^ (i >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return ((x >>> 8) / 2 ** 23 - 1) * 0.05;
}
