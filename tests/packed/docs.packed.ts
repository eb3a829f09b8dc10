// The code of every page and @example as its reader runs it: in an empty project with the packages installed, compiled under strict.
import { cp, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { codeBlocks, commands, pagesAndSources, root } from '../docs/blocks.ts';
import { emptyProject, PEERS, type Project, tarballs } from './pack.ts';

const blocks = pagesAndSources.flatMap(codeBlocks);
const lines = pagesAndSources.flatMap(commands);

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    module: 'nodenext',
    target: 'es2022',
    types: ['node'],
    rewriteRelativeImportExtensions: true,
    rootDir: 'blocks',
    outDir: 'built',
  },
  include: ['blocks'],
};

let project: Project;
beforeAll(async () => {
  project = await emptyProject('docs', {
    ours: [...tarballs().keys()],
    dependencies: {
      ...PEERS,
      '@types/node': '20.19.25',
      'gpu.js': '2.24.1',
      sharp: '0.35.5',
      typescript: '5.9.3',
    },
    // As in the workspace: native parts of gpu.js, for which a machine without a GPU has no use.
    overrides: { gl: 'npm:acorn@8.14.0', webgpu: 'npm:acorn@8.14.0' },
  });
  const files = blocks.map(({ name, code }) => [`blocks/${name}.ts`, code]);
  await project.write({
    ...Object.fromEntries(files),
    'tsconfig.json': JSON.stringify(TSCONFIG),
  });
  // The pictures and dumps that the pages name are where they say.
  const text = [...blocks.map(({ code }) => code), ...lines.map(({ line }) => line)].join('\n');
  for (const pattern of new Set(text.match(/\bfixtures\/[\w./*-]*\w/g)))
    for (const path of await matching(pattern))
      await cp(join(root, path), join(project.folder, path), { recursive: true });
});

/** The path, or where its name has a "*" those of its folder that fit. */
async function matching(pattern: string): Promise<string[]> {
  const [folder, name] = [dirname(pattern), basename(pattern)];
  if (!name.includes('*')) return [pattern];
  const fits = new RegExp(
    `^${name
      .split('*')
      .map((part) => part.replace('.', '\\.'))
      .join('.*')}$`,
  );
  return (await readdir(join(root, folder))).filter((file) => fits.test(file)).map((file) => join(folder, file)); // prettier-ignore
}

test('every block compiles', () => project.run('tsc', ['-p', '.']));

test.each(blocks.filter(({ runs }) => runs))('$name', async ({ name, prints }) => {
  const { stdout } = await project.run(process.execPath, [`built/${name}.js`]);
  expect(stdout.split('\n').slice(0, -1)).toEqual(prints);
});

test.each(lines)('$line', async ({ line, prints }) => {
  const { stdout } = await project.run('bash', ['-c', line]);
  expect(stdout.trimEnd()).toBe(prints);
});
