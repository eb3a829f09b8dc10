// What users install: every package packed by npm, and empty projects outside the workspace that install the tarballs.
// Not a test: the tests are the *.packed.ts beside it.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

export interface Tarball {
  readonly name: string;
  readonly version: string;
  /** The absolute path of the .tgz. */
  readonly path: string;
  /** What is in it, relative to the package. */
  readonly files: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: { readonly folder: string; readonly tarballs: readonly Tarball[] };
  }
}

let folder: string | undefined;

/** Builds and packs every package once for all tests of a run. vitest calls it before the first. */
export async function setup({ provide }: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'siglip-packed-'));
  await run('npm', ['run', 'build'], { cwd: root });
  const words = ['--workspaces', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', ['pack', ...words], { cwd: root, maxBuffer: 2 ** 26 });
  type Row = { name: string; version: string; filename: string; files: { path: string }[] };
  const rows = Object.values(JSON.parse(stdout) as Row[]);
  const all = rows.map(({ name, version, filename, files }) => {
    return { name, version, path: join(folder!, filename), files: files.map(({ path }) => path) };
  });
  provide('packed', { folder, tarballs: all });
}

/** The tarballs and all empty projects go when the run does. vitest calls it after the last. */
export async function teardown(): Promise<void> {
  if (folder) await rm(folder, { recursive: true, force: true });
}

/** Every package by its name. */
export const tarballs = (): ReadonlyMap<string, Tarball> =>
  new Map(inject('packed').tarballs.map((tarball) => [tarball.name, tarball]));

export interface Project {
  /** The absolute path of its folder. */
  readonly folder: string;
  /** Writes files by their path in the project. */
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  /** Runs a program there and gives what it wrote; throws with all of that where it fails. Its own bins come first. */
  run(
    program: string,
    words?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ stdout: string; stderr: string }>;
}

/** The peers of @siglip-ts/conformance, for projects that have it: npm would install the newest that there is. */
export const PEERS = { 'fast-check': '4.10.2', vitest: '4.1.12' } as const;

export interface EmptyProject {
  /** Which of our packages it asks for by name; whatever those need of ours comes from the tarballs too. */
  ours?: readonly string[];
  /** npm packages with their versions. */
  dependencies?: Readonly<Record<string, string>>;
  /** What npm installs in place of packages that others depend on. */
  overrides?: Readonly<Record<string, string>>;
  /** More of its package.json; `type` is "module" unless it says otherwise. */
  manifest?: Readonly<Record<string, unknown>>;
}

/**
 * An example as a user has it who copied its folder, but that ours in its package.json are the tarballs; `more` is
 * installed beside.
 */
export async function exampleProject(
  name: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Project> {
  const from = join(root, 'examples', name);
  const { dependencies, ...manifest } = JSON.parse(
    await readFile(join(from, 'package.json'), 'utf8'),
  ) as { dependencies: Record<string, string> };
  const ours = Object.keys(dependencies).filter((other) => tarballs().has(other));
  const others = { ...dependencies, ...more };
  for (const own of ours) {
    const { version } = tarballs().get(own)!;
    if (dependencies[own] !== version)
      throw new Error(`examples/${name}: ${own} ${dependencies[own]}, expected ${version}`);
    delete others[own];
  }
  const project = await emptyProject(`example-${name}`, {
    ours,
    dependencies: others,
    manifest: { type: undefined, ...manifest },
  });
  // All but what somebody who tried it there has left.
  const left = /\/(package(-lock)?\.json|node_modules|dist|\.next|\.wrangler)$/;
  await cp(from, project.folder, { recursive: true, filter: (path) => !left.test(path) });
  return project;
}

/** A project with nothing but what it asks for installed, in a folder `name` outside the workspace. */
export async function emptyProject(
  name: string,
  { ours = ['siglip-ts'], dependencies = {}, overrides = {}, manifest = {} }: EmptyProject = {},
): Promise<Project> {
  const all = tarballs();
  const folder = join(inject('packed').folder, name);
  await mkdir(folder);
  const spec = (packageName: string) => {
    const tarball = all.get(packageName);
    if (!tarball) throw new Error(`no package "${packageName}" in the workspace`);
    return `file:${tarball.path}`;
  };
  const rest = [...all.keys()].filter((other) => !ours.includes(other));
  const text = {
    name,
    private: true,
    type: 'module',
    ...manifest,
    dependencies: {
      ...dependencies,
      ...Object.fromEntries(ours.map((own) => [own, spec(own)])),
    },
    // Without these, npm would look for the packages that ours depend on in its registry.
    overrides: {
      ...overrides,
      ...Object.fromEntries(rest.map((other) => [other, spec(other)])),
    },
  };
  const write: Project['write'] = async (files) => {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), content);
    }
  };
  const runThere: Project['run'] = async (program, words = [], env = {}) => {
    const paths = [join(folder, 'node_modules/.bin'), process.env.PATH].join(':');
    try {
      return await run(program, words, {
        cwd: folder,
        env: { ...process.env, PATH: paths, ...env },
        maxBuffer: 2 ** 26,
      });
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      throw new Error(`${name}: ${program} ${words.join(' ')} failed\n${stdout}\n${stderr}`, {
        cause: error,
      });
    }
  };
  await write({ 'package.json': JSON.stringify(text, null, 2) });
  await runThere('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']);
  return { folder, write, run: runThere };
}
