// Bundlers as they stand, with nothing configured but what docs/ says: their pages classify in a browser as Node does.
// Vite's development server is in vite.packed.ts, Next.js in next.packed.ts.
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type BrowserName, programOf, visit } from '../runtimes/browser.ts';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, html, PAGE, program, writePicture } from './program.ts';
import { serve, type Site } from './site.ts';

let project: Project;
let site: Site | undefined;
beforeAll(async () => {
  project = await emptyProject('bundlers', {
    ours: ['siglip-ts', '@siglip-ts/tiny-model'],
    dependencies: {
      '@rollup/plugin-commonjs': '29.0.3',
      '@rollup/plugin-node-resolve': '16.0.3',
      esbuild: '0.28.2',
      rollup: '4.68.8',
      vite: '8.3.8',
      webpack: '5.113.0',
      'webpack-cli': '7.3.1',
    },
  });
  await project.write({
    'src/main.js': program(PAGE),
    'src/inline.js': program({ ...PAGE, model: 'inline' }),
    'index.html': html('/src/main.js'),
  });
  await writePicture(project, 'public/cat.jpg');
});
afterEach(() => site?.close());

/** Serves a folder that a bundler made, with a page that runs its script, and asks browsers for the scores. */
async function expectPage(folder: string, browsers: readonly BrowserName[], page?: string) {
  await writePicture(project, `${folder}/cat.jpg`);
  if (page) await project.write({ [`${folder}/index.html`]: page });
  site = await serve(join(project.folder, folder));
  for (const name of browsers)
    await expectScores(await visit(name, site.origin, site.answer(), 60));
}

describe.skipIf(!programOf('Chromium'))('in Chromium', () => {
  test('webpack', async () => {
    const config = `module.exports = { mode: 'production', entry: './src/main.js' };`;
    await project.write({ 'webpack.config.cjs': config });
    const { stdout } = await project.run('webpack');
    expect(stdout).not.toMatch(/ERROR/);
    await expectPage('dist', ['Chromium'], html('main.js', 'text/javascript'));
  });

  test.each([
    ['one classic script', ['--outfile=es-one/main.js']],
    ['one module', ['--format=esm', '--outfile=es-one/main.js']],
    ['modules', ['--format=esm', '--splitting', '--entry-names=main', '--outdir=es-split']],
  ])('esbuild, %s', async (_, words) => {
    await project.run('esbuild', ['src/inline.js', '--bundle', '--minify', ...words]);
    await expectPage(words.at(-1)!.split(/[=/]/)[1]!, ['Chromium'], html('main.js'));
  });

  test('rollup', async () => {
    const words = ['src/inline.js', '-d', 'rolled', '-p', 'node-resolve', '-p', 'commonjs'];
    await project.run('rollup', words);
    await expectPage('rolled', ['Chromium'], html('inline.js'));
  });

  test('vite build, in Firefox too', async () => {
    await project.run('vite', ['build', '--outDir', 'vite']);
    const browsers = (['Chromium', 'Firefox'] as const).filter(programOf);
    await expectPage('vite', browsers);
  });
});
