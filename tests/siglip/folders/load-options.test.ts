// Every option of everything that loads must change something, so that one which is dropped on its way is noticed. What each
// of them means is tested where it is heeded: the hub's in tests/hub.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import * as siglip from 'siglip-ts';
import { Engine } from '../../../packages/backend-wasm/src/engine/engine.ts';

afterEach(() => vi.restoreAllMocks());

type Load = (source: unknown, o: object) => Promise<unknown>;
const from = (name: keyof typeof siglip): Load => {
  const kind = siglip[name] as unknown as { from_pretrained: Load };
  return (source, o) => kind.from_pretrained(source, o);
};
const quiet = { config: { id2label: { 0: 'hum', 1: 'ai' } }, warn() {} };
const named = (names: readonly (keyof typeof siglip)[]) =>
  Object.fromEntries(names.map((name) => [name, from(name)]));

const PARTS: Readonly<Record<string, Load>> = named([
  'AutoConfig',
  'SiglipConfig',
  'SiglipTextConfig',
  'SiglipVisionConfig',
  'AutoTokenizer',
  'SiglipTokenizer',
  'AutoImageProcessor',
  'SiglipImageProcessor',
  'SiglipImageProcessorFast',
  'AutoProcessor',
  'SiglipProcessor',
]);
const MODELS: Readonly<Record<string, Load>> = {
  ...named([
    'SiglipModel',
    'SiglipTextModel',
    'SiglipVisionModel',
    'AutoModel',
    'AutoModelForZeroShotImageClassification',
  ]),
  ...Object.fromEntries(
    (['SiglipForImageClassification', 'AutoModelForImageClassification'] as const).map((name) => {
      const load: Load = (source, o) => from(name)(source, { ...quiet, ...o });
      return [name, load];
    }),
  ),
  'pipeline zero-shot': (source, o) =>
    siglip.pipeline('zero-shot-image-classification', source as string, o),
  'pipeline classification': (source, o) =>
    siglip.pipeline('image-classification', source as string, { ...quiet, ...o }),
  'pipeline features': (source, o) =>
    siglip.pipeline('image-feature-extraction', source as string, o),
};
const files = await siglip.defaultModel();

/** A hub that has the embedded model, and what it was asked for. */
function hub() {
  const asked: { url: string; token: string | null }[] = [];
  const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const url = String(input);
    asked.push({ url, token: new Headers(init?.headers).get('authorization') });
    const bytes = files.get(url.split('/').at(-1)!);
    const headers = { etag: '"1"', 'content-length': String(bytes?.length ?? 0) };
    return bytes ? new Response(bytes as BodyInit, { headers }) : new Response(null, { status: 404 }); // prettier-ignore
  };
  return { asked, fetch };
}
const never = (_: unknown, init?: RequestInit) =>
  new Promise<Response>((_, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal!.reason as Error));
  });
const HUB = { endpoint: 'http://hub.test', cache: false, retry: { attempts: 1, pause: 0 } };
const disposed = async (x: unknown) => (x as { dispose?: () => Promise<void> }).dispose?.();

describe.each(Object.entries({ ...PARTS, ...MODELS }))('%s', (_, load) => {
  test('fetch, endpoint, revision, token, subfolder, cache, progress_callback', async () => {
    const { asked, fetch } = hub();
    const kept = new Map<string, Uint8Array>();
    const cache = {
      get: async (key: string) => kept.get(key),
      put: async (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
    };
    const told = new Set<string>();
    const progress_callback = ({ status }: { status: string }) => void told.add(status);
    const mine = { revision: 'v2', token: 'hf_x', subfolder: 'in/it', cache, progress_callback };
    await disposed(await load('a/b', { ...HUB, ...mine, fetch }));
    expect(asked.length).toBeGreaterThan(0);
    for (const { url, token } of asked) {
      expect(url).toMatch(/^http:\/\/hub\.test\/a\/b\/resolve\/v2\/in\/it\//);
      expect(token).toBe('Bearer hf_x');
    }
    expect([...kept.keys()].some((key) => key.startsWith('hub.test/a/b/'))).toBe(true);
    expect(told).toContain('done');
  });

  test('signal, silence, local_files_only, limits', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 20);
    await expect(load('a/b', { ...HUB, fetch: never, signal: stop.signal })).rejects.toBe(reason);
    await expect(load('a/b', { ...HUB, fetch: never, silence: 0.02 })).rejects.toThrow('0.02 s');
    const { asked, fetch } = hub();
    await expect(load('a/b', { ...HUB, fetch, local_files_only: true })).rejects.toThrow('a/b');
    expect(asked).toEqual([]);
    await expect(load('a/b', { ...HUB, fetch, limits: { json: 1, other: 1 } })).rejects.toThrow('expected at most 1'); // prettier-ignore
  });
});

type Loaded = siglip.SiglipModel & { model?: siglip.SiglipModel };
describe.each(Object.entries(MODELS))('%s', (_, load) => {
  const loaded = async (o: object): Promise<siglip.SiglipModel> => {
    const found = (await load(files, o)) as Loaded;
    return 'model' in found ? found.model! : found;
  };

  test('dtype, torch_dtype, backend, device_map, config, attn_implementation', async () => {
    for (const name of ['dtype', 'torch_dtype']) {
      const model = await loaded({ [name]: 'float64' });
      expect(model.runtime.dtype).toBe('float64');
      await model.dispose();
    }
    const backend = cpu();
    expect((await loaded({ backend })).runtime.backend).toBe(backend);
    expect((await loaded({ backend: 'cpu' })).runtime.backend.name).toBe('cpu');
    expect((await loaded({ device_map: 'cpu' })).runtime.backend.name).toBe('cpu');
    const config = { ...quiet.config, output_hidden_states: true };
    expect((await loaded({ backend, config })).config.output_hidden_states).toBe(true);
    await expect(loaded({ attn_implementation: 'x' })).rejects.toThrow('attn_implementation="x"');
  });

  test('threads, weights, warn', async () => {
    const load = vi.spyOn(Engine, 'load');
    const warn = () => {};
    const model = await loaded({ threads: 2, weights: 'int8', warn });
    expect(load).toHaveBeenCalledWith(expect.objectContaining({ threads: 2, weights: 'int8', warn })); // prettier-ignore
    await model.dispose();
  });

  test('stream_weights', async () => {
    const pixel_values = { data: new Float32Array(3 * 64 * 64), shape: [1, 3, 64, 64] };
    const input_ids = { data: new Int32Array(16), shape: [1, 16] };
    const again = async (stream_weights: boolean) => {
      const model = await loaded({ stream_weights });
      const [name] = String(model).split(' ');
      const inputs = { ...(name !== 'SiglipTextModel' && { pixel_values }), ...(/^Siglip(Text)?Model$/.test(name!) && { input_ids }) }; // prettier-ignore
      await model(inputs as never);
      const read = vi.spyOn(model.runtime.checkpoint, 'read');
      await model(inputs as never);
      await model.dispose();
      return read.mock.calls.length;
    };
    expect(await again(true)).toBeGreaterThan(10);
    expect(await again(false)).toBeLessThanOrEqual(1); // the rows of the tokens
  });
});

test('the file of weights is closed with the model, and where loading fails', async () => {
  let [opened, closed] = [0, 0];
  const all = siglip.mapFiles(files);
  const source: siglip.ModelFiles = {
    ...all,
    async open(file) {
      const found = (await all.open(file))!;
      opened++;
      return { ...found, read: found.read, close: async () => void closed++ };
    },
  };
  const model = await siglip.SiglipModel.from_pretrained(source);
  expect([opened, closed]).toEqual([1, 0]);
  await model.dispose();
  await model.dispose();
  expect([opened, closed]).toEqual([1, 1]);
  await expect(siglip.SiglipModel.from_pretrained(source, { dtype: 'x' })).rejects.toThrow('dtype');
  expect(opened).toBeGreaterThan(1);
  expect(closed).toBe(opened);
});

test('warnOnce: of one thing once', async () => {
  const said: string[] = [];
  const o = { warn: (message: string) => void said.push(message) };
  await using model = await siglip.SiglipModel.from_pretrained(files, o);
  for (const message of ['a', 'b', 'a']) model.runtime.warnOnce(message);
  expect(said).toEqual(['a', 'b']);
});

test('seed: of what a checkpoint lacks, and of a model without one', async () => {
  const { config } = quiet;
  const classifier = async (seed?: number) => {
    const o = { config, warn() {}, ...(seed !== undefined && { seed }) };
    const model = await siglip.SiglipForImageClassification.from_pretrained(files, o);
    return model.runtime.checkpoint.read('classifier.weight', 0, 2, 'float32');
  };
  expect(await classifier(1)).not.toEqual(await classifier());
  expect(await classifier(0)).toEqual(await classifier());
  const fresh = async (seed?: number) => {
    const config = await siglip.SiglipConfig.from_pretrained(files);
    const model = await siglip.SiglipModel.from_config(config, seed === undefined ? {} : { seed });
    return model.runtime.checkpoint.read('text_model.head.weight', 0, 2, 'float32');
  };
  expect(await fresh(1)).not.toEqual(await fresh());
  expect(await fresh(0)).toEqual(await fresh());
});
