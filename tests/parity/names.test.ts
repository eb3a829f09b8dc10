// --map: dumps under big_vision's, timm's, open_clip's and transformers 5's names are compared with ours. Their numbers come
// from their own layers (fixtures/make/big_vision.py, timm_dump.py, open_clip_dump.py, transformers5_dump.py).
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Comparison,
  type Dump,
  parseNames,
  readDump,
  renamed,
  writeDump,
} from '@siglip-ts/parity';
import { model, scratch, siglip } from '../cli/harness.ts';

const { path, write } = scratch();
const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/parity', name);

async function diff(name: string, ...more: string[]) {
  const argv = ['parity', 'diff', fixture(name), '--model', model('plain'), '--format', 'json'];
  const { code, stdout, stderr } = await siglip([...argv, ...more]);
  expect(stderr).toBe('');
  return { code, found: JSON.parse(stdout) as Comparison };
}

test('big_vision: all of it within 1e-12 in float64, but for the 1e-8 in its norm', async () => {
  const { code, found } = await diff('big_vision_dump.npz', '--map', 'big_vision', '--dtype', 'float64'); // prettier-ignore
  expect([code, found.first]).toEqual([0, null]);
  expect(found.rows.map((row) => row.path).filter((name) => !name.includes('layers'))).toEqual([
    'vision_model.embeddings.patch_embedding',
    'vision_model.embeddings',
    'vision_model.post_layernorm',
    'vision_model.head',
    'text_model.embeddings.token_embedding',
    'text_model.final_layer_norm',
    'text_model.head',
    'logits_per_image',
    'text_embeds',
    'image_embeds',
  ]);
  expect(found.rows.filter((row) => row.path.includes('layers')).length).toBe(2 * 2 * 3);
  for (const { path, total } of found.rows)
    expect(total!.max_abs).toBeLessThan(/^(logits|text_embeds|image_embeds)/.test(path) ? 1e-7 : 1e-12); // prettier-ignore
  expect(found.unknown).toContain('img/encoder/block00/+sa');
  expect(found.unknown).not.toContain('img/stem');
});

const timm = ['--map', 'timm', '--class', 'SiglipVisionModel'];
test("timm with SigLIP's GELU: nothing is wrong, and its fused matrices are not compared", async () => {
  const { code, found } = await diff('timm.npz', ...timm);
  expect([code, found.first]).toEqual([0, null]);
  expect(found.rows.length).toBe(3 + 2 * 9 + 7);
  expect(found.unknown).toContain('blocks.0.attn.qkv');
  expect(found.unknown).toContain('attn_pool.kv');
});
test('timm as its B/16 is: the GELU is wrong, and only the GELU', async () => {
  const { code, found } = await diff('timm_gelu.npz', ...timm);
  expect([code, found.first]).toEqual([1, 'vision_model.encoder.layers.0.mlp.activation_fn']);
  const wrong = found.rows.filter(({ pass, added }) => !pass && added).map((row) => row.path);
  expect(wrong.every((name) => name.endsWith('activation_fn'))).toBe(true);
  expect(wrong.length).toBe(3);
});

test('open_clip: both towers and the scores', async () => {
  const { code, found } = await diff('open_clip.npz', '--map', 'open_clip');
  expect([code, found.first, found.share]).toEqual([0, null, { compared: 62, modules: 68, pass: true }]); // prettier-ignore
  expect(found.rows.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['text_model.head', 'image_embeds', 'text_embeds', 'logits_per_image']),
  );
});

test.each([
  ['vision', 'SiglipVisionModel', { compared: 35, modules: 37, pass: true }],
  ['text', 'SiglipTextModel', { compared: 29, modules: 31, pass: true }],
])("transformers 5's %s tower, whose names have no tower", async (tower, kind, share) => {
  const { code, found } = await diff(`transformers5_${tower}.npz`, '--class', kind);
  expect([code, found.first, found.share]).toEqual([0, null, share]);
});

describe('of which little was compared', () => {
  /** The two embeddings of open_clip's dump and its inputs: all of it is right. */
  const few = async () => {
    const dump = await readDump(fixture('open_clip.npz'));
    const kept = ['pixel_values', 'input_ids', 'image_features', 'text_features', 'text.ln_final'];
    const taps = new Map([...dump.taps].filter(([key]) => kept.includes(key)));
    await writeDump(path('few.npz'), { ...dump, taps });
    return ['parity', 'diff', path('few.npz'), '--map', 'open_clip', '--model', model('plain')];
  };
  const said = '1 of 68 modules compared: TOO FEW to say that the model is right';
  test('is not right', async () => {
    const { code, stdout } = await siglip(await few());
    expect(code).toBe(1);
    expect(stdout).toContain(said);
    const junit = await siglip([...(await few()), '--format', 'junit']);
    expect(junit.stdout).toContain(`<testcase name="modules compared"><failure>${said}`);
    expect(junit.stdout).toContain('tests="4" failures="1"');
  });
  test('is right where so little was asked for', async () => {
    expect((await siglip([...(await few()), '--min-share', '0.01'])).code).toBe(0);
    expect((await siglip([...(await few()), '--fail-on', 'never'])).code).toBe(0);
    const { code, stderr } = await siglip([...(await few()), '--min-share', '50']);
    expect([code, stderr.includes('expected a number from 0 to 1')]).toEqual([2, true]);
  });
});

test('what is not compared is said', async () => {
  const argv = ['parity', 'diff', fixture('timm.npz'), '--model', model('plain'), ...timm];
  const { stdout } = await siglip(argv);
  expect(stdout).toMatch(/^not compared, no tensor of the model: .*blocks\.0\.attn\.qkv, /m);
});

test('a map of one’s own', async () => {
  const file = write(
    'names.json',
    JSON.stringify({
      'layer-{i}': 'vision_model.encoder.layers.{i}.mlp',
      image: { to: 'pixel_values', axes: [0, 3, 1, 2] },
    }),
  );
  const tensor = (shape: number[]) => ({
    shape,
    dtype: 'float32',
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  });
  const dump: Dump = {
    schema: 1,
    producer: 'x',
    dtype: 'float32',
    taps: new Map([
      ['layer-07', tensor([2])],
      ['image', tensor([1, 1, 2, 3])],
      ['other', tensor([1])],
    ]),
  };
  const names = parseNames(
    '{"layer-{i}": "a.{i}", "image": {"to": "b", "axes": [0, 3, 1, 2]}}',
    '',
  );
  const { taps } = renamed(dump, names);
  expect([...taps.keys()]).toEqual(['a.7', 'b', 'other']);
  expect(taps.get('b')).toMatchObject({ shape: [1, 3, 1, 2] });
  expect([...taps.get('b')!.data]).toEqual([0, 3, 1, 4, 2, 5]);
  expect(() => renamed(dump, { 'layer-{i}': 'b', image: 'b' })).toThrow(
    'names: "layer-07" and "image" both are b, expected one',
  );
  expect(() => renamed(dump, { other: { to: 'b', axes: [1, 0] } })).toThrow(
    'names: "other" has 1 axes, expected 2',
  );
  const { code } = await siglip([
    ...['parity', 'diff', fixture('timm.npz'), '--model', model('plain'), '--map', file],
    ...['--class', 'SiglipVisionModel'],
  ]);
  expect(code).toBe(2); // none of timm's names is in it
});

describe('a bad map', () => {
  test.each([
    ['{', 'names.json: '],
    ['[]', "names.json: expected an object, their names to HF's"],
    [
      '{"a": 1}',
      'names.json: "a", expected at most one {i}, and a name or {"to": name, "axes": [...]}',
    ],
    ['{"a{i}{i}": "b"}', '"a{i}{i}", expected at most one {i}'],
    ['{"a": {"to": "b", "axes": [0, 0]}}', '"a", expected at most one {i}'],
  ])('%s', async (text, message) => {
    const argv = ['parity', 'diff', fixture('timm.npz'), '--map', write('names.json', text)];
    const { code, stderr } = await siglip(argv);
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toContain(message);
  });
  test('of another name', async () => {
    const argv = ['parity', 'diff', path('x'), '--map', '__proto__'];
    expect((await siglip(argv)).stderr).toBe(
      'siglip: --map: "__proto__", expected hf, big_vision, timm, open_clip or a name in .json\n',
    );
  });
});

test('diagnose takes one too', async () => {
  const argv = ['parity', 'diagnose', '--dump', fixture('timm_gelu.npz'), '--map', 'timm'];
  const { taps, ...about } = await readDump(fixture('timm_gelu.npz'));
  const inputs = { ...about, taps: new Map([['pixel_values', taps.get('pixel_values')!]]) };
  await writeDump(path('pixels'), inputs);
  const { code, stdout } = await siglip([
    ...[...argv, '--model', model('plain'), '--inputs', path('pixels'), '--json'],
  ]);
  const { ranking } = JSON.parse(stdout) as { ranking: { mistake: string }[] };
  expect([code, ranking[0]!.mistake]).toEqual([1, 'gelu-erf']);
});
