// siglip convert: the checkpoint of fixtures/make/big_vision.py, with which flax computes HF's numbers, becomes the model
// folder that it was made of.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromBigVision } from '@siglip-ts/inspect';
import { type DumpTensor, readDump, writeDump } from '@siglip-ts/parity';
import { json, model, scratch, siglip } from '../cli/harness.ts';

const { path } = scratch();
const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/parity', name);
const npz = fixture('big_vision.npz');
const { taps: arrays, ...about } = await readDump(npz);

test('every weight is where it was, to the bit', async () => {
  const out = path('converted');
  const { code, stdout, stderr } = await siglip([
    ...['convert', npz, out, '--tokenizer', 'packages/tiny-model/model'],
  ]);
  expect([code, stdout, stderr]).toEqual([0, `88 tensors, 29,770 parameters: ${out}\n`, '']);
  const [ours, theirs] = await Promise.all(
    [out, model('plain')].map((folder) => readDump(join(folder, 'model.safetensors'))),
  );
  expect(ours!.taps).toEqual(theirs!.taps);
  expect(readdirSync(out).sort()).toEqual([
    ...['config.json', 'model.safetensors', 'preprocessor_config.json'],
    ...['special_tokens_map.json', 'spiece.model', 'tokenizer_config.json'],
  ]);
  const read = (folder: string) =>
    JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, object>;
  const { text_config, vision_config } = read(model('plain'));
  expect(read(out)).toMatchObject({ text_config, vision_config, architectures: ['SiglipModel'] });
  expect(await json(['inspect', out])).toMatchObject({ missing: [], mismatched: [], unexpected: [] }); // prettier-ignore
});

test('a tokenizer of SigLIP 2 is copied, and a folder that has none is refused before the work', async () => {
  const tokenizer = path('gemma');
  mkdirSync(tokenizer);
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'README.md'])
    writeFileSync(join(tokenizer, name), '{}');
  const out = path('with-gemma');
  expect((await siglip(['convert', npz, out, '--tokenizer', tokenizer])).code).toBe(0);
  expect(readdirSync(out).sort()).toEqual([
    ...['config.json', 'model.safetensors', 'preprocessor_config.json'],
    ...['tokenizer.json', 'tokenizer_config.json'],
  ]);
  rmSync(join(tokenizer, 'tokenizer.json'));
  expect(await siglip(['convert', npz, path('never'), '--tokenizer', tokenizer])).toMatchObject({
    code: 2,
    stderr: `siglip: --tokenizer: ${tokenizer} has neither spiece.model nor tokenizer.json\n`,
  });
});

test('the folder computes what flax computed with the checkpoint', async () => {
  const out = path('computes');
  expect(await siglip(['convert', npz, out])).toMatchObject({
    code: 0,
    stderr:
      'siglip: note: no tokenizer: a model for texts needs spiece.model or tokenizer.json, see --tokenizer\n',
  });
  const argv = ['parity', 'diff', fixture('big_vision_dump.npz'), '--map', 'big_vision'];
  expect((await siglip([...argv, '--model', out, '--dtype', 'float64'])).code).toBe(0);
});

/** Some arrays exchanged for others; undefined takes one away. */
const changed = (changes: Record<string, DumpTensor | undefined>): Map<string, DumpTensor> => {
  const all = new Map(arrays);
  for (const [name, x] of Object.entries(changes)) {
    all.delete(name);
    if (x) all.set(name, x);
  }
  return all;
};
const wide = (shape: number[]): DumpTensor => ({
  shape,
  dtype: 'float32',
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

test('layers that are stacked in one array', async () => {
  const all = new Map<string, DumpTensor>();
  for (const [name, x] of arrays) {
    const [, before, layer, after] = /^(.*\/encoderblock)_(\d)(\/.*)$/.exec(name) ?? [];
    if (layer === undefined) all.set(name, x);
    else if (layer === '0') {
      const second = arrays.get(`${before}_1${after}`)!;
      const data = Float32Array.of(...x.data, ...second.data);
      all.set(`${before}${after}`, { ...x, shape: [2, ...x.shape], data });
    }
  }
  expect(all.size).toBeLessThan(arrays.size);
  expect(await fromBigVision(all)).toEqual(await fromBigVision(arrays));
});

test('positions that were added twice, and a model without a bias', async () => {
  const twice = { ...wide([1, 10, 24]), data: new Float32Array(240).fill(0.5) };
  const all = changed({ 'params/txt/Encoder_0/pos_embedding': twice, 'params/b': undefined });
  const { tensors } = await fromBigVision(all);
  const before = arrays.get('params/txt/pos_embedding')!.data;
  expect(tensors.get('text_model.embeddings.position_embedding.weight')!.data).toEqual(
    Float32Array.from(before, (x) => x + 0.5),
  );
  expect(tensors.get('logit_bias')).toEqual(wide([1]));
});

describe('sizes', () => {
  const stem = { 'params/img/embedding/kernel': wide([7, 7, 3, 24]) };
  test('from the shapes, or from --image-size where the patches do not fill the picture', async () => {
    expect((await fromBigVision(changed(stem))).config.vision_config.image_size).toBe(28);
    const { config } = await fromBigVision(changed(stem), { image_size: 30 });
    expect(config.vision_config).toMatchObject({ image_size: 30, patch_size: 7 });
  });
  test('that do not fit are refused', async () => {
    await expect(fromBigVision(changed(stem), { image_size: 35 })).rejects.toThrow(
      'big_vision: 16 patches of 7 x 7 for pictures of 35 x 35, expected as many as fit; give the image size',
    );
    const head = { 'params/txt/head/kernel': wide([24, 30]), 'params/txt/head/bias': wide([30]) };
    await expect(fromBigVision(changed(head))).rejects.toThrow(
      'big_vision: vectors of 30 for texts and 24 for pictures, expected one size',
    );
  });
  test('a text tower of another width, projected to the width of pictures', async () => {
    const half = [...arrays]
      .filter(([name]) => name.startsWith('params/txt/') && !name.includes('/head/'))
      .map(([name, { shape }]) => [
        name,
        wide(shape.map((n) => (n === 24 ? 12 : n === 12 ? 6 : n))),
      ]);
    const head = { 'params/txt/head/kernel': wide([12, 24]) };
    const { config, tensors } = await fromBigVision(changed({ ...Object.fromEntries(half), ...head })); // prettier-ignore
    expect(config.text_config).toMatchObject({ hidden_size: 12, projection_size: 24 });
    expect(tensors.get('text_model.head.weight')!.shape).toEqual([24, 12]);
  });
});

test.each([
  [
    { 'params/img/MAPHead_0/probe': undefined },
    'big_vision: no array "params/img/MAPHead_0/probe"',
  ],
  [{ 'params/img/cls': wide([1, 1, 24]) }, 'big_vision: "params/img/cls", expected no more arrays'],
  [
    { 'params/img/pos_embedding': undefined },
    'no array "params/img/pos_embedding", expected a SigLIP model',
  ],
  [
    { 'params/img/embedding/kernel': wide([8, 24]) },
    'big_vision: "params/img/embedding/kernel" has 2 axes, expected 4',
  ],
  [
    { 'params/img/MAPHead_0/MlpBlock_0/Dense_0/kernel': wide([24, 41]) },
    'big_vision: vision_model.head.mlp.fc1.weight has shape [41, 24], expected [40, 24]',
  ],
])(
  'arrays that are no SigLIP: %#',
  async (changes: Record<string, DumpTensor | undefined>, message) => {
    await expect(fromBigVision(changed(changes))).rejects.toThrow(message);
  },
);

test('exit 2 and one line, and nothing is written', async () => {
  await writeDump(path('broken.npz'), { ...about, taps: changed({ 'params/t': undefined }) });
  const cases = [
    [path('broken.npz')],
    [fixture('formats.npz')],
    [path('gone.npz')],
    [npz, '--tokenizer', path('gone')],
    [npz, '--image-size', '0'],
  ];
  for (const [file, ...more] of cases) {
    const { code, stdout, stderr } = await siglip(['convert', file!, path('never'), ...more]);
    expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
  }
  expect(() => readdirSync(path('never'))).toThrow('ENOENT');
});
