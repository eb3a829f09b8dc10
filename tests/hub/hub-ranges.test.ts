// hubFiles with `ranges`: what is read where it lies, and when it is not.
import { expect, test } from 'vitest';
import { defaultModel, SiglipTextModel } from 'siglip-ts';
import { content } from './hub-server.ts';
import { big, cached, expectBig, hub, id, model } from './hub-setup.ts';

const large = content(200_000);
const ranges = () => hub.requests.filter(({ server }) => server === 'storage').map(({ headers }) => headers.range); // prettier-ignore

test('parts are read on the hub, and nothing is kept', async () => {
  hub.files.set('model.safetensors', { bytes: large, etag: 'sha256', via: 'storage' });
  const source = await model({ ranges: true, token: 'hf_secret' }).open('model.safetensors');
  expect(source?.size).toBe(200_000);
  expect(await source?.read(0, 8)).toEqual(large.subarray(0, 8));
  expect(await source?.read(8, 50_000)).toEqual(large.subarray(8, 50_008));
  expect(ranges()).toEqual(['bytes=0-131071']);
  expect(await source?.read(199_000, 1000)).toEqual(large.subarray(199_000));
  expect(ranges()).toEqual(['bytes=0-131071', 'bytes=199000-199999']);
  await expect(source?.read(199_000, 1001)).rejects.toThrow(
    'a read of 1001 bytes at 199000, expected a range within 200000',
  );
  expect(hub.requests.map(({ server, headers }) => `${server} ${headers.authorization}`)).toEqual([
    'hub Bearer hf_secret',
    'storage undefined',
    'hub Bearer hf_secret',
    'storage undefined',
  ]);
  expect(await cached()).toEqual([]);
});

test('a file shorter than the first part; one that is read whole is kept', async () => {
  const files = model({ ranges: true });
  const source = await files.open('config.json');
  expect(await source?.read(0, 30)).toEqual(content(30));
  expect(await cached()).toEqual([]);
  expect(await files.bytes('config.json')).toEqual(content(30));
  expect(await cached()).toEqual(['blob-git1', `ref-${hub.commit}.json`, 'ref-main.json']);
});

test('what the cache has is read there', async () => {
  await model().bytes('model.safetensors');
  hub.requests.length = 0;
  const source = await model({ ranges: true }).open('model.safetensors');
  expectBig(await source?.read(0, big.length));
  await source?.close?.();
  const settled = await model({ ranges: true, revision: hub.commit }).open('model.safetensors');
  await settled?.close?.();
  const local = await model({ ranges: true, local_files_only: true }).open('model.safetensors');
  await local?.close?.();
  expect(ranges()).toEqual([]);
});

test('a newer file than the cache has is read on the hub', async () => {
  await model().bytes('model.safetensors');
  hub.files.set('model.safetensors', { bytes: large, etag: 'sha257', via: 'storage' });
  const source = await model({ ranges: true }).open('model.safetensors');
  expect(source?.size).toBe(200_000);
  expectBig(await model({ local_files_only: true }).bytes('model.safetensors'));
});

test('missing files, and bad names', async () => {
  expect(await model({ ranges: true }).open('nothing.json')).toBeUndefined();
  await expect(model({ ranges: true }).open('../x')).rejects.toThrow('expected a relative path');
});

test('a server that knows no ranges sends the file whole', async () => {
  const whole = (_: unknown, response: import('node:http').ServerResponse) =>
    !!response.writeHead(200, { 'content-length': big.length }).end(big);
  hub.files.set('model.safetensors', { bytes: big, etag: 'sha256', via: 'storage', body: whole });
  const source = await model({ ranges: true }).open('model.safetensors');
  expectBig(await source?.read(0, big.length));
  await source?.close?.();
});

test('a part that is cut is asked for again; a hub that keeps failing is an error', async () => {
  let cuts = 0;
  const body = (_: unknown, response: import('node:http').ServerResponse) => {
    if (cuts++ > 1) return false;
    response.writeHead(206, { 'content-length': 100, 'content-range': 'bytes 0-99/100000' });
    response.write(big.subarray(0, 10), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
  hub.files.set('model.safetensors', { bytes: big, etag: 'sha256', via: 'storage', body });
  const source = await model({ ranges: true }).open('model.safetensors');
  expect(await source?.read(0, 100)).toEqual(big.slice(0, 100));
  expect(cuts).toBe(3);
  hub.intercept = (_, response) => !!response.writeHead(503).end();
  await expect(model({ ranges: true }).open('model.safetensors')).rejects.toThrow('status 503');
});

test('a file that becomes another one while it is read', async () => {
  hub.files.set('model.safetensors', { bytes: large, etag: 'sha256', via: 'storage' });
  const source = await model({ ranges: true }).open('model.safetensors');
  hub.files.set('model.safetensors', { bytes: large, etag: 'sha257', via: 'storage' });
  await expect(source?.read(150_000, 10)).rejects.toThrow(
    'another file than before, expected it to stay while it is read',
  );
});

test('an abort', async () => {
  const stop = new AbortController();
  hub.intercept = () => {
    setTimeout(() => stop.abort(new Error('enough')), 10);
    return true;
  };
  const opened = model({ ranges: true, signal: stop.signal }).open('model.safetensors');
  await expect(opened).rejects.toThrow('enough');
});

test('of two towers, only the weights of one are read', async () => {
  const embedded = await defaultModel();
  const names = ['config.json', 'model.safetensors'] as const;
  for (const name of names) hub.files.set(name, { bytes: embedded.get(name)!, etag: name });
  const options = { endpoint: hub.endpoint, cache: false, ranges: true } as const;
  const [near, far] = await Promise.all([
    SiglipTextModel.fromPretrained(embedded),
    SiglipTextModel.fromPretrained(id, options),
  ]);
  const input_ids = { data: Int32Array.from({ length: 16 }, (_, i) => i), shape: [1, 16] };
  const [ours, theirs] = await Promise.all([near({ input_ids }), far({ input_ids })]);
  expect(await theirs.pooler_output!.data()).toEqual(await ours.pooler_output!.data());
  const bytes = hub.requests.reduce((sum, { headers }) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [0, 1, 0];
    return sum + Number(last) + 1 - Number(first);
  }, 0);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(128 * 1024 + 2 * 743_040 + 1); // the first part, and its parameters in float16
});
