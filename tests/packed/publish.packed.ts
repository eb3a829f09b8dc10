// What npm would publish: that each tarball holds what a user needs and that Node loads it both ways.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { emptyProject, tarballs, type Project } from './pack.ts';

describe('siglip-ts in an empty project', () => {
  let project: Project;
  beforeAll(async () => {
    project = await emptyProject('node');
  });

  test('comes from the tarballs, with all of ours that it needs', () => {
    const lock = JSON.parse(readFileSync(join(project.folder, 'package-lock.json'), 'utf8'));
    const ours = Object.entries<{ resolved: string }>(lock.packages).filter(([path]) =>
      path.startsWith('node_modules/@siglip-ts/'),
    );
    expect(ours.map(([path]) => path.slice('node_modules/'.length)).sort()).toEqual(
      readdirSync(join(project.folder, 'node_modules/@siglip-ts')).map((n) => `@siglip-ts/${n}`),
    );
    for (const [path, { resolved }] of ours) expect(resolved, path).toMatch(/^file:.*\.tgz$/);
  });

  const classify =
    "pipeline('zero-shot-image-classification').then((classify) => console.log(typeof classify))";
  test.each([
    ['import', 'a.mjs', `import { pipeline } from 'siglip-ts';\n${classify}`],
    ['require', 'a.cjs', `const { pipeline } = require('siglip-ts');\n${classify}`],
  ])('%s gives the pipeline', async (_, file, text) => {
    await project.write({ [file]: text });
    const { stdout } = await project.run(process.execPath, [file]);
    expect(stdout).toBe('function\n');
  });
});

test('one version', () => {
  expect(new Set([...tarballs().values()].map(({ version }) => version)).size).toBe(1);
});
