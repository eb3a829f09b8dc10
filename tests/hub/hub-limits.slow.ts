// hubFiles where a server is busy or out of reach: how long it waits, and what it says.
import { describe, expect, test, vi } from 'vitest';
import { content } from './hub-server.ts';
import { hub, model } from './hub-setup.ts';

/** Answers `headers` so many times, then the file. */
function busy(status: number, headers: () => Record<string, string>, times = 1): void {
  hub.intercept = (_, response) =>
    times-- > 0 && !!response.writeHead(status, headers()).end('Too Many Requests');
}
const limits: Record<string, () => Record<string, string>> = {
  'Retry-After': () => ({ 'retry-after': '1' }),
  'Retry-After as a date': () => ({ 'retry-after': new Date(Date.now() + 1000).toUTCString() }),
  RateLimit: () => ({ ratelimit: '"resolvers";r=0;t=1' }),
};

describe.each(Object.entries(limits))('%s', (_, headers) => {
  test.each([429, 503])('of a %i is waited for, and told', async (status) => {
    busy(status, headers);
    const warn = vi.fn<(message: string) => void>();
    const start = performance.now();
    expect(await model({ warn }).bytes('config.json')).toEqual(content(30));
    // A date has whole seconds, so that one a second ahead may be near.
    if (!headers()['retry-after']?.endsWith('GMT'))
      expect(performance.now() - start).toBeGreaterThan(990);
    expect(warn.mock.calls[0]![0]).toMatch(/^google\/siglip-base: waiting for [0-2] s: /);
    expect(hub.log.length).toBe(2);
  });
});

test('a wait that is too long is an error at once', async () => {
  busy(429, () => ({ 'retry-after': '61' }), 9);
  const host = new URL(hub.endpoint).host;
  await expect(model().bytes('config.json')).rejects.toThrow(
    `rate limited by ${host}, try again in 61 s, or pass a token (${hub.endpoint}/google/siglip-base/resolve/main/config.json: status 429, expected 200)`,
  );
  await expect(model({ token: 'x' }).bytes('config.json')).rejects.toThrow('again in 61 s (http');
  expect(hub.log.length).toBe(2);
  busy(503, () => ({ 'retry-after': '999' }), 9);
  await expect(model().bytes('config.json')).rejects.toThrow(
    `${host} is not available, try again in 999 s (`,
  );
});

test('waits are bounded in sum; without a word, the pauses are our own', async () => {
  busy(429, () => ({ 'retry-after': '0' }), 9);
  await expect(model({ warn() {} }).bytes('config.json')).rejects.toThrow('try again in 0 s');
  expect(hub.log.length).toBe(3);
  busy(429, () => ({}), 9);
  await expect(model().bytes('config.json')).rejects.toThrow(/rate limited by .*, try again later/);
  expect(hub.log.length).toBe(6);
});

test('a wait ends with the signal, and with a part of the weights', async () => {
  busy(429, () => ({ 'retry-after': '50' }), 9);
  const stop = new AbortController();
  const warn = () => stop.abort(new Error('enough'));
  const options = { signal: stop.signal, warn };
  await expect(model(options).bytes('config.json')).rejects.toThrow('enough');
  busy(429, () => ({ 'retry-after': '0' }));
  const source = await model({ ranges: true, warn() {} }).open('model.safetensors');
  expect(source?.size).toBe(100_000);
});

describe('out of reach', () => {
  const failing = (code: string) => {
    const cause = Object.assign(new Error(`getaddrinfo ${code} huggingface.co`), { code });
    return vi.fn<typeof fetch>(async () =>
      Promise.reject(new TypeError('fetch failed', { cause })),
    );
  };
  const message = async (fetch: typeof globalThis.fetch) => {
    const error: unknown = await model({ fetch })
      .bytes('config.json')
      .catch((e: unknown) => e);
    return (error as Error).message;
  };

  test('a name that is not found is asked for twice', async () => {
    const fetch = failing('ENOTFOUND');
    expect(await message(fetch)).toMatch(/: no answer \(getaddrinfo ENOTFOUND huggingface.co\)$/);
    expect(fetch).toHaveBeenCalledTimes(2);
    const refusing = failing('ECONNREFUSED');
    await message(refusing);
    expect(refusing).toHaveBeenCalledTimes(3);
  });

  test.each(['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'])(
    '%s: a proxy that is not used is hinted at',
    async (code) => {
      vi.stubEnv('https_proxy', 'http://proxy:3128');
      expect((await message(failing(code))).split('\n')).toEqual([
        expect.stringContaining('no answer'),
        "Node's fetch ignores HTTPS_PROXY unless NODE_USE_ENV_PROXY=1 is set (Node 22.21, 24 or newer); or pass a `fetch` with a dispatcher of undici's",
      ]);
      expect(await message(failing('ECONNRESET'))).not.toContain('HTTPS_PROXY');
      vi.stubEnv('NODE_USE_ENV_PROXY', '1');
      expect(await message(failing(code))).not.toContain('HTTPS_PROXY');
    },
  );
});
