// siglip-ts/worker on worker_threads: the same answers as in this thread, to the bit; what crosses, what does not, and how
// it ends. Its two modules are bundled from the sources, side by side, as bundlers put them.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostTensor, loadImage, type PictureError, pipeline as here } from 'siglip-ts';

const root = join(import.meta.dirname, '../../..');
const model = join(root, 'packages/tiny-model/model');
const photo = (name: string) => join(root, 'fixtures/images', name);
const LABELS = ['cat', 'dog', 'rocket', 'a slice of pizza'];
const TASK = 'zero-shot-image-classification';

const folder = mkdtempSync(join(tmpdir(), 'siglip-worker-'));
const entry = pathToFileURL(join(folder, 'entry.js'));
let pipeline: typeof import('siglip-ts/worker').pipeline;
beforeAll(async () => {
  const source = (name: string) => join(root, 'packages/siglip/src/worker', name);
  const build = await rolldown({
    input: { client: source('client.ts'), entry: source('entry.ts') },
    platform: 'node',
    resolve: { conditionNames: ['siglip:source', 'import', 'default'] },
    onwarn() {},
  });
  const { output } = await build.generate({ format: 'esm' });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const o of output) if ('code' in o) writeFileSync(join(folder, o.fileName), o.code);
  const client = pathToFileURL(join(folder, 'client.js')).href;
  ({ pipeline } = (await import(/* @vite-ignore */ client)) as typeof import('siglip-ts/worker'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the same answers as in this thread', () => {
  test('errors of a list, thrown or collected, those of reading here and of decoding there', async () => {
    await using there = await pipeline(TASK, model);
    await using local = await here(TASK, model);
    const pictures = [photo('cat.jpg'), '/no/such.png', Buffer.from('hello'), photo('cat.jpg')];
    const options = { on_error: 'collect' } as const;
    const [a, b] = [await there(pictures, LABELS, options), await local(pictures, LABELS, options)];
    expect(a).toEqual(b);
    const own = (x: unknown) => {
      const { name, message, index, image } = x as PictureError;
      return { name, message, index, image };
    };
    expect(a.slice(1, 3).map(own)).toEqual(b.slice(1, 3).map(own));
    expect(own(a[2])).toMatchObject({ index: 2, image: undefined });
    for (const bad of [1, 2]) {
      const list = [photo('cat.jpg'), pictures[bad]!];
      const [one, other] = [there, local].map((f) => f(list, LABELS).then(() => null, own));
      expect(await one).toEqual(await other);
      expect(await one).toMatchObject({ index: 1 });
    }
  });

  test('pictures of every kind, one and several, with labels and options', async () => {
    await using there = await pipeline(TASK, model);
    await using local = await here(TASK, model);
    const bytes = new Uint8Array(readFileSync(photo('twemoji-rocket.png')));
    const { data, width, height } = await loadImage(photo('cat.jpg'));
    const pixels = { data: data as Uint8Array, width, height };
    // A new picture for each asking, as a canvas gives it: the one that crosses is given away.
    const canvas = { width, height, getContext: () => ({ getImageData: () => ({ ...pixels, data: pixels.data.slice() }) }) }; // prettier-ignore
    const pictures = [
      photo('coffee-exif6.jpg'),
      pathToFileURL(photo('cat.jpg')),
      bytes,
      bytes.slice().buffer,
      new Blob([bytes]),
      `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`,
      pixels,
      canvas,
    ];
    const expected = await local(pictures, LABELS);
    expect(await there(pictures, LABELS)).toEqual(expected);
    expect(await there(pictures[0]!, LABELS)).toEqual(expected[0]);
    const options = { candidate_labels: ['cat', 'dog'], hypothesis_template: 'a {}' };
    expect(await there(bytes, options)).toEqual(await local(bytes, options));
    expect(await there(bytes, ['cat'], { hypothesis_template: '{}' })).toEqual(
      await local(bytes, ['cat'], { hypothesis_template: '{}' }),
    );
    expect([bytes.length, pixels.data.length]).not.toContain(0); // the caller's are still there
    expect(there.task).toBe(TASK);
  });
  test('image-feature-extraction: nested numbers, or tensors', async () => {
    await using there = await pipeline('image-feature-extraction', model);
    await using local = await here('image-feature-extraction', model);
    const image = photo('cat.jpg');
    expect(await there(image)).toEqual(await local(image));
    const how = { pool: true, return_tensors: true };
    const [found] = (await there([image], how)) as HostTensor[];
    const expected = (await local(image, how)) as HostTensor;
    expect(found).toMatchObject({ shape: expected.shape, dtype: 'float32' });
    expect(await found!.data()).toEqual(await expected.data());
  });
  test('image-classification, in half precision, from a map of bytes; `warn` hears of it', async () => {
    const names = ['config.json', 'model.safetensors', 'preprocessor_config.json'];
    const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(model, name)))])); // prettier-ignore
    const said: string[][] = [[], []];
    const options = (i: number) => ({ dtype: 'float16', seed: 3, warn: (s: string) => void said[i]!.push(s) }); // prettier-ignore
    await using there = await pipeline('image-classification', files, options(0));
    await using local = await here('image-classification', files, options(1));
    expect(await there(photo('cat.jpg'), { top_k: 1 })).toEqual(
      await local(photo('cat.jpg'), { top_k: 1 }),
    );
    expect(said[0]).toEqual(said[1]);
    expect(said[0]).toHaveLength(1);
    expect([...files.values()].map((bytes) => bytes.length)).not.toContain(0);
  });
});

test('calls may overlap; progress and pictures that are done are heard of', async () => {
  const statuses: string[] = [];
  const progress_callback = (info: { status: string }) => void statuses.push(info.status);
  await using classify = await pipeline(TASK, model, { progress_callback });
  const done: string[] = [];
  const on_image = (n: number, total: number) => void done.push(`${n}/${total}`);
  const images = [photo('cat.jpg'), photo('twemoji-pizza.png')];
  const [all, one] = await Promise.all([
    classify(images, LABELS, { on_image }),
    classify(images[1]!, LABELS),
  ]);
  expect(one).toEqual(all[1]);
  expect(done).toEqual(['1/2', '2/2']);
  expect(statuses).toContain('weights'); // which are read at the first call, after loading
});

describe('signals', () => {
  test('in a call: the reason at once, the work there stops, the pipeline goes on', async () => {
    const worker = new Worker(entry);
    const heard: unknown[] = [];
    worker.on('message', ({ kind }) => kind === 'heard' && heard.push(kind));
    await using classify = await pipeline(TASK, model, { worker });
    const controller = new AbortController();
    // Ten seconds of work: this thread may be late to hear of the first.
    const many = Array<Uint8Array>(600).fill(readFileSync(photo('cat.jpg')));
    const on_image = () => controller.abort(new Error('enough'));
    const { signal } = controller;
    await expect(classify(many, LABELS, { on_image, signal })).rejects.toThrow('enough');
    await classify(many[0]!, LABELS);
    expect(heard.length).toBeLessThan(many.length / 2);
    await expect(classify(many, LABELS, { signal })).rejects.toThrow('enough');
  });
  test('while it loads: the reason, and nothing is asked for any more', async () => {
    const closed: Promise<unknown>[] = [];
    const controller = new AbortController();
    const server = createServer((_, response) => {
      closed.push(new Promise((resolve) => response.on('close', resolve)));
      controller.abort(new Error('changed my mind')); // and no answer, ever
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { signal } = controller;
    const loading = pipeline(TASK, 'some/model', { endpoint, cache: false, signal });
    await expect(loading).rejects.toThrow('changed my mind');
    expect(closed).not.toHaveLength(0);
    await Promise.all(closed);
    server.close();
    await expect(pipeline(TASK, model, { signal })).rejects.toThrow('changed my mind');
  });
});

describe('errors', () => {
  test('are those of the pipeline, with the stack of the worker', async () => {
    await using classify = await pipeline(TASK, model);
    const failed = classify(photo('cat.jpg'), []);
    await expect(failed).rejects.toThrow(TypeError);
    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining('no candidate_labels were given') as string,
      stack: expect.stringContaining('entry.js') as string,
    });
  });
  test('of loading', async () => {
    await expect(pipeline('no-task' as typeof TASK)).rejects.toThrow(RangeError);
    await expect(pipeline(TASK, './no such folder')).rejects.toThrow('Incorrect path_or_model_id');
  });
  test('a worker that dies, or does not start', async () => {
    const worker = new Worker(entry);
    const classify = await pipeline(TASK, model, { worker });
    const waiting = classify(photo('cat.jpg'), LABELS);
    void worker.terminate();
    await expect(waiting).rejects.toThrow('the worker has died: it exited with code 1');
    await expect(classify(photo('cat.jpg'), LABELS)).rejects.toThrow('the worker has died');
    await classify.dispose();
    const broken = new Worker('throw new RangeError("not today")', { eval: true });
    await expect(pipeline(TASK, model, { worker: broken })).rejects.toThrow('has died: not today');
  });
  test('what cannot cross is refused by its name', async () => {
    const given = (options: object) => pipeline(TASK, model, options);
    const local = await here(TASK, model);
    await expect(given({ fetch })).rejects.toThrow('the option fetch is or has a function');
    await expect(given({ backend: local.model.runtime.backend })).rejects.toThrow(/option backend .* a backend's name/); // prettier-ignore
    await expect(given({ tokenizer: local.tokenizer })).rejects.toThrow(/option tokenizer .*function/); // prettier-ignore
    await expect(given({ cache: new (class Cache {})() })).rejects.toThrow('object of class Cache');
    await expect(pipeline(TASK, local.model as never)).rejects.toThrow(
      'the model is or has a func',
    );
    await local.dispose();
    await using classify = await pipeline(TASK, model);
    const decoders = [{ matches: () => false, decode: () => null as never }];
    const called = classify(photo('cat.jpg'), LABELS, { decoders });
    await expect(called).rejects.toThrow('the option decoders is or has a function');
    await expect(called).rejects.toThrow(TypeError);
  });
});

test('what pictures may reach, and how large they may be, is heeded where they are read: here', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/silent') return;
    response.end(readFileSync(photo('cat.jpg')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using guarded = await pipeline(TASK, model, { images: { paths: false, private: false } });
  await expect(guarded(photo('cat.jpg'), LABELS)).rejects.toThrow('images.paths is false');
  await expect(guarded(`${at}/a`, LABELS)).rejects.toThrow('not a public address');
  expect(await guarded(readFileSync(photo('cat.jpg')), LABELS)).toHaveLength(LABELS.length);
  const own = { images: {} } as object;
  await expect(guarded(readFileSync(photo('cat.jpg')), LABELS, own)).rejects.toThrow('there is no option images'); // prettier-ignore
  const wrong = { images: { path: false } as object };
  await expect(pipeline(TASK, model, wrong)).rejects.toThrow('images: there is no option path');
  await using free = await pipeline(TASK, model);
  expect(await free(`${at}/a`, LABELS)).toHaveLength(LABELS.length);
  await expect(free(`${at}/a`, LABELS, { maxBytes: 99 })).rejects.toThrow('expected at most 99');
  await expect(free(`${at}/silent`, LABELS, { silence: 0.2 })).rejects.toThrow('not a byte for 0.2 s'); // prettier-ignore
  await expect(free(photo('cat.jpg'), LABELS, { maxBytes: 99 })).rejects.toThrow('expected at most 99'); // prettier-ignore
  server.closeAllConnections();
  server.close();
});

test('disposed: the worker has ended, and calls say so', async () => {
  const worker = new Worker(entry);
  const ended = new Promise((resolve) => worker.on('exit', resolve));
  const classify = await pipeline(TASK, model, { worker });
  await classify.dispose();
  await ended;
  await classify.dispose();
  await expect(classify(photo('cat.jpg'), LABELS)).rejects.toThrow('the pipeline was disposed');
});

test('a program that disposes nothing ends by itself', async () => {
  const program = `
    import { pipeline } from './client.js';
    const classify = await pipeline('${TASK}', ${JSON.stringify(model)});
    console.log((await classify(${JSON.stringify(photo('cat.jpg'))}, ['cat', 'dog'])).length);`;
  writeFileSync(join(folder, 'program.js'), program);
  const limit = { timeout: 30_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'program.js')], limit); // prettier-ignore
  expect(stdout).toBe('2\n');
});
