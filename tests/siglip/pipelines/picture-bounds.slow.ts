// Pictures without end, and servers that say nothing: refused in bounded time and memory, with their address. What a text may
// reach at all is in picture-reach.test.ts.
import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadImage, pipeline } from 'siglip-ts';

const MiB = 2 ** 20;
const path = join(import.meta.dirname, '../../../fixtures/images/twemoji-rocket.png');
const rocket = readFileSync(path);
const folder = mkdtempSync(join(tmpdir(), 'siglip-bounds-'));

let server: Server;
let url: string;
let answer: RequestListener;
beforeAll(async () => {
  server = createServer((request, response) => {
    response.setHeader('connection', 'close'); // none is used again: some are cut
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.png`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const ZEROS = Buffer.alloc(MiB);
/** Writes for as long as anyone reads. */
function endless(response: ServerResponse): void {
  const go = (): void => {
    while (!response.destroyed && response.write(ZEROS));
    if (!response.destroyed) response.once('drain', go);
  };
  go();
}

describe('a picture without end', () => {
  test('is refused at 128 MiB, or at what maxBytes says', async () => {
    let sent = () => 0;
    answer = (_, response) => {
      const { socket } = response;
      sent = () => socket?.bytesWritten ?? 0;
      endless(response);
    };
    await expect(loadImage(url)).rejects.toThrow(`${url}: more than 134217728 bytes, expected at most 134217728; the option maxBytes says how many`); // prettier-ignore
    expect(sent()).toBeLessThan(192 * MiB);
    await expect(loadImage(url, { maxBytes: 1000 })).rejects.toThrow(`${url}: more than 1000 bytes`); // prettier-ignore
    expect(sent()).toBeLessThan(32 * MiB);
    answer = (_, response) => void response.end(rocket);
    expect((await loadImage(url, { maxBytes: rocket.length })).width).toBe(320);
    await expect(loadImage(url, { maxBytes: rocket.length - 1 })).rejects.toThrow('maxBytes');
  });

  test('is not read where its length is said', async () => {
    answer = (_, response) => endless(response.writeHead(200, { 'content-length': 1e12 }));
    await expect(loadImage(url)).rejects.toThrow(`${url}: 1000000000000 bytes, expected at most 134217728`); // prettier-ignore
  });

  test.each(['gzip', 'br', 'deflate'])('is counted after %s', async (encoding) => {
    const zlib = await import('node:zlib');
    const fold = { gzip: gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync };
    const bomb = fold[encoding as 'br'](Buffer.alloc(160 * MiB), { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }); // prettier-ignore
    expect(bomb.length).toBeLessThan(MiB);
    answer = (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(bomb); // prettier-ignore
    await expect(loadImage(url)).rejects.toThrow('more than 134217728 bytes');
  });

  test('that unfolds to nothing is silence', async () => {
    // A gzip member whose name does not end.
    const head = Buffer.from([31, 139, 8, 8, 0, 0, 0, 0, 0, 3]);
    answer = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(head);
      const letters = setInterval(() => response.destroyed ? clearInterval(letters) : response.write('a'), 20); // prettier-ignore
    };
    await expect(loadImage(url, { silence: 0.5 })).rejects.toThrow(`${url}: not a byte for 0.5 s`);
  });

  test('is refused as a Response, and a Blob by its size', async () => {
    answer = (_, response) => endless(response);
    await expect(loadImage(await fetch(url), { maxBytes: 5000 })).rejects.toThrow('more than 5000 bytes'); // prettier-ignore
    await expect(loadImage(new Blob([rocket]), { maxBytes: 9 })).rejects.toThrow(`${rocket.length} bytes, expected at most 9`); // prettier-ignore
    await expect(loadImage(URL.createObjectURL(new Blob([rocket])), { maxBytes: 9 })).rejects.toThrow('11727 bytes, expected at most 9'); // prettier-ignore
  });
});

describe('a picture server', () => {
  test('that says nothing is given up after 8 seconds, or what silence says', async () => {
    const left = new Promise((resolve) => {
      answer = (request) => void request.on('close', resolve);
    });
    await expect(loadImage(url, { silence: 0.2 })).rejects.toThrow(`${url}: not a byte for 0.2 s; the option silence says how long to wait`); // prettier-ignore
    await left; // nobody goes on waiting
    const start = performance.now();
    await expect(loadImage(url)).rejects.toThrow(`${url}: not a byte for 8 s`);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('that stops in the middle, too; the connection is closed', async () => {
    const closed = new Promise((resolve) => {
      answer = (request, response) => {
        request.on('close', resolve);
        response.write(rocket.subarray(0, 100));
      };
    });
    await expect(loadImage(url, { silence: 0.2 })).rejects.toThrow('not a byte for 0.2 s');
    await closed;
  });

  test('that drips is given up by timeout, 60 seconds unless it is said', async () => {
    answer = (_, response) => {
      const drops = setInterval(() => response.destroyed ? clearInterval(drops) : response.write('a'), 50); // prettier-ignore
    };
    const dripping = loadImage(url, { silence: 0.4, timeout: 0.7 });
    await expect(dripping).rejects.toThrow(`${url}: not there within 0.7 s; the option timeout says how long`); // prettier-ignore
    await expect(dripping).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('is left though a fetch of your own heeds no signal', async () => {
    const fetch = () => new Promise<Response>(() => {});
    await expect(loadImage(url, { fetch, silence: 0.2 })).rejects.toThrow('not a byte for 0.2 s');
    const signal = AbortSignal.abort(new Error('before'));
    await expect(loadImage(url, { fetch, signal })).rejects.toThrow(/^before$/);
    await expect(loadImage(url, { fetch, signal: AbortSignal.timeout(50) })).rejects.toThrow('aborted due to timeout'); // prettier-ignore
  });

  test.each(['before it answers', 'in the middle'])('is left at an abort %s', async (when) => {
    answer = (_, response) => void (when === 'in the middle' && response.write('a'));
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 100);
    const start = performance.now();
    await expect(loadImage(url, { signal: stop.signal })).rejects.toThrow(/^enough$/);
    const classify = await pipeline('zero-shot-image-classification');
    await expect(classify(url, ['a'], { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(/^before$/); // prettier-ignore
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe.skipIf(process.platform === 'win32')('a path', () => {
  test('to what is no regular file is not read', async () => {
    const at = (name: string) => join(folder, name);
    execFileSync('mkfifo', [at('fifo')]);
    symlinkSync('/dev/zero', at('link'));
    const socket = createSocket().listen(at('socket'));
    const start = performance.now();
    await expect(loadImage('/dev/zero')).rejects.toThrow('/dev/zero: a device, expected a regular file'); // prettier-ignore
    await expect(loadImage(`file://${at('fifo')}`)).rejects.toThrow('a FIFO, expected a regular file'); // prettier-ignore
    await expect(loadImage(at('link'))).rejects.toThrow(`${at('link')}: a device`);
    await expect(loadImage(at('socket'))).rejects.toThrow(`${at('socket')}: a socket`);
    await expect(loadImage(folder)).rejects.toThrow(`${folder}: a folder, expected a picture`);
    expect(performance.now() - start).toBeLessThan(2000);
    socket.close();
  });

  test('to what is too large neither', async () => {
    const large = join(folder, 'large.png');
    writeFileSync(large, '');
    truncateSync(large, 2 ** 40);
    await expect(loadImage(large)).rejects.toThrow(`${large}: ${2 ** 40} bytes, expected at most 134217728; the option maxBytes`); // prettier-ignore
    await expect(loadImage(path, { maxBytes: 9 })).rejects.toThrow('expected at most 9');
    expect((await loadImage(path, { maxBytes: rocket.length })).width).toBe(320);
  });
});
