// A server of pages for the browsers: each page is a script and its headers, and posts one answer. The scripts are
// bundles; everything else is a file of the repository.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { emptyProject, PEERS } from '../packed/pack.ts';
import { bundlePage, root } from './bundle.ts';

/** What the programs import. */
const PACKAGES = ['siglip-ts', ...['core', 'conformance', 'backend-cpu', 'backend-gpu', 'backend-wasm'].map((name) => `@siglip-ts/${name}`)]; // prettier-ignore
const STRICT = "default-src 'self'; script-src 'self'";
const COMPILING = `${STRICT} 'wasm-unsafe-eval'`;

/** Threads need an isolated page, and start from a Blob. */
const isolated = {
  'content-security-policy': `${COMPILING}; worker-src blob:`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
/** Threads that a page could have, were it not for its policy. */
const workerless = { ...isolated, 'content-security-policy': COMPILING };
const unworked = { 'content-security-policy': `${COMPILING}; worker-src 'none'` };
const strict = { 'content-security-policy': "default-src 'self'" };
interface Page {
  readonly program: string;
  readonly headers: Readonly<Record<string, string>>;
}
export const PAGES = {
  '/classify': { program: 'page.ts', headers: { 'content-security-policy': COMPILING } },
  '/classify?threads=2': { program: 'page.ts', headers: isolated },
  '/classify?threads=3': { program: 'page.ts', headers: workerless },
  '/classify?threads=auto': { program: 'page.ts', headers: workerless },
  '/worker': { program: 'worker-page.ts', headers: { 'content-security-policy': COMPILING } },
  '/worker?forbidden': { program: 'worker-page.ts', headers: unworked },
  '/forbidden': { program: 'page.ts', headers: { 'content-security-policy': STRICT } },
  // Pictures of another origin are shown, but may not be read.
  '/pictures': {
    program: 'pictures-page.ts',
    headers: {
      'content-security-policy': `${COMPILING}; img-src * data: blob:; connect-src * blob:; media-src * mediastream:`,
    },
  },
  '/conformance': { program: 'conformance.ts', headers: isolated },
  '/hub': { program: 'hub-page.ts', headers: { 'content-security-policy': `${COMPILING}; connect-src *` } }, // prettier-ignore
  // GPU.js needs no code generation where it has a GPU, so the strictest policy is that of all its pages.
  '/gpu?mode=webgl2': { program: 'gpu-page.ts', headers: strict },
  '/gpu?mode=webgpu': { program: 'gpu-page.ts', headers: strict },
  '/gpu-conformance?mode=webgl2': { program: 'gpu-conformance.ts', headers: strict },
  '/gpu-conformance?mode=webgpu': { program: 'gpu-conformance.ts', headers: strict },
} as const satisfies Record<string, Page>;
export type PageName = keyof typeof PAGES;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
};

export interface Server {
  readonly origin: string;
  /** What the next page posts. */
  answer(): Promise<unknown>;
  close(): void;
}

export async function serve(): Promise<Server> {
  const programs = [...new Set(Object.values(PAGES).map(({ program }) => program))];
  const all = [...programs, 'entry.ts']; // the worker's, beside the page that starts it
  const project = await emptyProject(`pages-${randomUUID()}`, {
    ours: PACKAGES,
    dependencies: PEERS,
  });
  const bundles = await Promise.all(all.map((p) => bundlePage(p, project)));
  const scripts = new Map(bundles.flatMap((files) => [...files]));
  let hear: (answer: unknown) => void = () => {};

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url!;
    const pages: Readonly<Record<string, Page>> = PAGES;
    const page = pages[url] ?? pages[url.replace(/\?.*/, '')];
    if (page) {
      response.writeHead(200, { 'content-type': 'text/html', ...page.headers });
      response.end(htmlOf(page.program));
    } else if (url === '/answer') {
      response.end();
      hear(JSON.parse(await text(request)));
    } else if (scripts.has(url.slice(1))) {
      response.writeHead(200, { 'content-type': 'text/javascript' });
      response.end(scripts.get(url.slice(1)));
    } else {
      const { pathname } = new URL(url, 'http://localhost');
      const bytes = await readFile(join(root, normalize(pathname)));
      const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type });
      response.end(bytes);
    }
  }
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      response.writeHead(404);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    answer: () => new Promise((resolve) => (hear = resolve)),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const htmlOf = (program: string): string =>
  `<!doctype html><meta charset="utf-8"><title>siglip-ts</title>
<link rel="stylesheet" href="/tests/runtimes/page.css"><script type="module" src="/${program.replace('.ts', '.js')}"></script>`;
