// Options that there are not are refused with the right word; others' words that mean something here work.
import { afterAll, describe, expect, test } from 'vitest';
import {
  AutoConfig,
  AutoImageProcessor,
  AutoModel,
  AutoProcessor,
  AutoTokenizer,
  defaultModel,
  loadImage,
  pipeline,
  SiglipConfig,
  SiglipModel,
  SiglipVisionModel,
} from 'siglip-ts';

const files = await defaultModel();
const path = 'fixtures/images/twemoji-rocket.png';
const picture = await loadImage(path);
const TASK = 'zero-shot-image-classification';
const classify = await pipeline(TASK, files);
const extract = await pipeline('image-feature-extraction', files);
afterAll(() => Promise.all([classify.dispose(), extract.dispose()]));

/** Any options, as plain JavaScript passes them. */
const any = (options: unknown) => options as never;

describe('where a model is loaded', () => {
  const LOADS: Record<string, (o: unknown) => Promise<unknown>> = {
    [`pipeline(${TASK})`]: (o) => pipeline(TASK, files, any(o)),
    'SiglipModel.from_pretrained': (o) => SiglipModel.from_pretrained(files, any(o)),
    'AutoModel.from_pretrained': (o) => AutoModel.from_pretrained(files, any(o)),
    'SiglipVisionModel.from_pretrained': (o) => SiglipVisionModel.fromPretrained(files, any(o)),
  };
  const REFUSED: [object, string][] = [
    [{ device: 'webgpu' }, 'device is webgpu, expected wasm, cpu, gpu (GPU.js, on WebGL) or auto'],
    [{ quantized: true }, "there is no option quantized; write dtype: 'q8'"],
    [{ dtype: 'q4' }, 'dtype is q4, expected q8 (weights of 8 bits), fp16, fp32 or'],
    [{ dtype: 'int8' }, 'dtype is int8, expected q8'],
    [{ dtype: { vision_model: 'fp32' } }, 'dtype is no name, expected q8'],
    [{ backends: 'wasm' }, 'there is no option backends; did you mean backend?'],
    [{ attnImplementation: 'eager' }, 'did you mean attn_implementation?'],
    [{ progressCallback() {} }, 'did you mean progress_callback?'],
    [{ localFilesOnly: true }, 'did you mean local_files_only?'],
    [{ session_options: {} }, 'there is no option session_options; threads is one here'],
    [{ model_file_name: 'x' }, 'weights are model.safetensors'],
    [{ use_external_data_format: true }, 'weights are model.safetensors'],
    [{ trust_remote_code: true }, 'models bring no code'],
    [{ force_download: true }, 'write cache: false'],
    [{ proxies: { https: 'http://p' } }, 'write fetch'],
    [{ hypothesis_template: '{}' }, 'pass it when you call the pipeline'],
    [{ output_attentions: true }, 'write config: { … }'],
    [{ do_lower_case: true }, 'write tokenizer: { … }'],
    [JSON.parse('{ "__proto__": 1 }'), 'there is no option __proto__; there are revision, '],
    [{ constructor: 1 }, 'there is no option constructor; there are revision, '],
  ];
  test.each(Object.keys(LOADS))('%s', async (where) => {
    for (const [options, message] of REFUSED) {
      const error: unknown = await LOADS[where]!(options).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message.startsWith(`${where}: `)).toBe(true);
      expect((error as Error).message).toContain(message);
    }
  });
  test('the others', async () => {
    const loads = [AutoConfig, SiglipConfig, AutoTokenizer, AutoProcessor, AutoImageProcessor];
    for (const kind of loads) {
      const load = kind.from_pretrained as (f: unknown, o: unknown) => Promise<unknown>;
      const loading = load.call(kind, files, { reversion: 'v2' });
      await expect(loading).rejects.toThrow('there is no option reversion; did you mean revision?');
    }
  });
  test('no object at all', async () => {
    await expect(pipeline(TASK, files, any('wasm'))).rejects.toThrow(
      'options are wasm, expected an object',
    );
  });
  test('what changes nothing is let through, and so is what is undefined', async () => {
    const python = { trust_remote_code: false, use_safetensors: true, low_cpu_mem_usage: true };
    const more = { force_download: false, use_fast: false, batch_size: 8, quantized: undefined };
    await using model = await AutoModel.from_pretrained(files, any({ ...python, ...more }));
    expect(model.runtime.dtype).toBe('float32');
  });
});

test('values that are none', async () => {
  const load = (o: unknown, from: unknown = files) => pipeline(TASK, any(from), any(o));
  await expect(load({ weights: 'int4' })).rejects.toThrow('weights is "int4", expected one of');
  await expect(load({}, 5)).rejects.toThrow('model: 5, expected a folder');
  await expect(load({}, { dtype: 'float32' })).rejects.toThrow('options come after the model');
  for (const cache of [true, 5, '', {}, new URL('file:///x')])
    await expect(load({ cache }, 'a/b')).rejects.toThrow(
      'expected a folder, false, or { get, put }',
    );
  await (await load({ quantized: false })).dispose();
});

test('others’ words that mean something here', async () => {
  const scores = async (options: unknown) => {
    await using mine = await pipeline(TASK, files, any(options));
    return await mine(path, ['rocket', 'cat']);
  };
  const plain = await scores({});
  const [int8, half] = [await scores({ weights: 'int8' }), await scores({ weights: 'float16' })];
  expect(int8).not.toEqual(plain);
  expect(await scores({ dtype: 'fp32', device: 'wasm' })).toEqual(plain);
  expect(await scores({ device: 'auto' })).toEqual(plain);
  expect(await scores({ device: 'cpu' })).toEqual(plain);
  expect(await scores({ dtype: 'q8' })).toEqual(int8);
  expect(await scores({ dtype: 'fp16' })).toEqual(half);

  const cached = new Map<string, Uint8Array>();
  const cache = { get: async (k: string) => cached.get(k), put: async () => {} };
  const asked: unknown[] = [];
  const options = { cache_dir: cache, use_auth_token: 'hf_x', retry: { attempts: 1, wait: 0 } };
  const fetch = async (_: unknown, init?: RequestInit) => {
    asked.push(new Headers(init?.headers).get('authorization'));
    return new Response(null, { status: 404 });
  };
  await AutoModel.from_pretrained('a/b', any({ ...options, fetch })).catch(() => {});
  expect(asked[0]).toBe('Bearer hf_x');
});

describe('where something is called', async () => {
  const tokenizer = await AutoTokenizer.from_pretrained(files);
  const processor = await AutoProcessor.from_pretrained(files);
  const { image_processor } = processor;
  const call = classify as unknown as (...args: unknown[]) => Promise<unknown>;

  test.each<[object, string]>([
    [
      { hypothesisTemplate: '{}' },
      'no option hypothesisTemplate; did you mean hypothesis_template',
    ],
    [{ candidateLabels: ['a'] }, 'no option candidateLabels; did you mean candidate_labels?'],
    [{ top_k: 2 }, 'no option top_k; it is for image-classification'],
    [{ dtype: 'fp32' }, 'no option dtype; pass it where the model is loaded'],
  ])('zero-shot: %j', async (options, message) => {
    await expect(call(path, ['a'], options)).rejects.toThrow(`${TASK}: there is ${message}`);
    await expect(call(path, { ...options })).rejects.toThrow(message);
  });
  test('zero-shot: labels that are no list', async () => {
    await expect(call(path, 'a cat')).rejects.toThrow('"a cat", expected a list of strings');
    await expect(call(path, ['a', 1])).rejects.toThrow('["a",1], expected a list of strings');
  });
  test('features', async () => {
    const refused = extract(path, any({ return_tensor: true }));
    await expect(refused).rejects.toThrow('return_tensor; did you mean return_tensors?');
  });
  test('tokenizer, image processor, processor', () => {
    expect(() => tokenizer('a', null, any({ return_tensor: true }))).toThrow(
      'SiglipTokenizer: there is no option return_tensor; did you mean return_tensors?',
    );
    expect(() => tokenizer('a', any({ maxLength: 3 }))).toThrow('did you mean max_length?');
    expect(() => image_processor(picture, any({ return_tensor: true }))).toThrow(
      'SiglipImageProcessor: there is no option return_tensor',
    );
    expect(() => processor(any({ text: 'a', image: picture }))).toThrow('did you mean images?');
    expect(() => processor(any(picture))).toThrow('takes one object: { text, images }');
  });
  test('a tokenizer’s options may come second', () => {
    const options = { padding: 'max_length', return_tensors: true } as const;
    expect(tokenizer(['a', 'b'], options)).toEqual(tokenizer(['a', 'b'], null, options));
    expect(tokenizer('a', { add_special_tokens: false }).input_ids).toEqual(
      tokenizer('a', null, { add_special_tokens: false }).input_ids,
    );
    expect(tokenizer('a', null).input_ids).toEqual(tokenizer('a').input_ids);
  });
});
