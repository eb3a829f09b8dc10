// Vite, before 8 with the lines that docs/in-a-page.md has, used as they stand there: a page, one whose pipeline is in a
// worker, and one on the backend that has a CommonJS dependency; built, and from the development server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { fileIn } from '../docs/blocks.ts';
import { programOf, visit } from '../runtimes/browser.ts';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, html, PAGE, POST, program, writePicture } from './program.ts';
import { serve, type Site } from './site.ts';

const PAGES = {
  page: {},
  'page with its pipeline in a worker': { from: 'siglip-ts/worker' },
  'page on the cpu backend': { backend: 'cpu' },
} satisfies Record<string, { from?: string; backend?: 'cpu' }>;
const NEEDED = fileIn('docs/in-a-page.md', 'vite.config.js');

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

  test.each(Object.entries<{ from?: string; backend?: 'cpu' }>(PAGES))(
    '%s',
    async (_, { from = 'siglip-ts', backend }) => {
      const written = (report: string) =>
        program({ ...PAGE, report, options: backend ? `backend: '${backend}'` : '' }).replace(
          "from 'siglip-ts'",
          `from '${from}'`,
        );
      const options = backend && { backend };

      await project.write({ 'src/main.js': written(POST()) });
      await project.run('vite', ['build']);
      const built = await serve(join(project.folder, 'dist'));
      const visited = visit('Chromium', built.origin, built.answer(), 60);
      await expectScores(await visited.finally(() => built.close()), options);

      const site = await serve(project.folder); // which only hears the answer
      await project.write({ 'src/main.js': written(POST(`${site.origin}/answer`)) });
      await expectScores(await answerOfDev(project, site), options);
    },
  );
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
