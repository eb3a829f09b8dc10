// A model of base size from a hub, in Chromium and Firefox: stopped, resumed by another start of the browser, kept for a
// third one, which asks for no byte of weights; and how much memory the page takes.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pipeline } from 'siglip-ts';
import { type BrowserName, BROWSERS, programOf, visit } from './browser.ts';
import { root } from './bundle.ts';
import { type LocalHub, startLocalHub } from './local-hub.ts';
import { type Peak, watchMemory } from './memory.ts';
import { serve, type Server } from './server.ts';

let server: Server;
let hub: LocalHub;
let expected: unknown;
beforeAll(async () => {
  [server, hub] = await Promise.all([serve(), startLocalHub()]);
  const classify = await pipeline('zero-shot-image-classification', hub.folder);
  const picture = join(root, 'fixtures/images/twemoji-rocket.png');
  expected = await classify(picture, ['rocket', 'pizza', 'bicycle']);
  await classify.dispose();
}, 180_000);
afterAll(() => {
  server.close();
  hub.close();
});

/** Of the renderer of a page that has loaded a model of 812 MB, in MB. */
const MOST_MEMORY = 1300;

/** What a page that is not isolated says of a model that would be worth threads, where there are cores for them. */
const ONE_THREAD =
  availableParallelism() > 1 ? [expect.stringContaining('cross-origin isolation') as string] : [];

describe.each(Object.keys(BROWSERS) as BrowserName[])('%s', (name) => {
  if (!programOf(name)) {
    const { paths, variable } = BROWSERS[name];
    test.skip(`not installed: no ${paths.join(', no ')}, and ${variable} names none`);
    return;
  }
  const profile = mkdtempSync(join(tmpdir(), 'siglip-profile-'));
  afterAll(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
  const page = async (query: Record<string, string> = {}) => {
    hub.log.length = hub.sent = 0;
    const url = `${server.origin}/hub?${new URLSearchParams({ endpoint: hub.endpoint, ...query })}`;
    let stop: (() => Peak) | undefined;
    const onStart = (pid: number) => void (stop = watchMemory(pid));
    const answer = await visit(name, url, server.answer(), 150, { profile, onStart });
    const memory = stop!();
    console.log(name, JSON.stringify({ ...query, answer, memory, sent: hub.sent }));
    return { answer: answer as Record<string, unknown>, memory };
  };
  const weights = () => hub.log.filter((line) => /storage|safetensors/.test(line));

  test('a download that is stopped, and resumed when the browser starts again', async () => {
    const { answer } = await page({ stop: '0.5' });
    expect(answer).toMatchObject({ error: 'Error: stopped by the page', warnings: [] });
    const resumed = await page({ only: 'load' });
    expect(resumed.answer).toMatchObject({ loaded: hub.size, warnings: ONE_THREAD });
    // From the half on, but for a chunk, and for what the server sends before the page lets go of its first answer.
    const [, from] = /^GET storage bytes=(\d+)-$/.exec(weights().at(-1)!) ?? [];
    expect(Number(from)).toBeGreaterThan(0.45 * hub.size);
    expect(hub.sent).toBeLessThan(1.1 * hub.size - Number(from));
    expect(hub.log.join()).not.toContain('OPTIONS');
  });

  test('the next start asks for no byte of weights, and once whether anything is new', async () => {
    const { answer, memory } = await page();
    expect(answer).toMatchObject({ scores: expected, warnings: ONE_THREAD });
    expect(weights()).toEqual([]);
    // The first file tells the commit, and the others of that commit are there.
    expect(hub.log).toEqual(['HEAD preprocessor_config.json']);
    expect(memory.resident).toBeGreaterThan(812); // it is the page's
    expect(memory.resident).toBeLessThan(MOST_MEMORY);
  });
});
