// Places in a browser that are stricter than a page: workers, isolated pages, policies, extensions. Each classifies as Node
// does, from the tarballs.
import { join } from 'node:path';
import { afterEach, beforeAll, describe, test } from 'vitest';
import { headersIn, jsonIn } from '../docs/blocks.ts';
import { type BrowserName, programOf, type Setup, visit } from '../runtimes/browser.ts';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, html, PAGE, POST, program, writePicture } from './program.ts';
import { serve, type Site } from './site.ts';

/** As the guides have them, which users copy. */
const POLICY = headersIn('docs/in-a-page.md', 'Content-Security-Policy');
const ISOLATED = headersIn('docs/in-a-page.md', 'Cross-Origin-Opener-Policy');
const MANIFEST = jsonIn('docs/in-an-extension.md');
const bundled = ['--bundle', '--minify'];

let project: Project;
let site: Site | undefined;
beforeAll(async () => {
  project = await emptyProject('pages', {
    ours: ['siglip-ts', '@siglip-ts/tiny-model'],
    dependencies: { esbuild: '0.28.2', vite: '8.3.8' },
  });
  await project.write({
    'main.js': program(PAGE),
    'inline.js': program({ ...PAGE, model: 'inline' }),
    'threads.js': program({ ...PAGE, options: 'threads: 2, warn(text) { throw new Error(text) }' }),
    'index.html': html('/main.js'),
    'threads.html': html('/threads.js'),
  });
  await writePicture(project, 'public/cat.jpg');
});
afterEach(() => site?.close());

async function expectPage(
  name: BrowserName,
  folder: string,
  { path = '/', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
) {
  site = await serve(join(project.folder, folder), headers);
  await expectScores(await visit(name, site.origin + path, site.answer(), 60));
}

describe.each(['Chromium', 'Firefox'] as const)('%s', (name) => {
  if (!programOf(name)) return test.skip(`not installed: no ${name}`);

  test.each([
    ['a classic script', 'iife', 'classic'],
    ['a module', 'esm', 'module'],
  ])('a worker of one file, %s', async (_, format, type) => {
    const folder = `worker-${format}`;
    const words = [...bundled, `--format=${format}`, `--outfile=${folder}/worker.js`];
    await project.run('esbuild', ['inline.js', ...words]);
    await project.write({
      [`${folder}/page.js`]: `new Worker('worker.js', { type: '${type}' });`,
      [`${folder}/index.html`]: html('page.js'),
    });
    await writePicture(project, `${folder}/cat.jpg`);
    await expectPage(name, folder);
  });

  test('two threads in an isolated page', async () => {
    const config = `export default { build: { rolldownOptions: { input: ['index.html', 'threads.html'] } } };`;
    await project.write({ 'vite.config.js': config });
    await project.run('vite', ['build', '--outDir', `vite-${name}`]);
    await expectPage(name, `vite-${name}`, { path: '/threads.html', headers: ISOLATED });
  });

  test(`a page under ${Object.values(POLICY).join()}`, async () => {
    await project.run('vite', ['build', '--outDir', `policy-${name}`]);
    await expectPage(name, `policy-${name}`, { headers: POLICY });
  });
});

describe.skipIf(!programOf('Chromium'))('a Manifest V3 service worker', () => {
  const manifest = { ...MANIFEST, host_permissions: ['http://localhost/*'] };

  test.each([
    ['one file', ['--outfile=extension/background.js']],
    ['several files', ['--splitting', '--outdir=extension']],
  ])('in %s', async (_, words) => {
    site = await serve(project.folder);
    const report = POST(`${site.origin}/answer`);
    await project.write({
      'background.js': program({ ...PAGE, model: 'inline', report }),
      'extension/manifest.json': JSON.stringify(manifest),
    });
    await writePicture(project, 'extension/cat.jpg');
    await project.run('esbuild', ['background.js', ...bundled, '--format=esm', ...words]);
    const folder = join(project.folder, 'extension');
    const setup: Setup = {
      args: [
        `--load-extension=${folder}`,
        '--disable-features=DisableLoadExtensionCommandLineSwitch',
      ],
    };
    await expectScores(await visit('Chromium', 'about:blank', site.answer(), 60, setup));
  });
});
