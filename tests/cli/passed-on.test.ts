// What is given to the commands must reach what they are made of: Ctrl-C the forward that runs, options of the hub the hub,
// recipes the run. What each of them means is tested where it is heeded.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { serialize } from '@siglip-ts/safetensors';
import { Engine } from '../../packages/backend-wasm/src/engine/engine.ts';
import { image, scratch, siglip } from './harness.ts';

const files = scratch();
const rocket = image('twemoji-rocket.png');
const inputs = files.write(
  'inputs.safetensors',
  serialize(
    new Map([
      ['pixel_values', { dtype: 'F32', shape: [1, 3, 64, 64], data: new Float32Array(12288) }],
      ['input_ids', { dtype: 'I32', shape: [1, 16], data: new Int32Array(16) }],
    ]),
  ),
);

/** Commands that run a forward, and the others that read a model. */
const FORWARD: Readonly<Record<string, string[]>> = {
  classify: ['classify', rocket, '--labels', 'a, b'],
  embed: ['embed', rocket],
  'explain-score': ['explain-score', rocket, 'a rocket'],
  dump: ['dump', '--inputs', inputs, '--out', files.path('out.safetensors')],
};
const READING: Readonly<Record<string, string[]>> = {
  tokenize: ['tokenize', 'a'],
  preprocess: ['preprocess', rocket],
};

afterEach(() => vi.restoreAllMocks());

test.each(Object.entries(FORWARD))('Ctrl-C ends the forward of %s', async (_, argv) => {
  const { linear } = Engine.prototype;
  const count = async (stopAt: number) => {
    const stop = new AbortController();
    let calls = 0;
    vi.spyOn(Engine.prototype, 'linear').mockImplementation(function (this: Engine, ...args) {
      // As a key does: it is heard of when the program waits for something.
      if (++calls === stopAt) setImmediate(() => stop.abort());
      return linear.apply(this, args);
    });
    const { code } = await siglip(argv, { signal: stop.signal });
    return [code, calls];
  };
  const [code, whole] = await count(0);
  expect(code).toBe(0);
  const [stopped, calls] = await count(whole! - 12); // of its last layers
  expect(stopped).toBe(130);
  expect(calls).toBeLessThan(whole!);
});

const asked: { url: string; token: string | undefined }[] = [];
const server = createServer((request, response) => {
  asked.push({ url: request.url!, token: request.headers.authorization });
  response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => vi.unstubAllEnvs());

const AT_HUB: Readonly<Record<string, string[]>> = {
  ...Object.fromEntries(
    Object.entries({ ...FORWARD, ...READING }).map(([name, argv]) => [name, [...argv, '--model', 'a/b']]), // prettier-ignore
  ),
  inspect: ['inspect', 'a/b'],
  quantize: ['quantize', 'a/b', files.path('quantized'), '--weights', 'int8'],
};

test.each(Object.entries(AT_HUB))('options of the hub reach it from %s', async (name, argv) => {
  const cache = files.path(`cache of ${name}`);
  const options = ['--revision', 'v2', '--cache', cache, '--token', 'hf_x'];
  expect((await siglip([...argv, ...options])).code).toBe(2);
  expect(asked.length).toBeGreaterThan(0);
  for (const { url, token } of asked) {
    expect(url).toMatch(/^\/a\/b\/resolve\/v2\//);
    expect(token).toBe('Bearer hf_x');
  }
  asked.length = 0;
  await siglip([...argv, '--cache', cache], { env: { HF_TOKEN: 'hf_y' } });
  expect(asked[0]!.token).toBe('Bearer hf_y');
  asked.length = 0;
  const { code, stderr } = await siglip([...argv, ...options, '--local-files-only']);
  expect([code, asked]).toEqual([2, []]);
  expect(stderr).toContain('a/b');
});

test('a recipe is what the options say', async () => {
  const data = files.path('data');
  mkdirSync(data);
  cpSync(rocket, join(data, 'a.png'));
  writeFileSync(join(data, 'captions.jsonl'), '{"file_name": "a.png", "text": "a rocket"}');
  const load = vi.spyOn(Engine, 'load');
  const argv = ['train', '--data', data, '--out', files.path('run')];
  const recipe = [
    ['steps', 2],
    ['batch_size', 3],
    ['learning_rate', 0.003],
    ['weight_decay', 0.04],
    ['warmup', 1],
    ['schedule', 'rsqrt'],
    ['cooldown', 1],
    ['optimizer', 'lion'],
    ['clip', 0.5],
    ['seed', 6],
  ] as const;
  const given = recipe.flatMap(([name, value]) => [`--${name.replace('_', '-')}`, String(value)]);
  const how = ['--freeze', 'text', '--save-every', '1', '--keep', '1', '--threads', '2'];
  const { code } = await siglip([...argv, ...given, ...how]);
  expect(code).toBe(0);
  const saved = readFileSync(files.path('run/step-000002/training.json'), 'utf8');
  expect((JSON.parse(saved) as { recipe: object }).recipe).toEqual({
    ...Object.fromEntries(recipe),
    freeze: '^text_model\\.',
  });
  expect(() => readFileSync(files.path('run/step-000001/training.json'))).toThrow('ENOENT');
  expect(load).toHaveBeenCalledWith(expect.objectContaining({ threads: 2 }));
});
