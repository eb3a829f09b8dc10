// The engine in Chromium and Firefox: the same bits as everywhere, under a content security policy that forbids eval.
// `npm run test:browsers`. A browser that is not installed is skipped, and the skip says so.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pipeline } from 'siglip-ts';
import { type BrowserName, BROWSERS, programOf, visit } from './browser.ts';
import { expectAnswer } from './golden.ts';
import { type PageName, serve, type Server } from './server.ts';

let server: Server;
beforeAll(async () => void (server = await serve()));
afterAll(() => server.close());

describe.each(Object.keys(BROWSERS) as BrowserName[])('%s', (name) => {
  if (!programOf(name)) {
    const { paths, variable } = BROWSERS[name];
    test.skip(`not installed: no ${paths.join(', no ')}, and ${variable} names none`);
    return;
  }
  const ask = (page: PageName) => visit(name, server.origin + page, server.answer(), 60);

  test("script-src 'self' 'wasm-unsafe-eval'", async () => expectAnswer(await ask('/classify')));
  test('two threads', async () => expectAnswer(await ask('/classify?threads=2')));
  test('threads that the policy forbids: a number says which directive, auto is one thread', async () => {
    expect(await ask('/classify?threads=3')).toEqual({
      error: expect.stringContaining('"worker-src blob:"') as string,
    });
    expectAnswer(await ask('/classify?threads=auto'));
  });
  test("script-src 'self' compiles nothing, and says what forbids it", async () =>
    expect(await ask('/forbidden')).toEqual({
      error: expect.stringMatching(/Content.Security.Policy|blocked by CSP/i) as string,
    }));
  test('siglip-ts/worker: the scores of this thread in Node', async () => {
    await using here = await pipeline('zero-shot-image-classification');
    const cat = await here('fixtures/images/cat.jpg', ['cat', 'dog']);
    expect(await ask('/worker')).toEqual({
      scores: [cat, cat, cat, cat],
      canvas: true,
      kept: true,
      aborted: 'Error: enough',
      after: cat,
      statuses: ['weights'],
      disposed: 'Error: the pipeline was disposed',
    });
  });
  test('siglip-ts/worker, which the policy forbids, says what would allow it', async () =>
    expect(await ask('/worker?forbidden')).toEqual({
      error: expect.stringMatching(/Content-Security-Policy.*worker-src/) as string,
    }));
  test('the conformance suite', async () =>
    expect(await ask('/conformance')).toMatchObject({ code: 0, failures: [] }));
});
