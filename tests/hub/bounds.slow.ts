// hubFiles and folderFiles where what they read has no end, or a server says nothing: refused in bounded time and memory, by
// name. How busy servers are waited for is in hub-limits.slow.ts.
import { execFileSync } from 'node:child_process';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { folderFiles, type ProgressInfo } from '@siglip-ts/hub';
import { content } from './hub-server.ts';
import { big, cache, cached, expectBig, hub, id, model } from './hub-setup.ts';

const MiB = 2 ** 20;
const SPACES = Buffer.alloc(MiB, 32);
const address = (file: string) => `${hub.endpoint}/${id}/resolve/main/${file}`;

/** Writes for as long as anyone reads. */
function endless(response: ServerResponse): true {
  const go = (): void => {
    while (!response.destroyed && response.write(SPACES));
    if (!response.destroyed) response.once('drain', go);
  };
  go();
  return true;
}

/** What the server has sent in all, as it sees it, of bodies that it may have been cut off from. */
function counted(response: ServerResponse): () => number {
  return () => response.socket?.bytesWritten ?? 0;
}

/** A safetensors file of one tensor. */
function headed(length: number): Buffer {
  const header = JSON.stringify({ a: { dtype: 'U8', shape: [length], data_offsets: [0, length] } });
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, Buffer.from(header), Buffer.alloc(length)]);
}

describe('a file without end', () => {
  test.each([
    ['config.json', 16 * MiB, 'limits.json'],
    ['model.safetensors.index.json', 16 * MiB, 'limits.json'],
    ['tokenizer_config.json', 16 * MiB, 'limits.json'],
    ['tokenizer.json', 64 * MiB, 'limits.tokenizer'],
    ['spiece.model', 64 * MiB, 'limits.tokenizer'],
  ])('%s is refused beyond %i bytes, and nothing is kept', async (file, limit, option) => {
    let sent = () => 0;
    hub.intercept = (_, response) => {
      sent = counted(response);
      return endless(response);
    };
    await expect(model().bytes(file)).rejects.toThrow(
      `${address(file)}: more than ${limit} bytes, expected at most ${limit}; the option ${option} says how many`,
    );
    expect(hub.log.length).toBe(1); // another attempt would not help
    expect(sent()).toBeLessThan(limit + 32 * MiB);
    expect(await cached()).toEqual([]);
  });

  test('is not read where its length is said', async () => {
    hub.intercept = (_, response) => {
      response.writeHead(200, { 'content-length': 1e12, etag: '"e"' });
      return endless(response);
    };
    await expect(model().bytes('config.json')).rejects.toThrow(`${address('config.json')}: 1000000000000 bytes, expected at most ${16 * MiB}`); // prettier-ignore
    await expect(model({ cache: false }).open('model.safetensors')).rejects.toThrow('the option limits.weights'); // prettier-ignore
  });

  test('is counted after its content encoding', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MiB));
    hub.intercept = (_, response) =>
      !!response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    await expect(model().bytes('config.json')).rejects.toThrow(`more than ${16 * MiB} bytes`);
  });

  test('has the limit that is given; what is no number is none', async () => {
    const limits = { json: 29, weights: 99_999 };
    await expect(model({ limits }).bytes('config.json')).rejects.toThrow('30 bytes, expected at most 29'); // prettier-ignore
    await expect(model({ limits }).open('model.safetensors')).rejects.toThrow('100000 bytes, expected at most 99999'); // prettier-ignore
    expect(await model({ limits: { json: 30 } }).bytes('config.json')).toEqual(content(30));
    const wrong = { limits: { json: '9' as unknown as number } };
    await expect(model(wrong).bytes('config.json')).rejects.toThrow('limits.json: 9, expected a number of bytes'); // prettier-ignore
  });

  test.each([
    ['of zeros', Buffer.alloc(MiB), 2 ** 24],
    ['of spaces', SPACES, 2 ** 24],
    ['with a header that ends', headed(64), headed(64).length],
  ])('of weights, %s, goes as far as its own header says', async (_, first, most) => {
    hub.intercept = (request, response) => {
      if (!request.url?.endsWith('.safetensors')) return false;
      response.write(first.subarray(0, 5)); // its header comes in pieces
      setTimeout(() => {
        response.write(first.subarray(5));
        endless(response);
      }, 50);
      return true;
    };
    for (const options of [{}, { cache: false as const }])
      await expect(model(options).open('model.safetensors')).rejects.toThrow(
        `${address('model.safetensors')}: more than ${most} bytes, expected no more than its header says`,
      );
    expect(await cached()).toEqual([]);
  });

  test('of weights is one that no server says the length of; such a one is read', async () => {
    const whole = headed(1000);
    hub.intercept = (request, response) => {
      if (!request.url?.endsWith('.safetensors')) return false;
      for (let at = 0; at < whole.length; at += 7) response.write(whole.subarray(at, at + 7));
      return !!response.end();
    };
    const source = await model().open('model.safetensors');
    expect(Buffer.compare((await source?.read(0, whole.length))!, whole)).toBe(0);
  });

  test('as the answer to a range is refused', async () => {
    hub.intercept = (request, response) => {
      if (!request.url?.endsWith('model.safetensors')) return false;
      response.writeHead(206, { 'content-range': 'bytes 0-131071/9000000', etag: '"e"' });
      return endless(response);
    };
    const opened = model({ ranges: true }).open('model.safetensors');
    await expect(opened).rejects.toThrow(`${address('model.safetensors')}: at 0: more than 131072 bytes`); // prettier-ignore
    expect(hub.log.length).toBe(1);
  });
});

describe('a server that says nothing', () => {
  const silence = 0.3;

  test('is asked once more, then given up by its address; progress tells each second', async () => {
    hub.intercept = () => true;
    const start = performance.now();
    await expect(model({ silence }).bytes('config.json')).rejects.toThrow(
      `${address('config.json')}: no answer (not a byte for 0.3 s; the option silence says how long to wait)`,
    );
    expect(performance.now() - start).toBeGreaterThan(550);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(hub.log.length).toBe(2);
  });

  test('is told of within two seconds, without an option', async () => {
    hub.intercept = () => true;
    const told: ProgressInfo[] = [];
    const stop = new AbortController();
    const start = performance.now();
    const loading = model({
      signal: stop.signal,
      progress_callback: (info) => {
        told.push(info);
        if (info.status === 'waiting') stop.abort(new Error('enough'));
      },
    }).bytes('config.json');
    await expect(loading).rejects.toThrow('enough');
    expect(performance.now() - start).toBeLessThan(2000);
    expect(told.at(-1)).toEqual({ status: 'waiting', name: id, url: address('config.json'), seconds: 1 }); // prettier-ignore
  });

  test('is given up after 8 seconds, or what $HF_HUB_DOWNLOAD_TIMEOUT says', async () => {
    hub.intercept = () => true;
    vi.stubEnv('HF_HUB_DOWNLOAD_TIMEOUT', '0.25');
    await expect(model().bytes('config.json')).rejects.toThrow('not a byte for 0.25 s');
    vi.stubEnv('HF_HUB_DOWNLOAD_TIMEOUT', '');
    const retry = { attempts: 1, pause: 0 };
    const start = performance.now();
    await expect(model({ retry }).bytes('config.json')).rejects.toThrow('not a byte for 8 s');
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('in the middle of a file, too; what came is kept, and gone on from', async () => {
    const file = hub.files.get('model.safetensors')!;
    file.body = (_, response) => {
      response.writeHead(200, { 'content-length': big.length });
      return response.write(big.subarray(0, 40_000)) || true;
    };
    const loading = model({ silence }).open('model.safetensors');
    await expect(loading).rejects.toThrow('cut at byte 40000 (not a byte for 0.3 s');
    delete file.body;
    const source = await model().open('model.safetensors');
    expectBig(await source?.read(0, big.length));
    expect(hub.requests.at(-1)?.headers.range).toBe('bytes=40000-');
  });

  test('in the middle of a range, too', async () => {
    const file = hub.files.get('model.safetensors')!;
    file.body = (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 0-99999/${big.length}` });
      return response.write(big.subarray(0, 40_000)) || true;
    };
    await expect(model({ silence, ranges: true }).open('model.safetensors')).rejects.toThrow('cut after byte 0 (not a byte for 0.3 s'); // prettier-ignore
  });

  test('does not keep a copy from being used', async () => {
    await model().bytes('config.json');
    hub.intercept = () => true;
    const warn = vi.fn<(message: string) => void>();
    expect(await model({ silence, warn }).bytes('config.json')).toEqual(content(30));
    expect(warn.mock.calls[0]![0]).toContain('using the cached config.json, perhaps out of date');
  });

  test('is not one that is slow, nor one that was not listened to', async () => {
    const file = hub.files.get('config.json')!;
    file.body = (_, response) => {
      response.writeHead(200, { 'content-length': 30 });
      let at = 0;
      const next = (): void => {
        response.write(content(30).subarray(at, (at += 6)));
        if (at < 30) setTimeout(next, 150);
        else response.end();
      };
      next();
      return true;
    };
    expect(await model({ silence: 0.4 }).bytes('config.json')).toEqual(content(30));
    // The answer lies there, while the thread that waits for it computes for long, as a forward does.
    file.body = (_, response) => {
      response.writeHead(200, { 'content-length': 30 }).end(content(30));
      for (const end = performance.now() + 2500; performance.now() < end;);
      return true;
    };
    const retry = { attempts: 1, pause: 0 };
    expect(await model({ silence: 1, cache: false, retry }).bytes('config.json')).toEqual(
      content(30),
    );
  });
});

describe.skipIf(process.platform === 'win32')('in a folder', () => {
  test('what is no regular file is not read, and one that is too large', async () => {
    const path = (file: string) => join(cache, file);
    await symlink('/dev/zero', path('config.json'));
    execFileSync('mkfifo', [path('tokenizer.json')]);
    await symlink('/dev/zero', path('model.safetensors'));
    await writeFile(path('large.json'), '');
    await truncate(path('large.json'), 2 ** 40);
    const files = folderFiles(cache);
    await expect(files.bytes('config.json')).rejects.toThrow(`${path('config.json')}: a device, expected a regular file`); // prettier-ignore
    await expect(files.bytes('tokenizer.json')).rejects.toThrow(`${path('tokenizer.json')}: a FIFO, expected a regular file`); // prettier-ignore
    await expect(files.open('model.safetensors')).rejects.toThrow('not a regular file, expected one'); // prettier-ignore
    await expect(files.bytes('large.json')).rejects.toThrow(`${path('large.json')}: ${2 ** 40} bytes, expected at most ${16 * MiB}; the option limits.json says how many`); // prettier-ignore
    await writeFile(path('small.json'), '{}');
    expect(await folderFiles(cache, { json: 2 }).bytes('small.json')).toEqual(Uint8Array.of(123, 125)); // prettier-ignore
    await expect(folderFiles(cache, { json: 1 }).bytes('small.json')).rejects.toThrow('2 bytes, expected at most 1'); // prettier-ignore
  });

  // Such are those of /proc.
  test.skipIf(process.platform !== 'linux')(
    'files that say nothing of their size are counted',
    async () => {
      const status = folderFiles('/proc/self', { json: 10 });
      await expect(status.bytes('status.json')).resolves.toBeUndefined();
      await symlink('/proc/self/status', join(cache, 'status.json'));
      const whole = await folderFiles(cache).bytes('status.json');
      expect(Buffer.from(whole!).toString()).toMatch(/^Name:[^]*\n$/);
      await expect(folderFiles(cache, { json: 10 }).bytes('status.json')).rejects.toThrow('more than 10 bytes'); // prettier-ignore
    },
  );
});
