// What npm would publish: that each tarball holds what a user needs and no more, that its types and exports agree, and
// that Node loads it both ways.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, test } from 'vitest';
import { emptyProject, PEERS, type Project, type Tarball, tarballs } from './pack.ts';

const root = join(import.meta.dirname, '../..');
const each = [...tarballs()];

describe.each(each)('%s', (name, tarball) => {
  test('publint has nothing to say', async () => {
    const tgz = readFileSync(tarball.path);
    const buffer = tgz.buffer.slice(tgz.byteOffset, tgz.byteOffset + tgz.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test('attw finds its types right', () => attw(tarball));

  test('has its licence, and no sources of tests', () => {
    expect(tarball.files).toContain('LICENSE');
    expect(tarball.files).toContain('README.md');
    expect(tarball.files.filter((file) => /\.test\.|tsbuildinfo|(^|\/)\.[^/]/.test(file))).toEqual(
      [],
    );
  });

  test('the sources its source maps name are there', () => {
    const folder = packageFolders().get(name)!;
    const maps = tarball.files.filter((file) => file.endsWith('.js.map'));
    expect(maps.length).toBeGreaterThan(0);
    for (const map of maps) {
      const { sources } = JSON.parse(readFileSync(join(folder, map), 'utf8'));
      for (const source of sources) expect(tarball.files).toContain(join(map, '..', source));
    }
  });
});

test('one version, everywhere', () => {
  expect(new Set(each.map(([, { version }]) => version)).size).toBe(1);
});

test('the embedded model goes without its card and scores, which bundlers would take along', () => {
  const { files } = tarballs().get('@siglip-ts/tiny-model')!;
  expect(files.filter((file) => file.startsWith('model/')).sort()).toEqual([
    'model/config.json',
    'model/model.safetensors',
    'model/preprocessor_config.json',
    'model/special_tokens_map.json',
    'model/spiece.model',
    'model/tokenizer_config.json',
  ]);
});

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

  test.each([
    ['import', 'a.mjs', "import { pipeline } from 'siglip-ts';"],
    ['require', 'a.cjs', "const { pipeline } = require('siglip-ts');"],
  ])('%s, and a picture is classified', async (_, file, line) => {
    const picture = join(root, 'fixtures/images/twemoji-rocket.png');
    await project.write({
      [file]: `${line}
        pipeline('zero-shot-image-classification')
          .then((classify) => classify(${JSON.stringify(picture)}, ['a rocket', 'a cat']))
          .then(([best]) => console.log(best.label));`,
    });
    expect(await project.run(process.execPath, [file])).toEqual({
      stdout: 'a rocket\n',
      stderr: expect.not.stringMatching(/error/i), // Node 20.19 warns that require of ES modules is an experiment
    });
  });
});

describe('all packages in an empty project', () => {
  let project: Project;
  beforeAll(async () => {
    project = await emptyProject('all', { ours: each.map(([name]) => name), dependencies: PEERS });
  });

  test('every entry can be required, so none waits at its top level', async () => {
    const entries = [...packageFolders()].flatMap(([name, folder]) => {
      const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const modules = Object.keys(exports).filter((entry) => !/\*|\.wasm$/.test(entry));
      return modules.map((entry) => name + entry.slice(1));
    });
    await project.write({
      'all.cjs': `for (const entry of ${JSON.stringify(entries)})
        console.log(entry, Object.keys(require(entry)).length > 0);`,
    });
    const { stdout } = await project.run(process.execPath, ['all.cjs']);
    // A worker's script exports nothing: it is imported for what it does.
    const exporting = (entry: string) => entry !== 'siglip-ts/worker-entry';
    expect(stdout.trim().split('\n')).toEqual(
      entries.map((entry) => `${entry} ${exporting(entry)}`),
    );
  });

  // npx runs a package's only bin, whatever its name; --no-install: nothing may come from the registry.
  test.each(['@siglip-ts/cli', 'siglip'])(
    'npx %s is the command, whose help names the way',
    async (name) => {
      const { stdout } = await project.run('npx', ['--no-install', name, '--help']);
      expect(stdout).toMatch(/^Usage: siglip /);
      expect(stdout).toContain('npx @siglip-ts/cli');
    },
  );
});

/**
 * Ends with an error that holds attw's table where that finds anything. Profile esm-only: there is no CommonJS build,
 * and attw does not know that Node >= 20.19 requires ES modules, which a test above shows.
 */
async function attw({ path }: Tarball): Promise<void> {
  const words = [path, '--profile', 'esm-only', '--no-color', '--no-emoji'];
  await promisify(execFile)('npx', ['attw', ...words], { cwd: root }).catch((error) => {
    throw new Error(error.stdout, { cause: error });
  });
}

/** Where each package lives in the workspace. */
function packageFolders(): Map<string, string> {
  const packages = join(root, 'packages');
  return new Map(
    readdirSync(packages).map((folder) => {
      const { name } = JSON.parse(readFileSync(join(packages, folder, 'package.json'), 'utf8'));
      return [name, join(packages, folder)];
    }),
  );
}
