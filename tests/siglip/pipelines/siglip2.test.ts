// A model with SigLIP 2's tokenizer, everywhere one is loaded by its folder. Its ids are tests/tokenizer/gemma.test.ts's.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { contrastive } from '@siglip-ts/trainer';
import {
  AutoProcessor,
  AutoTokenizer,
  defaultModel,
  folderFiles,
  GemmaTokenizerFast,
  pipeline,
  SiglipConfig,
  SiglipModel,
  SiglipTokenizer,
} from 'siglip-ts';
import { json, siglip } from '../../cli/harness.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures');
const rocket = join(fixtures, 'images/twemoji-rocket.png');
const folder = mkdtempSync(join(tmpdir(), 'siglip2-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const embedded = await defaultModel();
  const dict = JSON.parse(Buffer.from(embedded.get('config.json')!).toString());
  Object.assign(dict.text_config, { vocab_size: 1400, max_position_embeddings: 12 });
  Object.assign(dict.text_config, { pad_token_id: 0, eos_token_id: 1, bos_token_id: 2 });
  const model = await SiglipModel.fromConfig(SiglipConfig.from_dict(dict), { seed: 1 });
  await model.save_pretrained(folder);
  await model.dispose();
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(join(fixtures, 'tokenizer/gemma', name), join(folder, name));
  const name = 'preprocessor_config.json';
  writeFileSync(join(folder, name), embedded.get(name)!);
});

const labels = ['rocket', 'a cat on a sofa'];
/** Padded with 0 to the model's 12 positions. */
const padded = async (texts: string[]) => {
  const tokenizer = await GemmaTokenizerFast.fromPretrained(folder);
  return tokenizer(texts, null, { padding: 'max_length', max_length: 12 }).input_ids;
};

test('AutoTokenizer goes by tokenizer_class', async () => {
  expect(await AutoTokenizer.fromPretrained(folder)).toBeInstanceOf(GemmaTokenizerFast);
  expect(await AutoTokenizer.fromPretrained(await defaultModel())).toBeInstanceOf(SiglipTokenizer);
  await expect(GemmaTokenizerFast.fromPretrained(await defaultModel())).rejects.toThrow(
    'does not appear to have a file named tokenizer.json',
  );
});

test('the processor pads to the length it is told, as in transformers', async () => {
  const processor = await AutoProcessor.fromPretrained(folder);
  const inputs = processor({ text: labels, padding: 'max_length', max_length: 12 });
  expect(inputs.input_ids!.shape).toEqual([2, 12]);
  expect([...inputs.input_ids!.data]).toEqual((await padded(labels)).flat());
  expect(processor.batch_decode([[...inputs.input_ids!.data.slice(12)]])[0]).toBe(
    'a cat on a sofa<eos>' + '<pad>'.repeat(12 - (await padded(labels))[1]!.filter(Boolean).length),
  );
});

test('pipeline, classify and embed pad to the model’s positions', async () => {
  const options = { hypothesis_template: '{}', candidate_labels: labels };
  await using model = await SiglipModel.fromPretrained(folder);
  const input_ids = { data: Int32Array.from((await padded(labels)).flat()), shape: [2, 12] };
  const features = await (await model.get_text_features({ input_ids })).toArray();
  const classify = await pipeline('zero-shot-image-classification', folder);
  const scores = await classify(rocket, options);

  type Classified = { scores: { label: string; score: number }[] };
  const argv = ['classify', rocket, '--labels', labels.join(','), '--template', '{}', '--model', folder]; // prettier-ignore
  const [found] = await json<Classified[]>(argv);
  expect(found!.scores).toEqual(scores.map(({ label, score }) => ({ label, score })));
  const { embeddings } = await json<{ embeddings: number[][] }>(['embed', '--text', labels[0]!, '--text', labels[1]!, '--model', folder]); // prettier-ignore
  expect(embeddings.map((row) => row.map(Math.fround))).toEqual(features);
});

test('tokenize', async () => {
  const found = await json<{ input_ids: number[][] }>(['tokenize', ...labels, '--model', folder]);
  expect(found.input_ids).toEqual(await padded(labels));
  const { stdout } = await siglip(['tokenize', 'rocket', '--model', folder]);
  expect(stdout).toMatch(/12 tokens, of which \d+ are padding/);
});

test('a run trains it, and keeps its tokenizer', async () => {
  const trainee = await contrastive()(folderFiles(folder), cpu());
  const files = new Map(await trainee.files());
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    expect(files.get(name)).toEqual(new Uint8Array(readFileSync(join(folder, name))));
});
