// siglip-ts/worker in the bundlers that are not Vite: webpack finds the worker by itself, esbuild is given the file that
// docs/in-a-worker.md has, as it stands there.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileIn } from '../docs/blocks.ts';
import { programOf, visit } from '../runtimes/browser.ts';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, html, PAGE, program, writePicture } from './program.ts';
import { serve } from './site.ts';

const inWorker = (text: string) => text.replace("from 'siglip-ts'", "from 'siglip-ts/worker'");
const ITS_OWN = "worker: new Worker('worker.js', { type: 'module' })";

let project: Project;
beforeAll(async () => {
  project = await emptyProject('worker', {
    ours: ['siglip-ts', '@siglip-ts/tiny-model'],
    dependencies: { esbuild: '0.28.2', webpack: '5.113.0', 'webpack-cli': '7.3.1' },
  });
  await project.write({
    'main.js': inWorker(program(PAGE)),
    'own.js': inWorker(program({ ...PAGE, model: 'inline', options: ITS_OWN })),
    'worker.js': fileIn('docs/in-a-worker.md', 'worker.js'),
  });
});

async function expectPage(folder: string, script: string): Promise<void> {
  await writePicture(project, `${folder}/cat.jpg`);
  await project.write({ [`${folder}/index.html`]: html(script) });
  const site = await serve(join(project.folder, folder));
  const visited = visit('Chromium', site.origin, site.answer(), 60);
  await expectScores(await visited.finally(() => site.close()));
}

describe.skipIf(!programOf('Chromium'))('in Chromium', () => {
  test('webpack', async () => {
    const config = `module.exports = { mode: 'production', entry: './main.js' };`;
    await project.write({ 'webpack.config.cjs': config });
    const { stdout } = await project.run('webpack');
    expect(stdout).not.toMatch(/ERROR/);
    await expectPage('dist', 'main.js');
  });

  test('esbuild', async () => {
    const words = ['own.js', 'worker.js', '--bundle', '--format=esm', '--outdir=es'];
    await project.run('esbuild', words);
    await expectPage('es', 'own.js');
  });
});
