// What a text may reach as a picture where a server says so with `images`: paths, hosts, addresses that are not public, by
// whatever spelling, name, or redirect.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ImageReach, loadImage, pipeline } from 'siglip-ts';

const path = join(import.meta.dirname, '../../../fixtures/images/twemoji-rocket.png');
const rocket = readFileSync(path);
const dns = process.getBuiltinModule('node:dns/promises');

let server: http.Server;
let port: number;
/** host and path of each request that came. */
const asked: string[] = [];
let answer: http.RequestListener;
beforeAll(async () => {
  server = http.createServer((request, response) => {
    asked.push(`${request.headers.host}${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve)); // IPv6 too, where there is any
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked.length = 0;
  answer = (_, response) => void response.end(rocket);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Where the internet is not: a public address leads to the server here. Gives the addresses that were connected to. */
function internet(names: Record<string, string[]>): unknown[] {
  const connected: unknown[] = [];
  const lookup = async (name: string) =>
    (names[name] ?? [name]).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never);
  for (const [kind, own] of [
    [http, http.request],
    [https, https.request],
  ] as const)
    // prettier-ignore
    vi.spyOn(kind, 'request').mockImplementation(((o: https.RequestOptions, done: never) => {
      connected.push(o.host);
      return own({ ...o, host: '127.0.0.1', port: kind === http ? port : o.port }, done);
    }) as never);
  return connected;
}

const PUBLIC: ImageReach = { private: false };

describe('private: false', () => {
  test.each([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001'],
    ...['①②⑦.⓪.⓪.①', '127.0.0.1.', '0.0.0.0', '0', 'localhost', 'LOCALHOST', 'localhost.'],
    ...['a.localhost', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]'],
    ...['[64:ff9b::127.0.0.1]', '[2002:7f00:1::]', '[fe80::1]', '[fd00::1]', '[fec0::1]'],
    ...['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1'],
    ...['198.18.0.1', '224.0.0.1', '255.255.255.255', '192.0.0.1', '[ff02::1]', '[2001:db8::1]'],
    ...['metadata.google.internal', 'printer', 'nas.local', 'router.home.arpa', 'x.lan'],
  ])('%s is not asked', async (host) => {
    const request = vi.spyOn(http, 'request');
    const url = `http://${host}:${port}/`;
    await expect(loadImage(url, { images: PUBLIC })).rejects.toThrow(`${url}: not a public address, and images.private is false`); // prettier-ignore
    await expect(loadImage(new URL(url), { images: PUBLIC })).rejects.toThrow('not a public address'); // prettier-ignore
    expect(request).not.toHaveBeenCalled();
    expect(asked).toEqual([]);
  });

  test('is about servers: without it they are asked', async () => {
    for (const images of [undefined, {}, { private: true }, { hosts: [`localhost:${port}`] }])
      expect((await loadImage(`http://localhost:${port}/a`, { images })).width).toBe(320);
    expect(asked).toEqual(Array(4).fill(`localhost:${port}/a`));
  });

  test.each([
    ['93.184.216.34'],
    ['8.8.8.8', '1.1.1.1'],
    ['2606:4700::1111'],
    ['::ffff:8.8.8.8'],
    ['64:ff9b::808:808'],
    ['172.15.255.255', '172.32.0.1', '100.63.255.255', '100.128.0.1', '9.255.255.255', '11.0.0.0'],
    ['128.0.0.1', '126.255.255.255', '169.253.1.1', '192.169.0.1', '198.17.0.1', '223.255.255.255'],
  ])('a name at %s, ... is, where it was judged to be', async (...addresses) => {
    const connected = internet({ 'example.org': addresses });
    expect((await loadImage('http://example.org/a?b#c', { images: PUBLIC })).width).toBe(320);
    expect(connected).toEqual([addresses.find((a) => !a.includes(':')) ?? addresses[0]]);
    expect(dns.lookup).toHaveBeenCalledTimes(1);
    expect(asked).toEqual(['example.org/a?b']);
  });

  test.each([
    ['127.0.0.1'],
    ['8.8.8.8', '10.0.0.1'],
    ['::1'],
    ['2606:4700::1111', 'fe80::1%eth0'],
    ['::ffff:10.0.0.1'],
    ['64:ff9b::a00:1'],
    ['no address'],
    [],
  ])('a name at %s, ... is not, whatever else it is at', async (...addresses) => {
    const connected = internet({ 'example.org': addresses });
    await expect(loadImage('http://example.org/a', { images: PUBLIC })).rejects.toThrow('http://example.org/a: not a public address'); // prettier-ignore
    expect(connected).toEqual([]);
  });

  test('a name that resolves to another address the next time is connected to as it was judged', async () => {
    const connected = internet({});
    vi.mocked(dns.lookup)
      .mockResolvedValueOnce([{ address: '8.8.8.8', family: 4 }] as never)
      .mockResolvedValue([{ address: '127.0.0.1', family: 4 }] as never);
    expect((await loadImage('http://example.org/', { images: PUBLIC })).width).toBe(320);
    expect(connected).toEqual(['8.8.8.8']);
    await expect(loadImage('http://example.org/', { images: PUBLIC })).rejects.toThrow('not a public'); // prettier-ignore
  });

  test('redirects are judged as well, one by one', async () => {
    internet({ 'example.org': ['8.8.8.8'], 'inner.example.org': ['10.0.0.1'] });
    const to = (location: string) => {
      answer = (request, response) =>
        void (request.url === '/' ? response.writeHead(302, { location }).end() : response.end(rocket)); // prettier-ignore
      return loadImage('http://example.org/', { images: PUBLIC });
    };
    expect((await to('/there')).width).toBe(320);
    await expect(to(`http://127.0.0.1:${port}/secret`)).rejects.toThrow('not a public address');
    await expect(to('http://inner.example.org/secret')).rejects.toThrow('not a public address');
    await expect(to('//[::1]/secret')).rejects.toThrow('not a public address');
    await expect(to(`file://${path}`)).rejects.toThrow('file: is the scheme, expected http or https'); // prettier-ignore
    await expect(to('data:image/png;base64,AAAA')).rejects.toThrow('expected http or https');
    await expect(to('/')).rejects.toThrow('more than 10 redirects');
    expect(asked.filter((url) => url.includes('secret'))).toEqual([]);
  });

  test('another address is tried where one does not connect', async () => {
    const connected = internet({ 'example.org': ['8.8.8.8', '1.1.1.1'] });
    const working = vi.mocked(http.request).getMockImplementation()!;
    vi.mocked(http.request).mockImplementationOnce(((...args: Parameters<typeof http.request>) => {
      const request = working(...args);
      request.destroy(new Error('connect ECONNREFUSED'));
      return request;
    }) as never);
    expect((await loadImage('http://example.org/', { images: PUBLIC })).width).toBe(320);
    expect(connected).toEqual(['8.8.8.8', '1.1.1.1']);
  });

  test('bodies are unfolded, counted and given up as ever', async () => {
    internet({ 'example.org': ['8.8.8.8'] });
    const load = (o = {}) => loadImage('http://example.org/', { images: PUBLIC, ...o });
    const zlib = await import('node:zlib');
    for (const [name, fold] of [
      ['gzip', gzipSync],
      ['br', zlib.brotliCompressSync],
      ['deflate', zlib.deflateSync],
    ] as const) {
      // prettier-ignore
      answer = (_, response) => void response.writeHead(200, { 'content-encoding': name }).end(fold(rocket)); // prettier-ignore
      expect((await load()).width).toBe(320);
    }
    const bomb = gzipSync(Buffer.alloc(160 * 2 ** 20));
    answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb); // prettier-ignore
    await expect(load()).rejects.toThrow('http://example.org/: more than 134217728 bytes');
    answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'); // prettier-ignore
    await expect(load()).rejects.toThrow('http://example.org/: incorrect header check');
    answer = (_, response) => void response.writeHead(404).end();
    await expect(load()).rejects.toThrow('http://example.org/: the server answers 404');
    answer = () => {};
    await expect(load({ silence: 0.2 })).rejects.toThrow('http://example.org/: not a byte for 0.2');
    answer = (_, response) => void response.write('a');
    await expect(load({ silence: 0.2 })).rejects.toThrow('http://example.org/: not a byte for 0.2');
    await expect(load({ signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ name: 'TimeoutError' }); // prettier-ignore
  });

  test('a certificate has to be of the name, not of the address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siglip-tls-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...request, '-subj', '/CN=x', '-addext', 'subjectAltName=DNS:example.org'], { stdio: 'ignore' }); // prettier-ignore
    const [pem, chain] = [readFileSync(key), readFileSync(cert)];
    rmSync(folder, { recursive: true });
    const names: unknown[] = [];
    const secure = https.createServer({ key: pem, cert: chain }, (_, response) => void response.end(rocket)); // prettier-ignore
    secure.on('connection', () => {}).on('secureConnection', (socket: { servername?: string }) => names.push(socket.servername)); // prettier-ignore
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const at = (secure.address() as AddressInfo).port;
    internet({ 'example.org': ['8.8.8.8'], 'example.net': ['8.8.8.8'] });
    const load = (host: string) => loadImage(`https://${host}:${at}/`, { images: PUBLIC });
    await expect(load('example.org')).rejects.toThrow('self-signed certificate');
    // From here on that certificate is trusted, as far as the name goes.
    const trusting = vi.mocked(https.request).getMockImplementation()! as (o: object, done: unknown) => http.ClientRequest; // prettier-ignore
    vi.mocked(https.request).mockImplementation(((o: object, done: unknown) => trusting({ ...o, ca: chain }, done)) as never); // prettier-ignore
    expect((await load('example.org')).width).toBe(320);
    expect(names.at(-1)).toBe('example.org');
    await expect(load('example.net')).rejects.toThrow("does not match certificate's altnames");
    await expect(load('8.8.8.8')).rejects.toThrow("does not match certificate's altnames");
    secure.closeAllConnections();
    await new Promise((resolve) => secure.close(resolve));
  });

  test('a fetch of your own is asked for public names alone, and for no redirect', async () => {
    internet({ 'example.org': ['8.8.8.8'], 'inner.example.org': ['10.0.0.1'] });
    const fetch = vi.fn<typeof globalThis.fetch>(async (url) =>
      String(url).endsWith('/to')
        ? new Response(null, { status: 302, headers: { location: 'http://inner.example.org/' } })
        : new Response(rocket),
    );
    const load = (url: string) => loadImage(url, { images: PUBLIC, fetch });
    expect((await load('http://example.org/')).width).toBe(320);
    await expect(load('http://inner.example.org/')).rejects.toThrow('not a public address');
    await expect(load('http://example.org/to')).rejects.toThrow('not a public address');
    expect(fetch.mock.calls.map(([url, init]) => [url, init?.redirect])).toEqual([
      ['http://example.org/', 'manual'],
      ['http://example.org/to', 'manual'],
    ]);
  });
});

describe('hosts', () => {
  const to = (host: string) => `http://${host}:${port}/a`;
  test('are those of the list, with their port, and of redirects', async () => {
    const images: ImageReach = { hosts: [`localhost:${port}`, '*.example.org'] };
    expect((await loadImage(to('localhost'), { images })).width).toBe(320);
    for (const host of ['127.0.0.1', 'example.org', 'localhost.evil.org', 'xlocalhost'])
      await expect(loadImage(to(host), { images })).rejects.toThrow(`${to(host)}: ${host}:${port} is none of images.hosts`); // prettier-ignore
    await expect(loadImage('http://localhost/a', { images })).rejects.toThrow('localhost is none');
    answer = (_, response) => void response.writeHead(301, { location: to('127.0.0.1') }).end();
    await expect(loadImage(to('localhost'), { images })).rejects.toThrow('127.0.0.1:'); // prettier-ignore
    expect(asked).toEqual([`localhost:${port}/a`, `localhost:${port}/a`]);
  });

  test('may have a star, and mean no other spelling', async () => {
    const fetch = vi.fn<typeof globalThis.fetch>(async () => new Response(rocket));
    const load = (url: string, hosts: ImageReach['hosts']) => loadImage(url, { images: { hosts: hosts! }, fetch }); // prettier-ignore
    for (const url of [
      'https://a.example.org/',
      'http://A.B.Example.ORG/',
      'http://a.example.org./',
    ])
      expect((await load(url, ['*.example.org'])).width).toBe(320);
    expect((await load('http://example.org:80/', ['Example.org'])).width).toBe(320);
    for (const url of [
      'http://example.org/',
      'http://aexample.org/',
      'http://a.example.org:81/',
      'http://x@evil.org/a.example.org',
    ])
      // prettier-ignore
      await expect(load(url, ['*.example.org'])).rejects.toThrow('none of images.hosts');
    expect(fetch).toHaveBeenCalledTimes(4);
  });

  test("'none' leaves data: URLs, base64 and paths", async () => {
    const images: ImageReach = { hosts: 'none' };
    await expect(loadImage(to('localhost'), { images })).rejects.toThrow('none of images.hosts');
    const base64 = rocket.toString('base64');
    const blob = URL.createObjectURL(new Blob([rocket])); // which only this program has
    for (const image of [`data:image/png;base64,${base64}`, base64, path, blob])
      expect((await loadImage(image, { images })).width).toBe(320);
    expect(asked).toEqual([]);
  });

  test('a redirect that cannot be seen, as in a page, is refused', async () => {
    const fetch = async () => Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' }); // prettier-ignore
    const images: ImageReach = { hosts: ['example.org'] };
    await expect(loadImage('http://example.org/', { images, fetch })).rejects.toThrow('it redirects, and a page cannot see where to'); // prettier-ignore
  });
});

describe('paths: false', () => {
  const images: ImageReach = { paths: false };
  test('no file is read, and none is told from one that is not there', async () => {
    const messages = new Set<string>();
    const texts = [path, '/etc/passwd', '/nowhere.png', '.', 'package.json', pathToFileURL(path).href, 'FILE:///etc/passwd', '\\\\host\\share']; // prettier-ignore
    for (const text of [...texts, pathToFileURL(path)]) {
      const error: unknown = await loadImage(text, { images }).catch((e: unknown) => e);
      messages.add((error as Error).message.replace(/ Got [^]* Failed/, ' Got … Failed'));
    }
    expect([...messages]).toEqual([
      'Incorrect image source. Must be a valid URL starting with `http://` or `https://`, a valid path to an image file, or a base64 encoded string. Got … Failed with images.paths is false',
    ]);
  });

  test('everything else is', async () => {
    const base64 = rocket.toString('base64');
    const blob = URL.createObjectURL(new Blob([rocket]));
    const url = `http://localhost:${port}/a`;
    for (const image of [base64, `data:,${escape(rocket.toString('latin1'))}`, blob, url, rocket])
      expect((await loadImage(image, { images })).width).toBe(320);
  });
});

describe('the switch', () => {
  test.each<[object, string]>([
    [{ path: false }, 'images: there is no option path; did you mean paths?'],
    [{ paths: 'false' }, 'images.paths: "false", expected true or false'],
    [{ paths: 0 }, 'images.paths: 0, expected true or false'],
    [{ private: null }, 'images.private: null, expected true or false'],
    [{ hosts: 'example.org' }, `images.hosts: "example.org", expected names, or 'none'`],
    [{ hosts: [/x/] }, `images.hosts: [{}], expected names, or 'none'`],
  ])('is refused where it is none: %j', async (images, message) => {
    const wrong = { images: images as ImageReach };
    await expect(loadImage('data:,', wrong)).rejects.toThrow(message);
    await expect(pipeline('image-feature-extraction', undefined, wrong)).rejects.toThrow(message);
  });

  test('of a pipeline is that of all its calls, and no call has one', async () => {
    const images: ImageReach = { paths: false, hosts: 'none' };
    const classify = await pipeline('zero-shot-image-classification', undefined, { images });
    const features = await pipeline('image-feature-extraction', undefined, { images });
    const own = { images: {} } as object;
    for (const [call, hint] of [
      [(image: string, o?: object) => classify(image, ['a'], o), 'zero-shot-image-classification'],
      [(image: string, o?: object) => features(image, o), 'image-feature-extraction'],
    ] as const) {
      // prettier-ignore
      await expect(call(path)).rejects.toThrow('images.paths is false');
      await expect(call(`http://localhost:${port}/`)).rejects.toThrow('none of images.hosts');
      await expect(call(path, own)).rejects.toThrow(`${hint}: there is no option images; write it at pipeline(…), for every call, or at loadImage`); // prettier-ignore
      await call(`data:image/png;base64,${rocket.toString('base64')}`);
    }
    expect(asked).toEqual([]);
  });

  test('private: false says so where names cannot be resolved, and leaves it to hosts', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
    const message = 'images.private: false, but names cannot be resolved here, as in a page; expected hosts beside it'; // prettier-ignore
    await expect(loadImage('data:,', { images: PUBLIC })).rejects.toThrow(message);
    const fetch = vi.fn<typeof globalThis.fetch>(async () => new Response(rocket));
    const both: ImageReach = { private: false, hosts: ['example.org'] };
    expect((await loadImage('http://example.org/', { images: both, fetch })).width).toBe(320);
    await expect(loadImage('http://10.0.0.1/', { images: both, fetch })).rejects.toThrow('none of');
  });
});
