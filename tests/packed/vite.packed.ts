// Vite, before 8 with the lines that docs/in-a-page.md has, used as they stand there: a page with its pipeline in
// it, in a worker, and on the backend that has a CommonJS dependency; built, and from the development server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { fileIn } from '../docs/blocks.ts';
import { programOf, visit } from '../runtimes/browser.ts';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, html, LABELS, PAGE, POST, writePicture } from './program.ts';
import { serve, type Site } from './site.ts';

const NEEDED = fileIn('docs/in-a-page.md', 'vite.config.js');

/** Posts the scores as this page has them, as its worker has them, and as the cpu backend has them. */
const asked = (report: string) => `import { pipeline } from 'siglip-ts';
import { pipeline as inWorker } from 'siglip-ts/worker';

async function scores(load, options) {
  const classify = await load('zero-shot-image-classification', undefined, options);
  const answer = await classify(${PAGE.image}, ${JSON.stringify(LABELS)});
  await classify.dispose();
  return answer;
}
async function main() {
  const asked = [scores(pipeline), scores(inWorker), scores(pipeline, { backend: 'cpu' })];
  const answer = await Promise.all(asked.map((one) => one.catch((error) => ({ error: error.stack }))));
  ${report}
}
main();
`;
async function expectAll(answer: unknown): Promise<void> {
  const [page, worker, cpu] = answer as unknown[];
  await expectScores(page);
  await expectScores(worker);
  await expectScores(cpu, { backend: 'cpu' });
}

describe.skipIf(!programOf('Chromium')).each([
  ['6.4.6', NEEDED],
  ['7.3.8', NEEDED],
  ['8.3.8', 'export default {};'],
])('Vite %s, in Chromium', (version, config) => {
  let project: Project;
  beforeAll(async () => {
    project = await emptyProject(`vite-${version}`, { dependencies: { vite: version } });
    await project.write({ 'vite.config.js': config, 'index.html': html('/src/main.js') });
    await writePicture(project, 'public/cat.jpg');
  });

  test('built', async () => {
    await project.write({ 'src/main.js': asked(POST()) });
    await project.run('vite', ['build']);
    const site = await serve(join(project.folder, 'dist'));
    const visited = visit('Chromium', site.origin, site.answer(), 60);
    await expectAll(await visited.finally(() => site.close()));
  });

  test('in development', async () => {
    const site = await serve(project.folder); // which only hears the answer
    await project.write({ 'src/main.js': asked(POST(`${site.origin}/answer`)) });
    await expectAll(await answerOfDev(project, site));
  });
});

/** What the page says that the development server gives. */
async function answerOfDev(project: Project, site: Site): Promise<unknown> {
  const vite = spawn('node_modules/.bin/vite', ['--port', '0', '--host', '127.0.0.1'], {
    cwd: project.folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(vite, 'exit');
  try {
    let printed = '';
    const address = new Promise<string>((resolve) =>
      vite.stdout.on('data', (text) => {
        printed += String(text).replace(/\u001b\[\d*m/g, '');
        const [, found] = /(http:\/\/127\.0\.0\.1:\d+\/)/.exec(printed) ?? [];
        if (found) resolve(found);
      }),
    );
    return await visit('Chromium', await address, site.answer(), 60);
  } finally {
    vite.kill();
    await exit;
    site.close();
  }
}
