// Folders that transformers 5.24 saved: which class reads them, whose ids, pixels and scores they get
// (fixtures/make/transformers5.py). What the classes do is in tests/tokenizer.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { readModel } from '@siglip-ts/tokenizer';
import { contrastive } from '@siglip-ts/trainer';
import {
  AutoConfig,
  AutoImageProcessor,
  AutoModel,
  AutoProcessor,
  AutoTokenizer,
  defaultModel,
  loadImage,
  mapFiles,
  pipeline,
  type Reference,
  type SiglipConfig,
  SiglipImageProcessor,
  SiglipImageProcessorFast,
  SiglipModel,
  SiglipTextModel,
  SiglipTokenizer,
  type SiglipVisionModel,
  TokenizersBackend,
} from 'siglip-ts';
import { json as run, siglip } from '../../cli/harness.ts';
import { json as bytesOf, type Tensors, variant } from './variant.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures');
const golden = <T>(name: string): T =>
  JSON.parse(readFileSync(join(fixtures, 'transformers5', name), 'utf8')) as T;
const ROCKET = join(fixtures, 'images/twemoji-rocket.png');
type Dict = Record<string, unknown>;

describe('AutoTokenizer', () => {
  type Answer = { class: string; ids: number } | { error: string };
  interface Answers {
    answers: [saved: string, named: string | null, model_type: string | null, Answer][];
    lists: unknown[];
  }
  const of5 = golden<Answers & { saved: Record<string, Record<string, Dict>>; texts: string[] }>('gemma.json'); // prettier-ignore
  const vocabulary = JSON.parse(readFileSync(join(fixtures, 'tokenizer/gemma/tokenizer.json'), 'utf8')) as { model: Dict }; // prettier-ignore
  const folder = (saved: string, named: string | null, model_type: string | null) => {
    const { 'tokenizer.json': file, 'tokenizer_config.json': config } = of5.saved[saved]!;
    const { vocab, merges } = vocabulary.model;
    const { tokenizer_class: own, ...rest } = config!;
    const tokenizer_class = named === 'as saved' ? own : named;
    const files: [string, unknown][] = [
      ['tokenizer.json', { ...file, model: { ...(file!.model as Dict), vocab, merges } }],
      ['tokenizer_config.json', { ...rest, ...(tokenizer_class !== null && { tokenizer_class }) }],
    ];
    if (model_type) files.push(['config.json', { model_type }]);
    return new Map(files.map(([name, content]) => [name, bytesOf(content)]));
  };
  const check = async (
    { lists }: Answers,
    [saved, named, model_type, answer]: Answers['answers'][number],
    reference: Reference,
  ) => {
    const tokenizer = await AutoTokenizer.from_pretrained(folder(saved, named, model_type), { reference, tokenizer: { warn() {} } }); // prettier-ignore
    if ('error' in answer) throw new Error(answer.error);
    expect(of5.texts.map((text) => tokenizer.encode(text))).toEqual(lists[answer.ids]);
    return tokenizer;
  };
  const readable = ({ answers }: Answers) => answers.filter(([, , , answer]) => 'class' in answer);

  test.each(readable(of5))('5.24: %s, class %s, model type %s', async (...row) => {
    const tokenizer = (await check(of5, row, '5')) as TokenizersBackend;
    expect(tokenizer.kind).toBe((row[3] as { class: string }).class);
    expect(tokenizer).toBeInstanceOf(TokenizersBackend);
  });
  const old = golden<Answers>('old.json');
  test.each(readable(old))('4.49: %s, class %s, model type %s', async (...row) => {
    await check(old, row, '4.49');
  });

  test('goes by who wrote the folder', async () => {
    const reference = async (files: Map<string, Uint8Array>) => (await AutoTokenizer.from_pretrained(files)).reference; // prettier-ignore
    expect(await reference(folder('GemmaTokenizer', 'GemmaTokenizer', 'siglip'))).toBe('5');
    expect(await reference(folder('transformers 4.49', 'as saved', 'siglip'))).toBe('4.49');
    expect(await reference(await variant({}))).toBe('4.49');
    const version = (transformers_version: string) => variant({ config: (c) => ({ ...c, transformers_version }) }); // prettier-ignore
    expect(await reference(await version('5.0.0.dev0'))).toBe('5');
    expect(await reference(await version('4.57.1'))).toBe('4.49');
    const processor = {
      'processor_config.json': bytesOf({ image_processor: { do_resize: true } }),
    };
    expect(await reference(await variant({ files: processor }))).toBe('4.49');
    const config = ({ transformers_version: _, ...rest }: Dict): Dict => rest;
    expect(await reference(await variant({ files: processor, config }))).toBe('5');
    expect(await reference(await variant({ config }))).toBe('4.49');
    const options = { reference: '6' } as unknown as { reference: Reference };
    await expect(AutoTokenizer.from_pretrained(await variant({}), options)).rejects.toThrow(
      'reference: "6", expected "4.49" or "5"',
    );
  });
});

test('a tokenizer.json of SigLIP 2 alone goes by its post_processor', async () => {
  const files = new Map([['tokenizer.json', readFileSync(join(fixtures, 'tokenizer/gemma/tokenizer.json'))]]); // prettier-ignore
  for (const reference of ['4.49', '5'] as const) {
    const tokenizer = await AutoTokenizer.from_pretrained(files, { reference });
    const padded = tokenizer('a photo of 2 cats', { padding: 'max_length' }).input_ids;
    expect(padded.slice(0, 8)).toEqual([385, 548, 305, 1220, 1253, 551, 1224, 1]);
    expect([padded.length, padded[63]]).toEqual([64, 0]);
  }
});

test('a length in tokenizer.json is that of a processor of 5', async () => {
  const base = JSON.parse(readFileSync(join(fixtures, 'tokenizer/gemma/tokenizer.json'), 'utf8')) as Dict; // prettier-ignore
  const config = readFileSync(join(fixtures, 'tokenizer/gemma/tokenizer_config.json'));
  const truncation = { direction: 'Right', max_length: 8, strategy: 'LongestFirst', stride: 0 };
  const files = { 'tokenizer.json': bytesOf({ ...base, truncation }), 'tokenizer_config.json': config }; // prettier-ignore
  const lengths = async (reference: Reference, options: object) => {
    const processor = await AutoProcessor.from_pretrained(await variant({ files }), { reference });
    const { input_ids } = processor({ text: ['a photo of two cats on a sofa', 'x'], return_tensors: false, ...options }); // prettier-ignore
    return input_ids.map((row) => row.length);
  };
  const both = { padding: 'max_length', truncation: true };
  expect(await lengths('5', both)).toEqual([8, 8]);
  expect(await lengths('5', {})).toEqual([8, 2]);
  expect(await lengths('5', { ...both, max_length: 12 })).toEqual([12, 12]);
  expect(await lengths('4.49', both)).toEqual([10, 2]);
});

describe('a tokenizer.json of SigLIP’s own, without spiece.model', () => {
  const { files } = golden<{ files: [string, string, Dict & { model: Dict }][] }>('unigram.json');
  const [, , skeleton] = files.find(([name]) => name === 'transformers.js')!;
  const alone = async (more: Record<string, Uint8Array | null> = {}) => {
    const { pieces, normalizer_spec } = readModel((await defaultModel()).get('spiece.model')!);
    const vocab = pieces.map(({ piece, score }) => [piece, score]);
    const unk_id = pieces.findIndex(({ type }) => type === 2);
    const file = JSON.stringify({ ...skeleton, model: { ...skeleton.model, vocab, unk_id } });
    const charsmap = Buffer.from(normalizer_spec.precompiled_charsmap).toString('base64');
    const eos = pieces.findIndex(({ piece }) => piece === '</s>');
    const content = file
      .replace('"CHARSMAP"', `"${charsmap}"`)
      .replace('"ids":[2]', `"ids":[${eos}]`);
    return variant({
      files: { 'spiece.model': null, 'tokenizer.json': Buffer.from(content), ...more },
    });
  };
  const config = { 'tokenizer_config.json': null, 'special_tokens_map.json': null };

  test.each([{}, config])('gives the ids of spiece.model (%#)', async (more) => {
    const tokenizer = await AutoTokenizer.from_pretrained(await alone(more));
    expect(tokenizer).toBeInstanceOf(TokenizersBackend);
    expect(tokenizer.model_max_length).toBe(16); // from the model where the tokenizer's file is not there
    expect([tokenizer.pad_token_id, tokenizer.eos_token_id]).toEqual([1, 1]);
    const own = await SiglipTokenizer.from_pretrained(await defaultModel());
    const options = { padding: 'max_length', truncation: true } as const;
    for (const text of ['a rocket', 'A Photo of two cats!', "It's   late, isn't it?"])
      expect(tokenizer(text, options)).toEqual(own(text, options));
  });

  test('and the scores', async () => {
    const scores = async (model: Map<string, Uint8Array>) => {
      await using classify = await pipeline('zero-shot-image-classification', model);
      return await classify(ROCKET, ['a rocket', 'pizza']);
    };
    expect(await scores(await alone(config))).toEqual(await scores(await defaultModel()));
  });
});

describe('pictures', () => {
  const { answers, saved } = golden<{
    answers: [named: string | null, place: string, { class: string; pixels: string[] }][];
    saved: Record<string, Dict>;
  }>('pictures.json');
  const folder = async (named: string | null, place: string) => {
    const { image_processor_type: _, ...rest } = JSON.parse(Buffer.from((await defaultModel()).get('preprocessor_config.json')!).toString()) as Dict; // prettier-ignore
    const own = { ...rest, ...(named && { image_processor_type: named }) };
    const nested = { image_processor: place === 'both' ? { ...own, resample: 2 } : own };
    const file = (name: string, content: object) => place === name || place === 'both' ? bytesOf(content) : null; // prettier-ignore
    return variant({
      files: {
        'preprocessor_config.json': file('preprocessor_config.json', own),
        'processor_config.json': file('processor_config.json', nested),
        'config.json': bytesOf(saved['config.json']),
      },
    });
  };
  const hashed = (x: Float32Array) =>
    createHash('sha256')
      .update(new Uint8Array(x.buffer, x.byteOffset, x.byteLength))
      .digest('hex');

  test.each(answers)('5.24: %s in %s', async (named, place, { pixels }) => {
    const image = await loadImage(ROCKET);
    for (const kind of [AutoImageProcessor, AutoProcessor]) {
      const found = await kind.from_pretrained(await folder(named, place));
      const processor = 'image_processor' in found ? found.image_processor : found;
      const { pixel_values } = processor(image, { return_tensors: true });
      expect([hashed(pixel_values.data)]).toEqual(pixels);
    }
  });

  test('4.49 takes the processor that the file names, and the file of its own first', async () => {
    const load = async (named: string, place: string) =>
      AutoImageProcessor.from_pretrained(await folder(named, place), { reference: '4.49' });
    expect(await load('SiglipImageProcessor', 'processor_config.json')).toBeInstanceOf(SiglipImageProcessor); // prettier-ignore
    expect(await load('SiglipImageProcessorFast', 'processor_config.json')).toBeInstanceOf(SiglipImageProcessorFast); // prettier-ignore
    expect((await load('SiglipImageProcessor', 'both')).resample).toBe(3);
  });

  test('5 converts to RGB unless the file says no, and use_fast: false is Pillow', async () => {
    const convert = async (own: object) => {
      const files = { 'preprocessor_config.json': bytesOf(own) };
      return (await AutoImageProcessor.from_pretrained(await variant({ files }), { reference: '5' })).do_convert_rgb; // prettier-ignore
    };
    expect([await convert({}), await convert({ do_convert_rgb: null })]).toEqual([true, null]);
    const slow = await AutoImageProcessor.from_pretrained(await folder('SiglipImageProcessor', 'both'), { use_fast: false }); // prettier-ignore
    expect(slow).toBeInstanceOf(SiglipImageProcessor);
  });
});

test('--reference in the commands', async () => {
  const hash = async (...argv: string[]) => (await run<{ sha256: string }>(['preprocess', ROCKET, ...argv])).sha256; // prettier-ignore
  expect(await hash('--reference', '5')).toBe(await hash('--fast'));
  expect(await hash('--reference', '4.49')).toBe(await hash());
  const ids = async (...argv: string[]) => (await run<{ input_ids: number[][] }>(['tokenize', 'ΟΔΟΣ </S>', ...argv])).input_ids; // prettier-ignore
  const of5 = await AutoTokenizer.from_pretrained(await defaultModel(), { reference: '5' });
  const options = { padding: 'max_length', truncation: true } as const;
  expect(await ids('--reference', '5')).toEqual([of5('ΟΔΟΣ </S>', options).input_ids]);
  expect(await ids('--reference', '5')).not.toEqual(await ids());
  expect(await siglip(['tokenize', 'a', '--reference', '6'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Allowed choices are 4.49, 5') }); // prettier-ignore
});

describe('scores', () => {
  const { answers } = golden<{
    answers: [labels: string[], options: Dict, { score: number; label: string }[]][];
  }>('scores.json');
  const { saved } = golden<{ saved: Record<string, Dict> }>('pictures.json');
  const KEY = 'text_model.embeddings.position_embedding.weight';
  /** What AutoProcessor and AutoModel saved, with the embedded model's 16 positions `times` over. */
  const folder = (times: number) => {
    const config = structuredClone(saved['config.json']!);
    (config.text_config as Dict).max_position_embeddings = 16 * times;
    const written = Object.entries({ ...saved, 'config.json': config });
    return variant({
      files: { 'preprocessor_config.json': null, 'special_tokens_map.json': null, ...Object.fromEntries(written.map(([name, content]) => [name, bytesOf(content)])) }, // prettier-ignore
      tensors: (all: Tensors) => {
        const { dtype, data, shape } = all.get(KEY)!;
        const rows = data as Uint16Array;
        const tiled = new Uint16Array(rows.length * times);
        for (let i = 0; i < times; i++) tiled.set(rows, i * rows.length);
        return new Map(all).set(KEY, { dtype, shape: [shape[0]! * times, shape[1]!], data: tiled });
      },
    });
  };

  test.each(answers)('5.24: %j %j', async (labels, options, expected) => {
    await using classify = await pipeline('zero-shot-image-classification', await folder(4));
    const found = await classify(ROCKET, labels, options);
    expect(found.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
    found.forEach(({ score }, i) => expect(Math.abs(score - expected[i]!.score)).toBeLessThan(2e-6)); // prettier-ignore
  });

  test('a model of 16 positions, which 5 cannot run, gets 16; 4.49 refuses too long a label', async () => {
    const long = 'a rocket '.repeat(40);
    await using five = await pipeline('zero-shot-image-classification', await folder(1));
    expect((await five(ROCKET, ['rocket', long])).length).toBe(2);
    await using old = await pipeline('zero-shot-image-classification', await folder(1), { reference: '4.49' }); // prettier-ignore
    await expect(old(ROCKET, ['rocket', long])).rejects.toThrow('Unable to create tensor');
  });
});

test('what was trained with 5’s ids and pixels is used with them', async () => {
  const processor = { 'processor_config.json': bytesOf({ image_processor: { size: { height: 64, width: 64 } } }) }; // prettier-ignore
  const config = (dict: Dict) => ({ ...dict, transformers_version: '5.24.0' });
  const files = await variant({
    config,
    files: { ...processor, 'preprocessor_config.json': null },
  });
  const trainee = await contrastive()(mapFiles(files), cpu());
  const trained = await trainee.files();
  expect(trained.get('processor_config.json')).toEqual(files.get('processor_config.json'));
  expect((await AutoTokenizer.from_pretrained(trained)).reference).toBe('5');
  expect(await AutoImageProcessor.from_pretrained(trained)).toBeInstanceOf(
    SiglipImageProcessorFast,
  );
});

test('config.json as 5 writes it: dtype is torch_dtype, every field is there', async () => {
  const { saved } = golden<{ saved: Record<string, Dict> }>('pictures.json');
  const files = await variant({ files: { 'config.json': bytesOf(saved['config.json']) } });
  const config = (await AutoConfig.from_pretrained(files)) as SiglipConfig;
  const own = (await AutoConfig.from_pretrained(await defaultModel())) as SiglipConfig;
  expect(config.torch_dtype).toBe('float16');
  expect(config.to_json_string()).not.toContain('"dtype"');
  for (const [found, expected] of [
    [config.text_config, own.text_config],
    [config.vision_config, own.vision_config],
  ])
    // prettier-ignore
    for (const name of ['hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads', 'layer_norm_eps', 'hidden_act', 'attention_dropout', 'image_size', 'patch_size', 'vocab_size', 'max_position_embeddings']) // prettier-ignore
      expect([name, Reflect.get(found!, name)]).toEqual([name, Reflect.get(expected!, name)]);
  await using model = await AutoModel.from_pretrained(files, { dtype: 'auto' });
  expect(model).toBeInstanceOf(SiglipModel);
  expect(model.config.torch_dtype).toBe('float16');
});

test('a tower by 5’s own names, without vision_model. or text_model.', async () => {
  const { keys, saved } = golden<{ keys: Record<string, string[]>; saved: Record<string, Dict> }>('pictures.json'); // prettier-ignore
  const flat = (tower: 'vision' | 'text') =>
    variant({
      config: () => saved['config.json']![`${tower}_config`] as Dict,
      tensors: (all) => {
        const own = [...all].filter(([key]) => key.startsWith(`${tower}_model.`));
        return new Map(own.map(([key, tensor]) => [key.slice(`${tower}_model.`.length), tensor]));
      },
    });
  const kinds = (names: Iterable<string>) => [...new Set([...names].map((key) => key.replace(/\d+/, 'n')))].sort(); // prettier-ignore
  const file = await openSafetensors(bytesSource((await flat('vision')).get('model.safetensors')!));
  expect(kinds(file.tensors.keys())).toEqual(kinds(keys['from a config']!));

  const pixels = await AutoImageProcessor.from_pretrained(await defaultModel());
  const { pixel_values } = pixels(await loadImage(ROCKET), { return_tensors: true });
  const input_ids = { data: Int32Array.of(4, 1329, 1, 1), shape: [1, 4] };
  const pooled = async (vision: Map<string, Uint8Array>, text: Map<string, Uint8Array>) => {
    await using see = await AutoModel.from_pretrained<SiglipVisionModel>(vision);
    await using read = await SiglipTextModel.from_pretrained(text);
    const rows = [await see({ pixel_values }), await read({ input_ids })];
    return await Promise.all(rows.map((y) => y.pooler_output!.toArray()));
  };
  const whole = await defaultModel();
  const vision = await variant({ config: () => saved['config.json']!.vision_config as Dict });
  expect(await pooled(await flat('vision'), await flat('text'))).toEqual(await pooled(vision, whole)); // prettier-ignore
});
