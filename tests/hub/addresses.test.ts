// Models at one's own address, links to the hub's pages, and subfolders.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { hubFiles, modelFiles } from '@siglip-ts/hub';
import { AutoModel, AutoProcessor, AutoTokenizer, defaultModel, pipeline } from 'siglip-ts';
import { addressOf, hubLink } from '../../packages/hub/src/server/addresses.ts';
import { cache, hub } from './hub-setup.ts';

/** A server of files as most are: /models/siglip/<file>, and another answer for what is not there. */
let missing: { status: number; type: string };
let tags: (file: string) => Record<string, string>;
let asked: IncomingMessage[];
let embedded: Map<string, Uint8Array>;
let origin: string;
const server = createServer((request, response) => {
  asked.push(request);
  const [, file = ''] = /^\/models\/siglip\/(?:vision\/)?([^?]+)/.exec(request.url!) ?? [];
  const bytes = embedded.get(file);
  const headers = tags(file);
  const { 'if-none-match': tag, 'if-modified-since': date } = request.headers;
  if (bytes === undefined)
    response.writeHead(missing.status, { 'content-type': missing.type }).end('<!doctype html>');
  else if ((tag && tag === headers.etag) || (date && date === headers['last-modified']))
    response.writeHead(304).end();
  else response.writeHead(200, { 'content-length': bytes.length, ...headers }).end(bytes);
});
beforeAll(async () => {
  embedded = await defaultModel();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  missing = { status: 404, type: 'text/plain' };
  tags = (file) => ({ etag: `"${file}"` });
  asked = [];
});
afterEach(() => vi.unstubAllGlobals());
afterAll(() => void server.close());

const black = { data: new Uint8Array(192), width: 8, height: 8 };
const labels = ['a', 'b'];

describe('a model at an address', () => {
  test.each(['/models/siglip/', '/models/siglip', '/models/siglip?v=2#x'])('%s', async (path) => {
    const [here, there] = await Promise.all([
      pipeline('zero-shot-image-classification'),
      pipeline('zero-shot-image-classification', origin + path, { cache }),
    ]);
    expect(await there(black, labels)).toEqual(await here(black, labels));
    const query = path.includes('?') ? '?v=2' : '';
    expect(asked.map(({ url }) => url)).toContain(`/models/siglip/config.json${query}`);
  });

  test('without https, where crypto has no randomUUID, and without tags', async () => {
    vi.stubGlobal('crypto', {});
    tags = () => ({});
    const classify = await pipeline('zero-shot-image-classification', `${origin}/models/siglip`, {
      cache: false,
    });
    expect(await classify(black, labels)).toHaveLength(2);
  });

  test('a URL, a folder within, its processor and tokenizer', async () => {
    const url = new URL(`${origin}/models/siglip`);
    const options = { cache, subfolder: 'vision' };
    expect(await AutoModel.fromPretrained(url, options)).toBeTruthy();
    expect(await AutoProcessor.fromPretrained(url, options)).toBeTruthy();
    expect(await AutoTokenizer.fromPretrained(url, options)).toBeTruthy();
    expect(asked.every(({ url }) => url!.startsWith('/models/siglip/vision/'))).toBe(true);
    const files = await modelFiles(`${origin}/models/siglip`, { cache });
    expect(await AutoModel.fromPretrained(files, { subfolder: 'vision' })).toBeTruthy();
  });

  test.each([
    ['ETag', () => ({ etag: '"x"' }), 'if-none-match'],
    ['weak ETag', () => ({ etag: 'W/"x"' }), 'if-none-match'],
    ['Last-Modified', () => ({ 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' }), 'if-modified-since'], // prettier-ignore
  ] as const)('is kept by its %s', async (_, headers, condition) => {
    tags = headers;
    const load = async () => (await modelFiles(`${origin}/models/siglip`, { cache })).bytes('config.json'); // prettier-ignore
    expect(await load()).toEqual(embedded.get('config.json'));
    expect(await load()).toEqual(embedded.get('config.json'));
    expect(asked.map(({ headers }) => headers[condition])).toEqual([undefined, expect.any(String)]);
    const offline = await modelFiles(`${origin}/models/siglip`, { cache, local_files_only: true });
    expect(await offline.bytes('config.json')).toEqual(embedded.get('config.json'));
    await expect(offline.bytes('x.json')).rejects.toThrow(
      `${origin}/models/siglip: x.json is not in the cache, expected it there with local_files_only`,
    );
  });

  test.each([
    [403, 'application/xml', 'answered 403'],
    [404, 'text/html', 'answered 404'],
    [410, 'text/plain', 'answered 410'],
    [200, 'text/html; charset=utf-8', 'answered a web page'],
  ])('%i %s is an absence', async (status, type, answer) => {
    missing = { status, type };
    const load = (path: string) => pipeline('zero-shot-image-classification', origin + path, { cache: false }); // prettier-ignore
    expect(await load('/models/siglip/')).toBeTruthy();
    await expect(load('/nowhere')).rejects.toThrow(
      `${origin}/nowhere does not appear to have a file named preprocessor_config.json (${origin}/nowhere/preprocessor_config.json ${answer})`,
    );
    await expect(AutoModel.fromPretrained(`${origin}/nowhere`, { cache: false })).rejects.toThrow(
      `${origin}/nowhere does not appear to have a file named config.json (${origin}/nowhere/config.json ${answer})`,
    );
  });

  test('a redirect to a storage that lacks it, a server that wants a password', async () => {
    hub.intercept = (_, response) =>
      !!response.writeHead(302, { location: `${origin}/gone` }).end();
    const files = await modelFiles(`${hub.endpoint}/m`, { cache });
    expect(await files.bytes('config.json')).toBeUndefined();
    hub.intercept = (_, response) => !!response.writeHead(401).end();
    await expect(files.bytes('config.json')).rejects.toThrow(
      `${hub.endpoint}/m/config.json: status 401, expected 200`,
    );
  });

  test('no token is sent there, not even a given one', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_env');
    for (const options of [{}, { token: 'hf_given' }])
      await (await modelFiles(`${origin}/models/siglip`, { cache, ...options })).bytes('x');
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });
});

test('subfolders of folders and maps, and file: addresses', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sub-'));
  await mkdir(join(folder, 'a/b'), { recursive: true });
  for (const [name, bytes] of embedded) await writeFile(join(folder, 'a/b', name), bytes);
  const map = new Map([...embedded].map(([name, bytes]) => [`a/b/${name}`, bytes]));
  for (const source of [folder, pathToFileURL(folder), pathToFileURL(folder).href, map])
    for (const subfolder of ['a/b', 'a/b/', './a/b']) {
      expect(await AutoModel.fromPretrained(source, { subfolder })).toBeTruthy();
      expect(await AutoProcessor.fromPretrained(source, { subfolder })).toBeTruthy();
    }
  await expect(modelFiles(folder, { subfolder: '../x' }).then((f) => f.bytes('y'))).rejects.toThrow(
    'file name "../x": expected a relative path without',
  );
  await expect(AutoModel.fromPretrained(map, { subfolder: 'a' })).rejects.toThrow(
    'the given files/a: no config.json here, but in the folder b within: name that one',
  );
  expect(await (await modelFiles(map, { subfolder: 'a/b' })).list?.()).toContain('config.json');
  await rm(folder, { recursive: true });
});

describe('links to the hub', () => {
  const id = 'google/siglip-base-patch16-224';
  test.each([
    [`https://huggingface.co/${id}`, { id }],
    [`https://huggingface.co/${id}/`, { id }],
    [`https://hf.co/${id}?library=transformers`, { id }],
    [`https://huggingface.co/${id}/tree/v1`, { id, revision: 'v1' }],
    [`https://huggingface.co/${id}/tree/refs%2Fpr%2F1/a/b`, { id, revision: 'refs/pr/1', subfolder: 'a/b' }], // prettier-ignore
    [`https://mirror.example/${id}/resolve/main/`, { id, revision: 'main' }],
    [`https://mirror.example/${id}`, undefined],
    [`https://other.example/${id}/tree/main`, undefined],
    ['https://huggingface.co/datasets', undefined],
  ])('%s', (url, link) => {
    expect(hubLink(new URL(url), 'https://mirror.example')).toEqual(link);
  });

  test('are the model, at the endpoint, with the revision and the folder', async () => {
    hub.files.set('a/b/config.json', { bytes: embedded.get('config.json')!, etag: 'c' });
    const link = `https://huggingface.co/${id}/tree/v1/a`;
    const files = await modelFiles(link, { endpoint: hub.endpoint, cache, subfolder: 'b' });
    expect(await files.bytes('config.json')).toEqual(embedded.get('config.json'));
    expect(hub.log).toEqual([`hub /${id}/resolve/v1/a/b/config.json`]);
  });
});

describe('in a page', () => {
  const at = (href: string) => {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
    vi.stubGlobal('location', new URL(href));
  };
  test.each([
    ['./models/siglip', 'https://site.example/app/models/siglip'],
    ['../siglip/', 'https://site.example/siglip/'],
    ['/models/siglip', 'https://site.example/models/siglip'],
    ['//cdn.example/siglip', 'https://cdn.example/siglip'],
    ['https://cdn.example/siglip', 'https://cdn.example/siglip'],
    ['models/siglip', undefined],
    ['hf://models/siglip', undefined],
    ['siglip', undefined],
  ])('%s is %s', (text, url) => {
    at('https://site.example/app/index.html');
    expect(addressOf(text)?.href).toBe(url);
  });
  test('in a worker from a blob, in an extension', () => {
    at('blob:https://site.example/0-1-2');
    expect(addressOf('./siglip')?.href).toBe('https://site.example/siglip');
    at('chrome-extension://abc/page.html');
    expect(addressOf('./siglip')?.href).toBe('chrome-extension://abc/siglip');
    expect(addressOf('chrome-extension://abc/siglip')?.href).toBe('chrome-extension://abc/siglip');
  });
  test('an answer that another origin keeps from the page is an absence; none at all is not', async () => {
    at('https://site.example/');
    let reachable = true;
    const fetch = vi.fn<typeof globalThis.fetch>(async (_, init) => {
      if (init?.mode === 'no-cors' && reachable) return new Response();
      throw new TypeError('Failed to fetch');
    });
    const retry = { attempts: 2, pause: 1 };
    const load = () => AutoModel.fromPretrained('https://cdn.example/m', { fetch, retry, cache: false }); // prettier-ignore
    await expect(load()).rejects.toThrow(
      'https://cdn.example/m does not appear to have a file named config.json (https://cdn.example/m/config.json answered without the header Access-Control-Allow-Origin for https://site.example)',
    );
    const asked = fetch.mock.calls.filter(([url]) => String(url).endsWith('/config.json'));
    expect(asked.length).toBe(2);
    reachable = false;
    await expect(load()).rejects.toThrow('config.json: no answer (Failed to fetch)');
  });
  test('elsewhere a path is a path', () => expect(addressOf('./siglip')).toBeUndefined());
});

test('of a hub file that is not there, the message says where it was looked for', async () => {
  const files = hubFiles('a/b', { endpoint: hub.endpoint, cache });
  hub.files.clear();
  hub.intercept = (_, response) => !!response.writeHead(403).end();
  await expect(AutoModel.fromPretrained(files)).rejects.toThrow(
    `a/b does not appear to have a file named config.json (${hub.endpoint}/a/b/resolve/main/config.json answered 403)`,
  );
  // A refusal is not remembered as an absence.
  hub.intercept = undefined;
  const offline = hubFiles('a/b', { endpoint: hub.endpoint, cache, local_files_only: true });
  await expect(offline.bytes('config.json')).rejects.toThrow('is not in the cache');
});
