// siglip inspect: sizes, costs, and whether the weights fit.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { bytesSource, openSafetensors, serialize, type StoredTensor } from '@siglip-ts/safetensors';
import { startHub } from '../hub/hub-server.ts';
import { json, model, scratch, siglip } from './harness.ts';

const files = scratch();

/** A copy of a model whose tensors are changed. */
async function changed(name: string, change: (tensors: Map<string, StoredTensor>) => void) {
  const folder = files.copy(model('plain'), name);
  const file = await openSafetensors(bytesSource(readFileSync(`${folder}/model.safetensors`)));
  const tensors = new Map<string, StoredTensor>();
  for (const key of file.tensors.keys()) tensors.set(key, await file.read(key));
  change(tensors);
  writeFileSync(`${folder}/model.safetensors`, serialize(tensors));
  return folder;
}

test('the embedded model as JSON', async () => {
  const facts = await json<Record<string, unknown>>(['inspect']);
  expect(facts).toMatchObject({
    model: 'the embedded model',
    class: 'SiglipModel',
    model_type: 'siglip',
    vision: { num_hidden_layers: 4, hidden_size: 128, image_size: 64, patch_size: 8 },
    text: { num_hidden_layers: 2, hidden_size: 128, vocab_size: 2560 },
    labels: null,
    parts: {
      vision: { tensors: 80, parameters: 1_024_384 },
      text: { tensors: 38, parameters: 743_040 },
      other: { tensors: 2, parameters: 2 },
      total: { tensors: 120, parameters: 1_767_426 },
    },
    file: { tensors: 120, bytes: 2 * 1_767_426, dtypes: ['float16'] },
    memory: { float32: { weights: 4 * 1_767_426 }, float16: { weights: 2 * 1_767_426 } },
    missing: [],
    mismatched: [],
    unexpected: [],
  });
});

test('the FLOP of an image are those of its matrix products, and a little more', async () => {
  const { flops } = await json<{ flops: { image: number } }>(['inspect']);
  const [N, D, M, L, patch] = [64, 128, 512, 4, 3 * 8 * 8];
  const layer = 2 * N * (4 * D * D + 2 * D * M) + 4 * N * N * D;
  // The head: keys and values of all patches, one query, and the mlp of one vector.
  const products = L * layer + 2 * N * patch * D + 2 * N * 2 * D * D;
  expect(flops.image / products).toBeGreaterThan(1);
  expect(flops.image / products).toBeLessThan(1.06);
});

test('each class counts what it has', async () => {
  type Facts = {
    class: string;
    text: unknown;
    labels: unknown;
    parts: { total: { tensors: number } };
  };
  const facts = async (name: string) => json<Facts>(['inspect', name]);
  expect(await facts(model('no-head'))).toMatchObject({
    class: 'SiglipVisionModel',
    text: null,
    parts: { total: { tensors: 37 } },
  });
  const folder = files.copy(model('classifier-3'), 'classifier');
  const config = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')) as object;
  const architectures = ['SiglipForImageClassification'];
  files.write('classifier/config.json', JSON.stringify({ ...config, architectures }));
  expect(await facts(folder)).toMatchObject({
    class: 'SiglipForImageClassification',
    text: null,
    labels: ['LABEL_0', 'LABEL_1', 'LABEL_2'],
    parts: { total: { tensors: 39 } }, // it does not look at the pooling head
  });
});

test('for people, in 80 columns', async () => {
  const { code, stdout } = await siglip(['inspect', model('plain')]);
  expect(code).toBe(0);
  expect(stdout.split('\n').slice(1)).toEqual([
    '',
    '        layers  hidden  mlp  heads  tensors  parameters',
    'vision       2      24   40      2       48      18,480',
    'text         2      24   40      2       38      11,288',
    'other                                     2           2',
    'total                                    88      29,770',
    '',
    'image   32 x 32, 3 channels, in 16 patches of 8 x 8',
    'text    up to 10 tokens, out of 60',
    'file    88 tensors (float32), 119 kB',
    '',
    expect.stringMatching(/^ +weights +one image +one text$/),
    expect.stringMatching(/^compute +\d+ kFLOP +\d+ kFLOP$/),
    expect.stringMatching(/^float32 +119 kB +[\d.]+ kB +[\d.]+ kB$/),
    expect.stringMatching(/^float64 +238 kB/),
    expect.stringMatching(/^float16 +59.5 kB/),
    expect.stringMatching(/^bfloat16 +59.5 kB/),
    '',
    'The weights fit the configuration.',
    '',
  ]);
});

test('exit code 1 for weights that do not fit', async () => {
  const folder = await changed('unfit', (tensors) => {
    tensors.delete('logit_scale');
    tensors.set('logit_bias', { dtype: 'F32', shape: [2], data: new Float32Array(2) });
    tensors.set('extra', { dtype: 'I64', shape: [1], data: new BigInt64Array(1) });
  });
  const { code, stdout, stderr } = await siglip(['inspect', folder]);
  expect([code, stderr]).toEqual([1, '']);
  expect(stdout.split('\n').slice(-4)).toEqual([
    'missing 1 tensor: logit_scale',
    'wrong shape of 1 tensor: logit_bias',
    'not used by SiglipModel: 1 tensor: extra',
    '',
  ]);
  expect(stdout).toContain('(I64, float32)');
});

test('tensors that are only unexpected are no failure', async () => {
  const folder = await changed('more', (tensors) => {
    tensors.set('extra', { dtype: 'I64', shape: [1], data: new BigInt64Array(1) });
  });
  expect(await json(['inspect', folder])).toMatchObject({ unexpected: ['extra'] });
});

test('weights that are promised and not there are not missed: only headers are read', async () => {
  const folder = files.copy(model('plain'), 'sharded');
  const shard = readFileSync(`${folder}/model.safetensors`);
  files.write('sharded/one.safetensors', shard);
  const file = await openSafetensors(bytesSource(shard));
  const weight_map = Object.fromEntries(
    [...file.tensors.keys()].map((k) => [k, 'one.safetensors']),
  );
  files.write('sharded/model.safetensors.index.json', JSON.stringify({ weight_map }));
  rmSync(`${folder}/model.safetensors`);
  expect(await json(['inspect', folder])).toMatchObject({ file: { tensors: 88 }, missing: [] });
});

test.each([
  ['no-config', {}, 'does not appear to have a file named config.json'],
  [
    'no-weights',
    { 'config.json': '{"model_type": "siglip"}' },
    ' does not appear to have a file named model.safetensors or model.safetensors.index.json',
  ],
  ['bad-config', { 'config.json': '{' }, ': "config.json" is not valid JSON: '],
  [
    'clip',
    { 'config.json': '{"model_type": "clip"}' },
    'model type `clip` but only these are recognized: siglip, siglip_text_model, siglip_vision_model',
  ],
  [
    'cut',
    { 'config.json': '{"model_type": "siglip"}', 'model.safetensors': '12345678{' },
    'a header of 4050765991979987505 bytes, expected at most 100000000',
  ],
])('%s', async (name, content, line) => {
  mkdirSync(files.path(name));
  for (const [file, text] of Object.entries(content))
    files.write(`${name}/${file}`, text as string);
  const { code, stdout, stderr } = await siglip(['inspect', files.path(name)]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(line);
  expect(stderr.split('\n').length).toBe(2);
});

test('a hub model that is not in the cache', async () => {
  const argv = ['inspect', 'org/model', '--local-files-only', '--cache', files.path('cache')];
  expect((await siglip(argv)).stderr).toBe(
    'siglip: org/model: config.json at revision main is not in the cache, expected it there with local_files_only\n',
  );
});

test('the weights of a hub model stay on the hub', async () => {
  const hub = await startHub();
  try {
    for (const file of ['config.json', 'model.safetensors'])
      hub.files.set(file, { bytes: readFileSync(`${model('plain')}/${file}`), etag: file });
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
    const argv = ['inspect', 'org/plain', '--cache', files.path('cache')];
    expect((await siglip(argv)).stdout).toContain('The weights fit the configuration.');
    const of = (file: string) => hub.requests.filter(({ url }) => url.endsWith(file));
    expect(of('model.safetensors').map(({ headers }) => headers.range)).toEqual(['bytes=0-131071']);
    const kept = readdirSync(files.path('cache'), { recursive: true }) as string[];
    expect(kept.filter((path) => path.includes('blob-'))).toEqual([
      expect.stringContaining('blob-config.json'),
    ]);
  } finally {
    vi.unstubAllEnvs();
    await hub.stop();
  }
});

describe('--error', () => {
  const moved = (storage: string) =>
    json<{
      narrow: {
        tensors: { name: string; error: number }[];
        image_embeds: { error: number; cosine: number };
        text_embeds: { error: number; cosine: number };
      };
    }>(['inspect', '--error', storage]);

  test('float16 moves nothing of a float16 file', async () => {
    const { narrow } = await moved('float16');
    expect(narrow.tensors.length).toBe(1 + 4 * 6 + 4 + 2 * 6 + 1); // patches, layers, pooling head, layers, text head
    expect(narrow.tensors.every(({ error }) => error === 0)).toBe(true);
    expect(narrow.image_embeds.error).toBe(0);
  });
  test.each(['int8', 'w8a8'])(
    '%s moves weights by less than 1 %%, embeddings by few',
    async (s) => {
      const { narrow } = await moved(s);
      const errors = narrow.tensors.map(({ error }) => error);
      expect(errors).toEqual([...errors].sort((a, b) => b - a));
      expect(errors[0]).toBeLessThan(0.01);
      expect(errors.at(-1)).toBeGreaterThan(0.001);
      for (const { error, cosine } of [narrow.image_embeds, narrow.text_embeds]) {
        expect(error).toBeLessThan(0.05);
        expect(error).toBeGreaterThan(0.001);
        expect(cosine).toBeGreaterThan(0.999);
      }
    },
  );
  test('of one tower there is none', async () => {
    const result = await siglip(['inspect', model('no-head'), '--error', 'int8']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toBe('siglip: --error: a SiglipVisionModel, expected a SiglipModel\n');
  });
});
