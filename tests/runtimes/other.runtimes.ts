// The engine's bits in Deno and Bun, and in workerd, which forbids eval and compiling. `npm run test:runtimes`. The programs
// come from npm, 350 MB of them, and only here: into node_modules/.cache, where the next run finds them.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, root } from './bundle.ts';
import { MODEL, MODEL_FILES, PICTURES } from './classify.ts';
import { expectAnswer } from './golden.ts';

const BUN = '@oven/bun-linux-x64-baseline';
const PROGRAMS = ['deno@2.9.6', `${BUN}@1.4.5`, 'workerd@1.20261117.1'];
const KERNELS = '@siglip-ts/backend-wasm/kernels.wasm';

const run = promisify(execFile);
const programs = join(root, 'node_modules/.cache/siglip-runtimes');
const bin = (name: string) => join(programs, 'node_modules/.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'siglip-runtimes-'));

beforeAll(async () => {
  mkdirSync(programs, { recursive: true });
  await run('npm', ['install', '--prefix', programs, '--no-save', '--no-audit', ...PROGRAMS]);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function write(entry: string, external: readonly string[] = []): Promise<string[]> {
  const platform = external.length > 0 ? 'neutral' : 'node';
  const files = await bundle(entry, { platform, external });
  for (const [name, code] of files) writeFileSync(join(folder, name), code);
  return [...files.keys()];
}

test.each([1, 2])('Deno, threads: %i', async (threads) => {
  await write('files.ts');
  const args = ['run', '--allow-read', join(folder, 'files.js'), String(threads)];
  const { stdout, stderr } = await run(bin('deno'), args, { cwd: root });
  expectAnswer(JSON.parse(stdout));
  expect(stderr).toBe(''); // where it says what goes wrong in a worker that ends
});

test.each([1, 2])('Bun, threads: %i', async (threads) => {
  await write('files.ts');
  const bun = join(programs, 'node_modules', BUN, 'bin/bun');
  const { stdout } = await run(bun, [join(folder, 'files.js'), String(threads)], { cwd: root });
  expectAnswer(JSON.parse(stdout));
});

test.each(['Node', 'Deno', 'Bun'])(
  '%s: what has no end, and what no stranger may reach',
  async (name) => {
    await write('bounds.ts');
    const bun = join(programs, 'node_modules', BUN, 'bin/bun');
    const commands: Record<string, [string, string[]]> = {
      Node: [process.execPath, []],
      Deno: [bin('deno'), ['run', '-A']],
      Bun: [bun, []],
    };
    const [program, args] = commands[name]!;
    const { stdout } = await run(program, [...args, join(folder, 'bounds.js')], { cwd: root });
    const large =
      'more than 134217728 bytes, expected at most 134217728; the option maxBytes says how many';
    const silent = 'not a byte for 0.5 s; the option silence says how long to wait';
    const inner = 'not a public address, and images.private is false';
    const of = (address: string) => ({
      [`${address}/rocket`]: '320',
      [`${address}/folded`]: '320',
      [`${address}/bomb`]: `${address}/bomb: ${large}`,
      [`${address}/endless`]: `${address}/endless: ${large}`,
      [`${address}/silent`]: `${address}/silent: ${silent}`,
      [`${address}/half`]: `${address}/half: ${silent}`,
    });
    const hosts = ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', 'metadata.google.internal'];
    const outer = { ...of('http://example.org'), 'http://example.org/inwards': `http://example.org/inwards: ${inner}` }; // prettier-ignore
    expect(JSON.parse(stdout)).toEqual({
      ...of(''),
      '/inwards': '320',
      '/dev/zero': '/dev/zero: a device, expected a regular file',
      ...Object.fromEntries(hosts.map((host) => [`public http://${host}/rocket`, `http://${host}/rocket: ${inner}`])), // prettier-ignore
      ...Object.fromEntries(Object.entries(outer).map(([url, what]) => [`public ${url}`, what])),
    });
  },
);

test('workerd', async () => {
  const scripts = await write('worker.ts', [KERNELS]);
  const port = await freePort();
  writeFileSync(join(folder, 'config.capnp'), configOf(scripts, port));
  const server = spawn(bin('workerd'), ['serve', join(folder, 'config.capnp'), '-I/'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    expectAnswer(await ask(`http://127.0.0.1:${port}`));
  } finally {
    server.kill();
  }
});

/** The scripts and the kernels are modules of the worker, the files are bindings by their paths. */
function configOf(scripts: readonly string[], port: number): string {
  const modules = scripts.map((name) => `(name = "${name}", esModule = embed "${name}")`);
  const wasm = join(root, 'packages/backend-wasm/wasm/kernels.wasm');
  const files = [...PICTURES, ...MODEL_FILES.map((name) => `${MODEL}/${name}`)];
  const bindings = files.map((path) => `(name = "${path}", data = embed "${join(root, path)}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [${[...modules, `(name = "${KERNELS}", wasm = embed "${wasm}")`].join(', ')}],
  bindings = [${bindings.join(', ')}],
);
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks again until the server listens, for ten seconds. */
async function ask(url: string): Promise<unknown> {
  for (let tries = 0; ; tries++) {
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (tries === 100 || !(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
