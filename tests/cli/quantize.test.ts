// siglip quantize: what it writes, that reading it gives the numbers of `weights` on the original, and what it refuses.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesSource, openSafetensors, serialize, type StoredTensor } from '@siglip-ts/safetensors';
import {
  AutoModel,
  type HostTensor,
  pipeline,
  SiglipForImageClassification,
  SiglipModel,
  SiglipTextModel,
  SiglipVisionModel,
} from 'siglip-ts';
import { startHub } from '../hub/hub-server.ts';
import { image, json, model, scratch, siglip } from './harness.ts';

const files = scratch();
const tiny = 'packages/tiny-model/model';
const storages = ['float16', 'int8'] as const;
type Storage = (typeof storages)[number];

async function read(path: string): Promise<Map<string, StoredTensor>> {
  const file = await openSafetensors(bytesSource(readFileSync(path)));
  return new Map(await Promise.all([...file.tensors.keys()].map(async (k) => [k, await file.read(k)] as const))); // prettier-ignore
}

/** A copy of a model with other tensors, config.json or both. */
async function changed(
  from: string,
  name: string,
  change: { tensors?: (t: Map<string, StoredTensor>) => void; config?: object; format?: string },
): Promise<string> {
  const folder = files.copy(from, name);
  const tensors = await read(join(folder, 'model.safetensors'));
  change.tensors?.(tensors);
  const format = new Map([['format', change.format ?? 'pt']]);
  writeFileSync(join(folder, 'model.safetensors'), serialize(tensors, format));
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...change.config }));
  return folder;
}

const wave = (shape: readonly number[]) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
  shape,
});
const ids = [[7, 300, 12, 99, 1, 1]];
const bits = async (x: HostTensor) => [
  ...new Uint32Array(Float32Array.from(await x.data()).buffer),
];

/** The embedded model in float32, its weights using all 24 bits as a trained model's do. */
let original: string;
const small = (weights: Storage): string => files.path(weights);
const told: Record<string, unknown> = {};

beforeAll(async () => {
  original = await changed(tiny, 'original', {
    tensors(all) {
      for (const [key, { shape, data }] of all) {
        const noise = wave(shape.length ? shape : [1]).data.map((x) => x * 1e-4);
        const wide = Float32Array.from(halves(data as Uint16Array), (x, i) => x + noise[i]!);
        all.set(key, { dtype: 'F32', shape, data: wide });
      }
    },
    config: { torch_dtype: 'float32' },
  });
  for (const weights of storages)
    told[weights] = await json(['quantize', original, small(weights), '--weights', weights]);
});

function halves(data: Uint16Array): number[] {
  return [...data].map((h) => {
    const [e, f] = [(h >> 10) & 31, h & 1023];
    return (h & 0x8000 ? -1 : 1) * (e === 0 ? f * 2 ** -24 : (1 + f / 1024) * 2 ** (e - 15));
  });
}

describe.each(storages)('%s', (weights) => {
  test('both towers: logits and embeddings to the bit', async () => {
    const inputs = { pixel_values: wave([2, 3, 64, 64]), input_ids: ids };
    await using narrow = await SiglipModel.fromPretrained(original, { weights });
    await using stored = await SiglipModel.fromPretrained(small(weights));
    await using exact = await SiglipModel.fromPretrained(original);
    const [a, b, c] = [await narrow(inputs), await stored(inputs), await exact(inputs)];
    for (const key of ['logits_per_image', 'image_embeds', 'text_embeds'] as const) {
      expect(await bits(b[key])).toEqual(await bits(a[key]));
      expect(await bits(b[key])).not.toEqual(await bits(c[key]));
    }
  });

  test('a tower alone, and weights that are read anew for every forward', async () => {
    const pixel_values = wave([1, 3, 64, 64]);
    await using a = await SiglipVisionModel.fromPretrained(original, { weights });
    await using b = await SiglipVisionModel.fromPretrained(small(weights), {
      stream_weights: true,
    });
    const expected = await bits((await a({ pixel_values })).pooler_output!);
    expect(await bits((await b({ pixel_values })).pooler_output!)).toEqual(expected);
    expect(await bits((await b({ pixel_values })).pooler_output!)).toEqual(expected);
    await using c = await SiglipTextModel.fromPretrained(original, { weights });
    await using d = await SiglipTextModel.fromPretrained(small(weights));
    const pooled = async (m: SiglipTextModel) => bits((await m({ input_ids: ids })).pooler_output!);
    expect(await pooled(d)).toEqual(await pooled(c));
  });

  test('a pipeline, and the command with and without --weights', async () => {
    const labels = ['rocket', 'pizza'];
    const scores = async (m: string, o: object) => {
      await using classify = await pipeline('zero-shot-image-classification', m, o);
      return await classify(readFileSync(image('twemoji-rocket.png')), labels);
    };
    const expected = await scores(original, { weights });
    expect(await scores(small(weights), {})).toEqual(expected);
    const words = ['classify', image('twemoji-rocket.png'), '--labels', 'rocket, pizza', '--model'];
    const [plain] = await json<{ scores: unknown }[]>([...words, small(weights)]);
    const [named] = await json<{ scores: unknown }[]>([...words, original, '--weights', weights]);
    expect(plain!.scores).toEqual(named!.scores);
  });

  test.each(['classifier-3', 'classifier-1', 'plain', 'odd', 'no-head'])('%s', async (name) => {
    const folder = files.path(`${weights}-${name}`);
    await json(['quantize', model(name), folder, '--weights', weights]);
    const kind = name.startsWith('classifier') ? SiglipForImageClassification : AutoModel;
    await using a = await kind.fromPretrained(model(name), { weights });
    await using b = await kind.fromPretrained(folder);
    const inputs = Object.fromEntries(
      [...(await read(join(model(name), 'inputs.safetensors')))].filter(([key]) =>
        ['pixel_values', 'input_ids'].includes(key),
      ),
    );
    if (name === 'no-head') delete inputs.input_ids;
    const values = async (m: typeof a) => {
      const y = (await (m as never as (i: object) => Promise<object>)(inputs)) as Record<string, HostTensor>; // prettier-ignore
      return bits((y.logits ?? y.logits_per_image ?? y.last_hidden_state)!);
    };
    expect(await values(b)).toEqual(await values(a));
    if (kind === AutoModel)
      expect(await json(['inspect', folder])).toMatchObject({ missing: [], mismatched: [] });
  });

  test('sizes, and all that goes with the weights', async () => {
    // Of 1,767,426 parameters 12 D² are in the matrices of each of 6 layers and of the pooling head, D² in the text head.
    const [D, layers] = [128, 6];
    const matrices = (12 * (layers + 1) + 1) * D * D;
    const rows = (9 * layers + 9 + 1) * D; // 4 D and the MLP's 4 D and D; the pooling head has the same
    const patches = 3 * 8 * 8 * D;
    const after = { float16: -2 * (matrices + patches), int8: -3 * matrices + 4 * rows }[weights];
    const bytes = { before: 4 * 1_767_426, after: 4 * 1_767_426 + after };
    const narrow = { float16: 42, int8: 41 }[weights];
    expect(told[weights]).toEqual({ model: original, folder: small(weights), weights, tensors: 120, narrow, bytes }); // prettier-ignore
    const header = (path: string) => 8 + Number(readFileSync(path).readBigUInt64LE(0));
    const file = join(small(weights), 'model.safetensors');
    expect(bytes.after).toBe(statSync(file).size - header(file));
    expect(readdirSync(small(weights)).sort()).toEqual(
      readdirSync(original)
        .filter((f) => !/README|scores/.test(f))
        .sort(),
    );
  });
});

test('a float16 model is a plain one: the values rounded, config.json as it was', async () => {
  const config = (folder: string) => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object; // prettier-ignore
  expect(config(small('float16'))).toEqual(config(original));
  expect(config(small('int8'))).toEqual({
    ...config(original),
    quantization_config: { quant_method: 'siglip-ts', version: 1, weights: 'int8' },
  });
  const file = await openSafetensors(bytesSource(readFileSync(join(small('float16'), 'model.safetensors')))); // prettier-ignore
  expect(file.metadata.get('format')).toBe('pt');
  const before = await read(join(original, 'model.safetensors'));
  const key = 'text_model.encoder.layers.0.mlp.fc1.weight';
  const { dtype, data } = await file.read(key);
  expect(dtype).toBe('F16');
  const rounded = halves(data as Uint16Array);
  const within = (x: number) => Math.max(2 ** -25, Math.abs(x) * 2 ** -11);
  const wide = before.get(key)!.data as Float32Array;
  expect(wide.findIndex((x, i) => Math.abs(rounded[i]! - x) > within(x))).toBe(-1);
  const table = 'text_model.embeddings.token_embedding.weight';
  const tokens = (await file.read(table)).data as Float32Array;
  const unchanged = before.get(table)!.data as Float32Array;
  expect(tokens.findIndex((x, i) => x !== unchanged[i])).toBe(-1);
});

test('save_pretrained of an int8 model writes floats: those that the integers stand for', async () => {
  await using stored = await SiglipModel.fromPretrained(small('int8'));
  await stored.save_pretrained(files.path('saved'));
  await using saved = await SiglipModel.fromPretrained(files.path('saved'));
  expect(saved.config.quantization_config).toBeUndefined();
  const inputs = { pixel_values: wave([1, 3, 64, 64]), input_ids: ids };
  await using other = await SiglipModel.fromPretrained(small('int8'), { weights: 'float32' });
  const logits = async (m: SiglipModel) => bits((await m(inputs)).logits_per_image);
  expect(await logits(saved)).toEqual(await logits(other));
  expect(await logits(saved)).not.toEqual(await logits(stored));
});

test('backends without narrow weights, and other dtypes, read the values', async () => {
  const pixel_values = wave([1, 3, 64, 64]);
  await using wide = await SiglipVisionModel.fromPretrained(small('int8'), { weights: 'float32' });
  const expected = await (await wide({ pixel_values })).pooler_output!.data();
  for (const o of [{ backend: 'cpu' }, { dtype: 'float64' }] as const) {
    await using m = await SiglipVisionModel.fromPretrained(small('int8'), o);
    const found = await (await m({ pixel_values })).pooler_output!.data();
    for (const [i, x] of expected.entries()) expect(found[i]).toBeCloseTo(x, 4);
  }
});

test('shards in, one file out', async () => {
  const folder = files.copy(original, 'sharded');
  const all = [...(await read(join(folder, 'model.safetensors')))];
  const weight_map: Record<string, string> = {};
  for (const [i, part] of [all.slice(0, 50), all.slice(50)].entries()) {
    for (const [key] of part) weight_map[key] = `part-${i}.safetensors`;
    files.write(`sharded/part-${i}.safetensors`, serialize(new Map(part)));
  }
  files.write('sharded/model.safetensors.index.json', JSON.stringify({ weight_map }));
  rmSync(join(folder, 'model.safetensors'));
  await json(['quantize', folder, files.path('whole'), '--weights', 'int8']);
  const bytes = (name: string) => readFileSync(join(name, 'model.safetensors'));
  expect(bytes(files.path('whole')).equals(bytes(small('int8')))).toBe(true);
});

test('from the hub, and back on it: a tower is read by ranges', async () => {
  const hub = await startHub();
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  try {
    const serve = (folder: string) => {
      hub.files.clear();
      for (const file of readdirSync(folder))
        hub.files.set(file, { bytes: readFileSync(join(folder, file)), etag: `${folder}/${file}` });
    };
    const cache = files.path('cache');
    serve(original);
    await json(['quantize', 'org/model', files.path('hub'), '--weights', 'int8', '--cache', cache]);
    const bytes = (name: string) => readFileSync(join(name, 'model.safetensors'));
    expect(bytes(files.path('hub')).equals(bytes(small('int8')))).toBe(true);

    serve(small('int8'));
    const pixel_values = wave([1, 3, 64, 64]);
    await using near = await SiglipVisionModel.fromPretrained(small('int8'));
    await using far = await SiglipVisionModel.fromPretrained('org/small', { ranges: true, cache });
    const pooled = async (m: SiglipVisionModel) => bits((await m({ pixel_values })).pooler_output!);
    expect(await pooled(far)).toEqual(await pooled(near));
    const asked = hub.requests.filter(({ url }) => url.includes('org/small') && url.endsWith('model.safetensors')); // prettier-ignore
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.every(({ headers }) => headers.range)).toBe(true);
  } finally {
    vi.unstubAllEnvs();
    await hub.stop();
  }
});

describe('refused', () => {
  const line = async (argv: readonly string[]) => {
    const { code, stdout, stderr } = await siglip(argv);
    expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
    return stderr;
  };
  const quantize = (from: string, to: string, ...more: string[]) =>
    line(['quantize', from, to, '--weights', 'int8', ...more]);

  test('a folder that is not empty, unless --force', async () => {
    files.write('full', '');
    expect(await quantize(original, files.path('full'))).toContain('full: a file, expected a folder'); // prettier-ignore
    const used = files.copy(small('float16'), 'used');
    expect(await quantize(original, used)).toContain('used: not empty; name another folder, or pass --force'); // prettier-ignore
    expect(await json(['quantize', original, used, '--weights', 'int8', '--force'])).toMatchObject({ narrow: 41 }); // prettier-ignore
    expect(await quantize(used, used, '--force')).toContain('the model itself');
    expect(await quantize(used, files.path('twice'))).toContain('int8 already');
  });

  test('weights that the storage cannot hold, with nothing left behind', async () => {
    const key = 'text_model.head.weight';
    const with_ = (x: number) => (all: Map<string, StoredTensor>) => {
      const { shape, data } = all.get(key)!;
      all.set(key, { dtype: 'F32', shape, data: Float32Array.from(data as Float32Array).fill(x, 7, 8) }); // prettier-ignore
    };
    const nan = await changed(original, 'nan', { tensors: with_(NaN) });
    expect(await quantize(nan, files.path('left'))).toContain(`"${key}": NaN, expected finite numbers`); // prettier-ignore
    const big = await changed(original, 'big', { tensors: with_(1e6) });
    const words = ['quantize', big, files.path('left'), '--weights', 'float16'];
    expect(await line(words)).toContain(`"${key}": 1000000, expected numbers within ±65504`);
    expect(readdirSync(files.path('left'))).toEqual([]);
  });

  test('usage', async () => {
    expect(await line(['quantize', original, files.path('x')])).toContain("required option '--weights <storage>' not specified"); // prettier-ignore
    expect(await line(['quantize', original, files.path('x'), '--weights', 'int4'])).toContain('Allowed choices are float16, int8'); // prettier-ignore
    expect(await quantize('nowhere at all', files.path('x'))).toContain("Incorrect path_or_model_id: 'nowhere at all'"); // prettier-ignore
  });

  test('Ctrl-C: 130, and no file that looks whole', async () => {
    const stop = new AbortController();
    stop.abort();
    const words = ['quantize', original, files.path('stopped'), '--weights', 'int8'];
    expect((await siglip(words, { signal: stop.signal })).code).toBe(130);
    expect(readdirSync(files.path('stopped'))).toEqual([]);
  });

  test.each([
    [{ quant_method: 'bitsandbytes', load_in_4bit: true }, 'quant_method "bitsandbytes" in 4 bits'],
    [{ quant_method: 'gptq', bits: 4 }, 'quant_method "gptq"'],
    [{ load_in_4bit: true }, 'quant_method without a name'],
    [{ quant_method: 'siglip-ts', version: 2, weights: 'int8' }, 'version 2 with weights "int8"'],
    [{ quant_method: 'siglip-ts', version: 1, weights: 'int4' }, 'version 1 with weights "int4"'],
  ])('reading what %j tells of', async (quantization_config, message) => {
    const folder = await changed(small('int8'), `foreign-${message}`, {
      config: { quantization_config },
      format: 'siglip-ts-int8',
    });
    await expect(SiglipModel.fromPretrained(folder)).rejects.toThrow(message);
    await expect(AutoModel.fromPretrained(folder)).rejects.toThrow(message);
    expect(await line(['inspect', folder])).toContain(message);
    expect(await quantize(folder, files.path('x'))).toContain(message);
  });

  test.each([
    ['I8', Int8Array],
    ['U8', Uint8Array],
  ] as const)('integers that nobody explains: %s', async (dtype, array) => {
    const key = 'text_model.head.weight';
    const folder = await changed(original, `plain-${dtype}`, {
      tensors: (all) => all.set(key, { dtype, shape: [128, 128], data: new array(128 * 128) }),
    });
    const message = `tensor "${key}" is ${dtype} [128, 128], expected floats`;
    await expect(SiglipModel.fromPretrained(folder)).rejects.toThrow(message);
    expect(await line(['inspect', folder])).toContain(message);
    expect(await quantize(folder, files.path('x'))).toContain(message);
    await using vision = await SiglipVisionModel.fromPretrained(folder); // has no such tensor
    expect(vision.runtime.shapes.has(key)).toBe(false);
  });
});

test('position ids of old checkpoints are ignored, and kept', async () => {
  const keys = ['vision_model', 'text_model'].map((t) => `${t}.embeddings.position_ids`);
  const folder = await changed(original, 'old', {
    tensors: (all) =>
      keys.forEach((k) => all.set(k, { dtype: 'I64', shape: [1, 64], data: new BigInt64Array(64) })), // prettier-ignore
  });
  const out = files.path('old-int8');
  await json(['quantize', folder, out, '--weights', 'int8']);
  expect([...(await read(join(out, 'model.safetensors'))).keys()]).toEqual(expect.arrayContaining(keys)); // prettier-ignore
  const inputs = { pixel_values: wave([1, 3, 64, 64]), input_ids: ids };
  await using a = await SiglipModel.fromPretrained(out);
  await using b = await SiglipModel.fromPretrained(small('int8'));
  expect(await bits((await a(inputs)).logits_per_image)).toEqual(await bits((await b(inputs)).logits_per_image)); // prettier-ignore
});
