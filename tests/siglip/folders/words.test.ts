// What is said when something else was given than is expected, and once when texts are shorter than the model's.
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  AutoModel,
  AutoTokenizer,
  defaultModel,
  loadImage,
  pipeline,
  SiglipModel,
} from 'siglip-ts';
import { scratch, siglip } from '../../cli/harness.ts';
import { variant } from './variant.ts';

const ROCKET = 'fixtures/images/twemoji-rocket.png';

describe('the zero-shot pipeline', async () => {
  const pipe = await pipeline('zero-shot-image-classification');
  test.each([
    [new Set(['rocket']), 'candidate_labels: a Set, expected a list of strings'],
    ['rocket, pizza', 'candidate_labels: "rocket, pizza", expected a list of strings'],
    [[1, null], 'candidate_labels: [1,null], expected a list of strings'],
    [{ candidate_labels: new Set(['rocket']) }, 'candidate_labels: a Set'],
  ])('labels: %j', async (labels, message) => {
    await expect(pipe(ROCKET, labels as never)).rejects.toThrow(new RegExp(`^${message.replace('[', '\\[')}`)); // prettier-ignore
    await expect(pipe(ROCKET, labels as never)).rejects.toBeInstanceOf(TypeError);
  });

  test.each(['a photo of', 'This is a photo of {label}.', '{{}}'])(
    'template: %s',
    async (hypothesis_template) => {
      await expect(pipe(ROCKET, ['rocket'], { hypothesis_template })).rejects.toThrow(
        `hypothesis_template: "${hypothesis_template}" has no {} where a label could go`,
      );
    },
  );
});

test.each([
  [null, 'model: null, expected a folder, a hub id, an address or files by name'],
  [7, 'model: 7, expected a folder'],
  [['a'], 'model: a list, expected a folder'],
  [
    defaultModel(),
    'model: a promise, expected a folder, a hub id, an address or files by name: await it',
  ],
  [function load() {}, 'model: the function load, expected a folder'],
])('model: %s', async (model, message) => {
  await expect(AutoModel.from_pretrained(model as never)).rejects.toThrow(message);
  await expect(AutoModel.from_pretrained(model as never)).rejects.toBeInstanceOf(TypeError);
});

test('a File that is no picture is named', async () => {
  await expect(loadImage(new File(['hello'], 'notes.txt'))).rejects.toThrow(
    /^notes\.txt: cannot identify image file: neither PNG nor JPEG/,
  );
});

test('texts shorter than the model knows: one warning, none with a mask', async () => {
  const warnings: string[] = [];
  const files = await defaultModel();
  const warn = (message: string): void => void warnings.push(message);
  await using model = await SiglipModel.from_pretrained(files, { warn });
  const tokenizer = await AutoTokenizer.from_pretrained(files);
  const full = tokenizer('a rocket', { padding: 'max_length', return_tensors: true });
  await model.get_text_features(full);
  const short = tokenizer('a rocket', { return_tensors: true });
  const attention_mask = { data: new Int32Array(3).fill(1), shape: [1, 3] };
  await model.get_text_features({ ...short, attention_mask });
  expect(warnings).toEqual([]);
  await model.get_text_features(short);
  await model.get_text_features(short);
  expect(warnings.length).toBe(1);
  expect(warnings[0]).toMatch(/^get_text_features: texts of fewer than 16 tokens/);
});

test('classify says on a terminal that its model is for demonstrations, and nothing elsewhere', async () => {
  const argv = ['classify', ROCKET, '--labels', 'rocket'];
  const { stderr } = await siglip(argv, { tty: true });
  expect(stderr).toContain('the small demonstration model');
  expect(stderr).toContain('--model google/siglip-base-patch16-224');
  expect((await siglip(argv)).stderr).toBe('');
  const named = await siglip([...argv, '--model', 'packages/tiny-model/model'], { tty: true });
  expect(named.stderr).toBe('');
});

const files = scratch();

test('siglip classify says of NaFlex what it is', async () => {
  const folder = files.path('naflex');
  mkdirSync(folder);
  const changes = { config: (c: object) => ({ ...c, model_type: 'siglip2' }) };
  for (const [name, bytes] of await variant(changes)) writeFileSync(`${folder}/${name}`, bytes);
  const { code, stderr } = await siglip(['classify', ROCKET, '--labels', 'a', '--model', folder]);
  expect(code).toBe(2);
  expect(stderr).toContain(`siglip: ${folder}: NaFlex (model type`);
});
