// What the JSON files of a model may hold: a value that would hang or compute something else is refused at load, with its
// file, its key and what is expected. All odd values of all keys are in odd-values.slow.ts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  AutoConfig,
  AutoImageProcessor,
  pipeline,
  SiglipConfig,
  SiglipForImageClassification,
  SiglipImageProcessor,
  SiglipModel,
  SiglipVisionModel,
} from 'siglip-ts';
import { scratch, siglip } from '../../cli/harness.ts';
import { type Changes, json, text, variant } from './variant.ts';

const files = scratch();
const load = async (changes: Changes) =>
  pipeline('zero-shot-image-classification', await variant(changes));
const tower = (name: string, change: object): Changes => ({
  config: (c) => ({ ...c, [name]: { ...(c[name] as object), ...change } }),
});
const processor = (change: object): Changes => ({ processor: (p) => ({ ...p, ...change }) });
const tokenizer = (change: object): Changes => ({
  files: { 'tokenizer_config.json': json({ tokenizer_class: 'SiglipTokenizer', ...change }) },
});
const TOKENIZER = 'tokenizer_config.json of the given files: ';
const CONFIG = 'config.json of the given files: ';
const PROCESSOR = 'preprocessor_config.json of the given files: ';

// prettier-ignore
test.each<[string, Changes]>([
  [`${CONFIG}text_config.hidden_act is "constructor", expected gelu`, tower('text_config', { hidden_act: 'constructor' })],
  [`${CONFIG}vision_config.layer_norm_eps is "x", expected a number from 0 to 1`, tower('vision_config', { layer_norm_eps: 'x' })],
  [`${CONFIG}vision_config.image_size is "64", expected a whole number from 1`, tower('vision_config', { image_size: '64' })],
  [`${CONFIG}vision_config is 3, expected an object`, { config: (c) => ({ ...c, vision_config: 3 }) }],
  [`${CONFIG}num_labels is 10000000, expected a whole number from 0 to 1000000`, { config: (c) => ({ ...c, num_labels: 1e7 }) }],
  [`${PROCESSOR}image_std is [0,0,0], expected a number that is not 0, or a list of them`, processor({ image_std: [0, 0, 0] })],
  [`${PROCESSOR}image_mean is "abc", expected a number, or a list of them`, processor({ image_mean: 'abc' })],
  [`${PROCESSOR}rescale_factor is "x", expected a number`, processor({ rescale_factor: 'x' })],
  [`${PROCESSOR}size is {"height":30000,"width":30000}, expected {"height", "width"} or {"shortest_edge"}, each from 1 to 4096`, processor({ size: { height: 30000, width: 30000 } })],
  [`${PROCESSOR}size is {"height":"64","width":"64"}, expected`, processor({ size: { height: '64', width: '64' } })],
  [`${PROCESSOR}resample is "length", expected a whole number from 0 to 5`, processor({ resample: 'length' })],
  [`${TOKENIZER}model_max_length is 10000000, expected a number from 1 to 1000000, or 1e30 for none`, tokenizer({ model_max_length: 1e7 })],
  [`${TOKENIZER}pad_token is {"a":1}, expected a string or {"content": a string}, or null`, tokenizer({ pad_token: { a: 1 } })],
  [`${TOKENIZER}model_input_names is {}, expected a list of strings, or null`, tokenizer({ model_input_names: {} })],
  ['processor_config.json of the given files: image_processor is 3, expected an object, or null', { files: { 'processor_config.json': json({ image_processor: 3 }) } }],
  ['the given files: "config.json" is nested deeper than 64 levels', { files: { 'config.json': text(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`) } }],
])('%s', async (message, changes) => {
  await expect(load(changes)).rejects.toThrow(message);
});

describe('changes at load and models made anew are held to the same', () => {
  const wrong = { vision_config: { hidden_act: '__proto__' } };
  const message = 'vision_config.hidden_act is "__proto__", expected gelu';
  test.each([
    async () => SiglipModel.from_pretrained(await variant({}), { config: wrong }),
    async () => AutoConfig.from_pretrained(await variant({}), { config: wrong }),
    async () => SiglipConfig.from_pretrained(await variant({}), { config: wrong }),
    async () => SiglipForImageClassification.fromConfig(new SiglipConfig(wrong)),
  ])('%#', async (made) => {
    await expect(made()).rejects.toThrow(message);
  });

  test('image processors', async () => {
    const files = await variant({});
    const image_processor = { image_std: 0 };
    for (const kind of [AutoImageProcessor, SiglipImageProcessor])
      await expect(kind.from_pretrained(files, { image_processor })).rejects.toThrow(
        'image_std is 0, expected a number that is not 0',
      );
  });
});

describe('sizes that come from the pictures', () => {
  test('a resize to 100 million pixels', async () => {
    const shortest = processor({
      image_processor_type: 'CLIPImageProcessor',
      size: { shortest_edge: 1000 },
    });
    const thin = { mode: 'RGB', width: 1, height: 100, data: new Uint8Array(300) } as const;
    await using pipe = await load(shortest);
    await expect(pipe(thin, ['rocket'])).rejects.toThrow(
      'size: 100000 x 1000 pixels after the resize, expected at most 33554432',
    );
  });

  test('512 x 512 patches', async () => {
    await using model = await SiglipVisionModel.from_pretrained(await variant({}));
    const side = 512 * model.config.patch_size;
    const pixel_values = {
      data: new Float32Array(3 * side ** 2),
      shape: [1, 3, side, side],
      dtype: 'float32' as const,
    };
    await expect(model({ pixel_values, interpolate_pos_encoding: true })).rejects.toThrow(
      `${side}x${side} pixels are 262144 patches of ${model.config.patch_size}, expected at most 16384`,
    );
  });
});

test('what HF reads otherwise is no error: null for a default, names that nobody knows', async () => {
  await using pipe = await load({
    config: (c) => ({ ...c, architectures: null, torch_dtype: null, something: { else: 1 } }),
    processor: (p) => ({ ...p, do_convert_rgb: null, crop_size: null, own: 'x' }),
    files: { 'added_tokens.json': json({}) },
  });
  const [{ score }] = await pipe('fixtures/images/twemoji-rocket.png', ['rocket']);
  expect(score).toBeCloseTo(0.38078, 4);
});

describe('a score that is not a number is an error', () => {
  const overflow = processor({ image_mean: 1e300 });
  const message = /^(images\[0\]: )?score 0 is NaN: the weights or the pixel_values hold numbers/;

  test('of the pipeline', async () => {
    await using pipe = await load(overflow);
    await expect(pipe('fixtures/images/twemoji-rocket.png', ['rocket'])).rejects.toThrow(message);
  });

  test('of the commands: no null with exit 0', async () => {
    const folder = files.path('nan');
    mkdirSync(folder);
    for (const [name, bytes] of await variant(overflow)) writeFileSync(`${folder}/${name}`, bytes);
    const model = ['fixtures/images/twemoji-rocket.png', '--model', folder, '--json'];
    for (const argv of [
      ['classify', ...model, '--labels', 'rocket'],
      ['embed', ...model],
    ]) {
      const { code, stdout, stderr } = await siglip(argv);
      expect([code, stdout.includes('null')]).toEqual([2, false]);
      expect(stderr).toContain('NaN');
    }
  });
});
