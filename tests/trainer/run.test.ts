// What a training run reads and leaves on disk: pairs, their order, checkpoints, metrics, and evaluation.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createTar } from 'nanotar';
import { afterAll, describe, expect, test } from 'vitest';
import {
  checkpoints,
  evaluate,
  MetricsFile,
  openShards,
  type Sample,
  Sampler,
  saveCheckpoint,
} from '@siglip-ts/trainer';

const root = mkdtempSync(join(tmpdir(), 'siglip-train-'));
afterAll(() => rmSync(root, { recursive: true }));

function folderOf(name: string, rows: readonly string[], files: readonly string[] = []): string {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'captions.jsonl'), rows.join('\n'));
  for (const file of files) writeFileSync(join(folder, file), file);
  return folder;
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('a folder with captions.jsonl', () => {
  const rows = [
    '{"file_name": "a.jpg", "text": "a dog"}',
    '',
    '{"image": "b.jpg", "captions": ["a cat", "an animal"]}',
    '{"file_name": "gone.jpg", "caption": "x"}',
    '{"file_name": "../a.jpg", "caption": "x"}',
    '{"file_name": "a.jpg"}',
    '{"file_name": "a.jpg", "text": " "}',
    'not json',
    'null',
  ];
  const folder = folderOf('folder', rows, ['a.jpg', 'b.jpg']);

  test('a row is a pair', async () => {
    const [shard] = await openShards([folder]);
    expect(shard!.size).toBe(8);
    const pairs = [await shard!.read(0), await shard!.read(1)];
    expect(pairs.map((p) => [p.name, text(p.image), p.captions])).toEqual([
      [`${folder}/a.jpg`, 'a.jpg', ['a dog']],
      [`${folder}/b.jpg`, 'b.jpg', ['a cat', 'an animal']],
    ]);
  });
  test.each([
    [2, /captions\.jsonl:4: ENOENT/],
    [3, /captions\.jsonl:5: file_name "\.\.\/a\.jpg": expected a path within the folder/],
    [4, /captions\.jsonl:6: no caption: expected/],
    [5, /captions\.jsonl:7: no caption: expected/],
    [6, /captions\.jsonl:8: .*not valid JSON/],
    [7, /captions\.jsonl:9: expected an object/],
  ])('broken row %i is named', async (i, message) => {
    const [shard] = await openShards([folder]);
    await expect(shard!.read(i)).rejects.toThrow(message);
  });
  test('none at all', async () =>
    expect(openShards([folderOf('empty', [])])).rejects.toThrow('no pairs, expected at least one'));
});

describe('tar shards', () => {
  const path = join(root, 'shard.tar');
  writeFileSync(
    path,
    createTar([
      { name: 'x/1.jpg', data: 'one' },
      { name: 'x/1.txt', data: 'a dog\nan animal\n' },
      { name: 'x/2.png', data: 'two' },
      { name: 'x/2.json', data: '{"caption": "a cat"}' },
      { name: 'x/3.txt', data: 'no picture' },
      { name: 'x/4.jpg', data: 'no caption' },
      { name: 'x/5.webp', data: 'five' },
      { name: 'x/5.txt', data: 'a fish' },
    ]),
  );
  test('files of one name are a pair', async () => {
    const [shard] = await openShards([path]);
    const pairs = [await shard!.read(0), await shard!.read(1)];
    expect(pairs.map((p) => [p.name, text(p.image), p.captions])).toEqual([
      [`${path}:x/1`, 'one', ['a dog', 'an animal']],
      [`${path}:x/2`, 'two', ['a cat']],
    ]);
    await expect(shard!.read(2)).rejects.toThrow(
      ':x/3: no picture, expected one of jpg, jpeg, png, webp, avif',
    );
    await expect(shard!.read(3)).rejects.toThrow(':x/4: no caption');
    expect(text((await shard!.read(4)).image)).toBe('five');
  });

  /** A shard whose first entry, of one byte, says it has another size. */
  const sized = (name: string, size: string): string => {
    const bytes = new Uint8Array(createTar([{ name: '1.jpg', data: 'x' }]));
    bytes.set(new TextEncoder().encode(size.padEnd(12, '\0')), 124);
    writeFileSync(join(root, name), bytes);
    return join(root, name);
  };
  test.each([
    ['too-long.tar', '77777777777', 'the octal size "77777777777", expected at most 9728 bytes'],
    ['negative.tar', '-1000', 'the octal size "-1000"'],
    ['none.tar', '', 'the octal size ""'],
    ['decimal.tar', '9', 'the octal size "9"'],
  ])('a size that is none is refused, not the end of the shard: %s', (name, size, message) =>
    expect(openShards([sized(name, size)])).rejects.toThrow(
      `${name}: no tar file: an entry at byte 0 has ${message}`,
    ),
  );
  test('an empty file has no pairs', async () => {
    const path = join(root, 'empty.tar');
    writeFileSync(path, '');
    // Not what was in memory before: an empty file's bytes are a view of a longer buffer.
    for (let i = 0; i < 50; i++)
      await expect(openShards([path])).rejects.toThrow('empty.tar: no pairs, expected');
  });
  test('texts that are no UTF-8, and JSON that is no object, are named', async () => {
    const path = join(root, 'odd-texts.tar');
    const image = { name: '1.jpg', data: 'x' };
    writeFileSync(
      path,
      createTar([
        image,
        { name: '1.txt', data: Uint8Array.of(255, 10) },
        { ...image, name: '2.jpg' },
        { name: '2.json', data: 'null' },
      ]),
    );
    const [shard] = await openShards([path]);
    await expect(shard!.read(0)).rejects.toThrow('odd-texts.tar:1: its .txt is not UTF-8');
    await expect(shard!.read(1)).rejects.toThrow('odd-texts.tar:2: no caption: expected a text');
  });
});

describe('the order of pairs', () => {
  const names = (n: number) =>
    Array.from({ length: n }, (_, i) => `{"file_name": "${i}", "text": "t${i}"}`);
  const files = (n: number) => Array.from({ length: n }, (_, i) => String(i));
  const folders = [folderOf('one', names(5), files(5)), folderOf('two', names(3), files(3))];
  const nameOf = async (s: Sample) => s.name;
  const never = (reason: string) => expect.fail(reason);

  test('an epoch has each pair once; the next is in another order; a seed fixes both', async () => {
    const shards = await openShards(folders);
    const epochs = async (seed: number) => {
      const sampler = new Sampler(shards, seed);
      return [await sampler.take(8, nameOf, never), await sampler.take(8, nameOf, never)];
    };
    const [first, second] = await epochs(1);
    expect(new Set(first).size).toBe(8);
    expect([...second!].sort()).toEqual([...first!].sort());
    expect(second).not.toEqual(first);
    expect(await epochs(1)).toEqual([first, second]);
    expect((await epochs(2))[0]).not.toEqual(first);
  });
  test('goes on from any cursor as if it had never stopped', async () => {
    const shards = await openShards(folders);
    const whole = await new Sampler(shards, 3).take(30, nameOf, never);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 29 }), async (n) => {
        const before = new Sampler(shards, 3);
        const start = await before.take(n, nameOf, never);
        const after = new Sampler(shards, 3, before.cursor);
        expect([...start, ...(await after.take(30 - n, nameOf, never))]).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });
  test('what cannot be used is skipped and told, until nothing is left', async () => {
    const shards = await openShards(folders);
    const told: string[] = [];
    const odd = async (s: Sample) => {
      if (/[13]$/.test(s.name)) throw new Error(`bad ${s.name}`);
      return s.name;
    };
    const found = await new Sampler(shards, 0).take(5, odd, (reason) => told.push(reason));
    expect(found.every((name) => !/[13]$/.test(name))).toBe(true);
    expect(told.every((reason) => /^bad .*[13]$/.test(reason))).toBe(true);
    const none = async () => Promise.reject(new Error('no'));
    await expect(new Sampler(shards, 0).take(1, none, () => {})).rejects.toThrow(
      'not one pair is usable',
    );
  });
});

test('checkpoints: the newest first, old ones and halves of killed runs removed', async () => {
  const out = join(root, 'out');
  expect(await checkpoints(out)).toEqual([]);
  const file = (s: string) => new Map([['a.txt', new TextEncoder().encode(s)]]);
  for (const step of [1, 2, 3]) {
    mkdirSync(join(out, '.partial-dead'), { recursive: true });
    await saveCheckpoint(out, step, file(`step ${step}`), 2);
  }
  expect((await checkpoints(out)).map((c) => c.step)).toEqual([3, 2]);
  expect(readdirSync(out).sort()).toEqual(['step-000002', 'step-000003']);
  await saveCheckpoint(out, 3, file('again'), 2);
  expect(readFileSync(join(out, 'step-000003/a.txt'), 'utf8')).toBe('again');
});

test('metrics: rows after the step and a row that was cut off go', async () => {
  const path = join(root, 'metrics.jsonl');
  const first = await MetricsFile.open(path, 0);
  for (const step of [1, 2, 3]) await first.append({ step, loss: 1 / step });
  writeFileSync(path, readFileSync(path, 'utf8') + '{"step": 4, "lo');
  const again = await MetricsFile.open(path, 2);
  await again.append({ step: 3, loss: 0.5 });
  expect(readFileSync(path, 'utf8')).toBe(
    '{"step":1,"loss":1}\n{"step":2,"loss":0.5}\n{"step":3,"loss":0.5}\n',
  );
  await MetricsFile.open(path, 0);
  expect(readFileSync(path, 'utf8')).toBe('');
});

test('metrics: of two runs in one folder, the earlier one stops', async () => {
  const path = join(root, 'shared', 'metrics.jsonl');
  const [first, second] = [await MetricsFile.open(path, 0), await MetricsFile.open(path, 0)];
  await first.append({ step: 1 }); // nothing has been written since: no harm
  await expect(second.append({ step: 1 })).rejects.toThrow(
    `${path} is not as it was left: does another run write to this folder?`,
  );
  const third = await MetricsFile.open(path, 1);
  await third.append({ step: 2, 'Märchen/top1': 0.5 });
  await expect(first.append({ step: 2 })).rejects.toThrow('another run');
  await third.append({ step: 3 });
  expect(readFileSync(path, 'utf8').match(/"step":\d/g)).toEqual(
    [1, 2, 3].map((n) => `"step":${n}`),
  );
});

test('evaluation: by hand', () => {
  const e = (...x: number[]) => Float32Array.from(x);
  const found = evaluate(
    [e(1, 0), e(0, 1), e(0.6, 0.8)],
    ['a', 'b', 'a'],
    [e(1, 0), e(0, 1)], // a, b
  );
  expect(found).toEqual({
    zero_shot_accuracy: 2 / 3, // the third is nearer to b
    image_to_text_r5: 1,
    text_to_image_r1: 1,
    text_to_image_r5: 1,
  });
  const blind = evaluate([e(0), e(0)], ['a', 'b'], [e(0), e(0)]);
  expect(blind.zero_shot_accuracy).toBe(0); // a tie is no knowledge
});

test('metrics.jsonl that is no regular file, or too large, is refused by its path and left as it is', async () => {
  const [device, large] = [join(root, 'device.jsonl'), join(root, 'large.jsonl')];
  symlinkSync('/dev/zero', device);
  await expect(MetricsFile.open(device, 3)).rejects.toThrow(`${device}: a device, expected a regular file`); // prettier-ignore
  writeFileSync(large, '{"step":1}\n');
  truncateSync(large, 2 ** 40);
  await expect(MetricsFile.open(large, 3)).rejects.toThrow(`${large}: 1099511627776 bytes, expected at most 268435456`); // prettier-ignore
  expect(statSync(large).size).toBe(2 ** 40);
  expect((await MetricsFile.open(join(root, 'none.jsonl'), 3)).rows).toEqual([]);
});
