// Every key of every JSON file of the embedded model, and keys that others have, with values that no one means: the model
// loads and gives finite scores, or one Error in this project's or HF's words. No value takes seconds.
import { expect, test } from 'vitest';
import { pipeline } from 'siglip-ts';
import { ENGINE } from '../../fuzz/engine-words.ts';
import { json, variant } from './variant.ts';

type Json = Record<string, unknown>;

const ODD: readonly unknown[] = [
  ...[null, '', 'x', 'constructor', '__proto__', 'NaN', true],
  ...[-1, 0, 0.5, 70_000, 1e7, 1e300],
  ...[[], ['a'], [[1]], {}, { a: 1 }, { constructor: 1 }],
];

/** Keys beside those that the embedded model's files have. A dot leads into an object. */
const MORE: Readonly<Record<string, string>> = {
  'config.json':
    'model_type architectures torch_dtype num_labels id2label label2id problem_type quantization_config return_dict output_attentions ' +
    'transformers_version text_config.projection_size text_config.hidden_act text_config.layer_norm_eps text_config.attention_dropout ' +
    'vision_config.vision_use_head vision_config.num_channels vision_config.hidden_act vision_config.layer_norm_eps',
  'preprocessor_config.json':
    'image_processor_type feature_extractor_type crop_size do_center_crop do_convert_rgb data_format default_to_square processor_class',
  'tokenizer_config.json':
    'model_max_length padding_side truncation_side do_lower_case added_tokens_decoder tokenizer_class pad_token eos_token unk_token ' +
    'bos_token additional_special_tokens extra_special_tokens model_input_names add_eos_token split_special_tokens legacy backend',
  'special_tokens_map.json': 'pad_token eos_token unk_token additional_special_tokens',
  'added_tokens.json': '</s> x',
};

const isObject = (x: unknown): x is Json =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
const paths = (o: Json, at = ''): string[] =>
  Object.entries(o).flatMap(([k, v]) => [at + k, ...(isObject(v) ? paths(v, `${at}${k}.`) : [])]);

function changed(source: Json, path: string, value: unknown): Json {
  const copy = structuredClone(source);
  const keys = path.split('.');
  let at = copy;
  for (const key of keys.slice(0, -1)) at = (isObject(at[key]) ? at[key] : (at[key] = {})) as Json;
  Object.defineProperty(at, keys.at(-1)!, { value, enumerable: true });
  return copy;
}

test.each(Object.keys(MORE))('%s', { timeout: 300_000 }, async (name) => {
  const files = await variant({});
  const bytes = files.get(name);
  const source = bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as Json) : {};
  const own = paths(source).filter((path) => !/^added_tokens_decoder\.[^0]/.test(path));
  const wrong: unknown[] = [];
  let loaded = 0;
  for (const path of new Set([...own, ...MORE[name]!.split(' ')]))
    for (const value of ODD) {
      const began = performance.now();
      const all = new Map(files).set(name, json(changed(source, path, value)));
      try {
        await using pipe = await pipeline('zero-shot-image-classification', all, { warn() {} });
        const found = await pipe('fixtures/images/twemoji-rocket.png', ['rocket', 'a </s> pizza']);
        loaded++;
        if (!found.every(({ score }) => Number.isFinite(score))) wrong.push([path, value, found]);
      } catch (error) {
        if (ENGINE.test((error as Error).message)) wrong.push([path, value, String(error)]);
      }
      const seconds = (performance.now() - began) / 1000;
      if (seconds > 5) wrong.push([path, value, `${seconds} s`]);
    }
  expect(loaded).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});
