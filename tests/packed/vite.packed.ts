// Vite, before 8 with the lines that docs/in-a-page.md has, used as they stand there: a page with its pipeline in
// it, in a worker, and on the backend that has a CommonJS dependency; built, and from the development server.
import { join } from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { fileIn } from '../docs/blocks.ts';
import { programOf, visit } from '../runtimes/browser.ts';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, html, LABELS, PAGE, POST, writePicture } from './program.ts';
import { serve } from './site.ts';
import { start } from './started.ts';

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
    const vite = await start(project, 'vite', ['--port', '0', '--host', '127.0.0.1']);
    try {
      await expectAll(await visit('Chromium', vite.url, site.answer(), 60));
    } finally {
      await vite.stop();
      site.close();
    }
  });
});
