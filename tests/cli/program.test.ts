// The program around the commands: help, version, usage errors, and the hub options.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { model, scratch, siglip } from './harness.ts';

const commands = ['classify', 'embed', 'tokenize', 'preprocess', 'dump', 'inspect', 'quantize'];
const files = scratch();

describe('help', () => {
  test('lists the commands', async () => {
    const { code, stdout, stderr } = await siglip(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of commands)
      expect(stdout).toMatch(new RegExp(`^  ${command} .*  \\w`, 'm'));
  });

  test.each(commands)('%s: description, options and an example, in 80 columns', async (command) => {
    const { code, stdout } = await siglip([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: siglip ${command} `));
    expect(stdout).toMatch(/^Options:$/m);
    expect(stdout).toMatch(new RegExp(`^Examples:\\n  .*siglip ${command}`, 'm'));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect((await siglip(['help', command])).stdout).toBe(stdout);
  });

  test('is coloured on a terminal only', async () => {
    expect((await siglip(['--help'], { tty: true })).stdout).toContain('\u001b[1mUsage:');
    const plain = await siglip(['--help'], { tty: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).toBe((await siglip(['--help'])).stdout);
  });
});

test('--version is that of the package', async () => {
  const manifest = new URL('../../packages/cli/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  expect(await siglip(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('without a command the help is on stderr', async () => {
  const { code, stdout, stderr } = await siglip([]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Usage: siglip /);
});

test.each([
  [['clasify'], "unknown command 'clasify' (Did you mean classify?)"],
  [['embed', '--normalise'], "unknown option '--normalise' (Did you mean --normalize?)"],
  [['--jsn'], "unknown option '--jsn'"],
  [['embed', '--out'], "option '--out <file>' argument missing; see siglip embed --help"],
  [['inspect', 'a', 'b'], "too many arguments for 'inspect'. Expected 1 argument but got 2."],
])('%j', async (argv, line) => {
  expect(await siglip(argv)).toEqual({ code: 2, stdout: '', stderr: `siglip: ${line}\n` });
});

describe('hub options', () => {
  const asked: { url: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url!, authorization: request.headers.authorization });
    const [, id, name = ''] = /^\/org\/(\w+)\/resolve\/v1\/([\w.]+)$/.exec(request.url!) ?? [];
    const known = ['config.json', 'model.safetensors'].includes(name);
    // The files of org/short are shorter than the hub says.
    const size = id === 'short' ? { 'x-linked-size': '1000000' } : {};
    response.writeHead(known ? 200 : 404, known ? { etag: `"${name}"`, ...size } : {});
    response.end(known ? readFileSync(`${model('plain')}/${name}`) : '');
  });
  const before = process.env.HF_ENDPOINT;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    if (before === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = before;
  });

  const inspect = (id: string) => [
    'inspect',
    id,
    '--revision',
    'v1',
    '--cache',
    files.path('cache'),
  ];
  const argv = inspect('org/model');

  test('--revision, --cache and $HF_TOKEN; downloads are shown on a terminal', async () => {
    const { code, stdout, stderr } = await siglip(argv, { tty: true, env: { HF_TOKEN: 'secret' } });
    expect(code).toBe(0);
    expect(stdout).toContain('org/model');
    expect(stderr).toContain('model.safetensors');
    expect(asked[0]).toEqual({
      url: '/org/model/resolve/v1/config.json',
      authorization: 'Bearer secret',
    });
  });

  test('a download that fails ends its bar first', async () => {
    const { code, stderr } = await siglip(inspect('org/short'), { tty: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /\u001b\[2Ksiglip: \S+config\.json: the body ends at byte \d+, expected 1000000 bytes\n$/,
    );
  });

  test('--local-files-only asks nobody', async () => {
    asked.length = 0;
    expect(await siglip([...argv, '--local-files-only'])).toMatchObject({ code: 0, stderr: '' });
    expect(asked).toEqual([]);
  });

  test('--token goes before $HF_TOKEN', async () => {
    asked.length = 0;
    await siglip([...argv, '--token', 'mine'], { env: { HF_TOKEN: 'secret' } });
    expect(asked[0]!.authorization).toBe('Bearer mine');
  });
});
