// siglip classify: sensible labels, the pipeline's scores, and pictures that are none.
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { backendNames, pipeline } from 'siglip-ts';
import { image, json, model, scratch, siglip } from './harness.ts';

type Results = { image: string; scores: { label: string; score: number }[] }[];

const LABELS = 'rocket, pizza, guitar, cat, bicycle, apple';
const rocket = image('twemoji-rocket.png');
const pizza = image('twemoji-pizza.png');
const files = scratch();

describe('scores', () => {
  test('six drawings are what they are', async () => {
    const drawings = ['rocket', 'pizza', 'guitar', 'cat-face', 'bicycle', 'red-apple'];
    const paths = drawings.map((name) => image(`twemoji-${name}.png`));
    const results = await json<Results>(['classify', ...paths, '--labels', LABELS]);
    const best = results.map(({ scores }) => scores[0]!.label);
    expect(best).toEqual(['rocket', 'pizza', 'guitar', 'cat', 'bicycle', 'apple']);
  });

  test('are those of the pipeline, in its order', async () => {
    const labels = ['a cat', 'a rocket, on its way', 'a pizza'];
    const found = await json<Results>([
      'classify',
      rocket,
      pizza,
      ...labels.flatMap((label) => ['--label', label]),
      ...['--template', 'an emoji of {}', '--attn', 'eager'],
    ]);
    await using pipe = await pipeline('zero-shot-image-classification');
    const expected = await pipe([rocket, pizza], labels, {
      hypothesis_template: 'an emoji of {}',
    });
    expect(found.map((result) => result.image)).toEqual([rocket, pizza]);
    for (const [i, { scores }] of found.entries()) {
      expect(scores.map(({ label }) => label)).toEqual(expected[i]!.map(({ label }) => label));
      expect(scores.map(({ score }) => score)).toEqual(expected[i]!.map(({ score }) => score));
    }
  });

  test('of half types differ, but not by much', async () => {
    const scoreIn = async (dtype: string) => {
      const argv = ['classify', rocket, '--labels', 'rocket', '--dtype', dtype, '--backend', 'cpu'];
      return (await json<Results>(argv))[0]!.scores[0]!.score;
    };
    const [single, half] = [await scoreIn('float32'), await scoreIn('bfloat16')];
    expect(half).not.toBe(single);
    expect(half).toBeCloseTo(single, 1);
  });

  test('a template says where the label goes as Python does: {} or {0}', async () => {
    const scoreWith = async (template: string) => {
      const argv = ['classify', rocket, '--label', 'a rocket', '--template', template];
      return (await json<Results>(argv))[0]!.scores[0]!.score;
    };
    expect(await scoreWith('an emoji of {0}')).toBe(await scoreWith('an emoji of {}'));
  });

  test('--labels is trimmed and comes before --label', async () => {
    const argv = ['classify', rocket, '--label', 'c, d', '--labels', ' a ,, b ', '--label', 'e'];
    const [result] = await json<Results>(argv);
    const labels = result!.scores.map(({ label }) => label).sort();
    expect(labels).toEqual(['a', 'b', 'c, d', 'e']);
  });
});

describe('for people', () => {
  test('a header and a bar for each label', async () => {
    const { code, stdout, stderr } = await siglip(['classify', rocket, '--labels', 'rocket, 猫']);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(rocket);
    expect(lines[1]).toMatch(/^  rocket    [█░]{24}  +[\d.]+ %$/);
    expect(lines[2]).toMatch(/^  猫        [█░]{24}  +[\d.<]+ %$/);
  });

  test('lines fit 80 columns, whatever the label', async () => {
    const label = 'photo '.repeat(12).trim();
    const { stdout } = await siglip(['classify', rocket, '--label', label, '--template', '{}.']);
    expect(stdout.split('\n')[1]!.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain('…');
  });

  test('colours and progress on a terminal, unless NO_COLOR is set', async () => {
    const argv = ['classify', rocket, pizza, '--labels', 'rocket'];
    const coloured = await siglip(argv, { tty: true });
    expect(coloured.stdout).toContain('\u001b[36m');
    expect(coloured.stderr).toContain('0/2');
    const plain = await siglip(argv, { tty: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001b');
    expect(plain.stderr).not.toContain('\u001b[36m');
    const piped = await siglip(argv);
    expect(piped).toEqual({ code: 0, stdout: plain.stdout, stderr: '' });
  });
});

describe('usage', () => {
  const expected =
    'siglip: classify: no labels, expected some as in: siglip classify rocket.png --labels "rocket, pizza"\n';

  test.each([[[]], [['--labels', ' , ']], [['--label', '']]])('no labels: %j', async (labels) => {
    expect(await siglip(['classify', rocket, ...labels])).toEqual({
      code: 2,
      stdout: '',
      stderr: expected,
    });
  });

  test.each([
    [['--template', 'hi'], '--template: "hi" has no {} where a label could go'],
    [
      ['--backend', 'abacus'],
      `option '--backend <name>' argument 'abacus' is invalid. Allowed choices are ${backendNames.join(', ')}.`,
    ],
    [
      ['--dtype', 'int8'],
      "option '--dtype <dtype>' argument 'int8' is invalid. Allowed choices are float32, float64, float16, bfloat16.",
    ],
    [
      ['--attn', 'none'],
      "option '--attn <name>' argument 'none' is invalid. Allowed choices are eager, sdpa, flash_attention_2.",
    ],
    [['--lable', 'x'], "unknown option '--lable' (Did you mean --label?)"],
  ])('%j', async (more, line) => {
    const result = await siglip(['classify', rocket, '--label', 'x', ...more]);
    expect(result).toEqual({ code: 2, stdout: '', stderr: `siglip: ${line}\n` });
  });

  test('a label too long for the model is cut, with a note', async () => {
    const labels = ['--label', 'cat '.repeat(20), '--label', 'rocket'];
    const { code, stdout, stderr } = await siglip(['classify', rocket, ...labels, '--json']);
    expect(code).toBe(0);
    expect(stderr).toBe(
      'siglip: note: text "This is a photo of cat cat cat cat cat …" has 26 tokens, cut to the 16 that the model takes\n',
    );
    await using pipe = await pipeline('zero-shot-image-classification');
    const expected = await pipe(rocket, ['cat '.repeat(20), 'rocket'], {
      tokenizer_kwargs: { truncation: true },
    });
    const [{ scores }] = JSON.parse(stdout) as [Results[number]];
    expect(scores).toEqual(expected.map(({ label, score }) => ({ label, score })));
  });
});

/** A PNG whose header promises so many pixels and whose data is not there. */
function hollowPng(width: number, height: number): Uint8Array {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    let crc = ~0;
    for (const byte of body) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(~crc >>> 0);
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const magic = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const data = chunk('IDAT', deflateSync(Buffer.alloc(10)));
  return Buffer.concat([magic, chunk('IHDR', header), data, chunk('IEND', Buffer.alloc(0))]);
}

describe('pictures that are none', () => {
  const png = readFileSync(rocket);
  const corrupt = Uint8Array.from(png, (byte, i) => (i > 100 && i < 140 ? byte ^ 255 : byte));

  test.each([
    ['nowhere.png', null, 'no such file or folder'],
    ['notes.txt', 'hello', /neither PNG nor JPEG, it is text that begins "hello"$/],
    ['empty.png', '', /^cannot identify image file: neither PNG nor JPEG, it is empty$/],
    ['cut.png', png.subarray(0, 300), /^image file is truncated/],
    ['corrupt.png', corrupt, /^(broken data stream|image file is truncated|cannot)/],
    ['bomb.png', hollowPng(50_000, 50_000), /^Image size \(2500000000 pixels\) exceeds limit/],
    ['hollow.png', hollowPng(10_000, 10_000), /^image file is truncated/],
  ])('%s', async (name, content, reason) => {
    const path = content === null ? files.path(name) : files.write(name, content);
    const { code, stdout, stderr } = await siglip(['classify', path, '--labels', 'x']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n').length).toBe(2);
    const start = `siglip: ${path}: `;
    expect(stderr.slice(0, start.length)).toBe(start);
    expect(stderr.slice(start.length).trimEnd()).toMatch(reason);
  });

  test('a folder without any', async () => {
    const { code, stdout, stderr } = await siglip(['classify', model('plain'), '--labels', 'x']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^siglip: \S+plain: no picture among its \d+ files?\n$/);
  });

  test.skipIf(process.platform === 'win32')('a device', async () => {
    const { code, stderr } = await siglip(['classify', '/dev/zero', '--labels', 'x']);
    expect([code, stderr]).toEqual([2, 'siglip: /dev/zero: a device, expected a regular file\n']);
  });

  test('a name cannot steer the terminal', async () => {
    const { stderr } = await siglip(['classify', 'a\u001b[31m\nb', '--labels', 'x']);
    expect(stderr).toBe('siglip: a\\u001b[31m; b: no such file or folder\n');
  });

  test('one bad picture of several loses nothing', async () => {
    const bad = files.write('bad.png', 'no');
    const argv = ['classify', rocket, bad, pizza, '--labels', LABELS, '--json'];
    const { code, stdout, stderr } = await siglip(argv);
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as Results).map((r) => r.image)).toEqual([rocket, pizza]);
    expect(stderr).toMatch(/^siglip: .*bad\.png: cannot identify image file: [^\n]*\n$/);
  });
});

describe('"-" is the picture on stdin', () => {
  const stdin = readFileSync(rocket);
  const scoresOf = ([first]: Results) => first!.scores;

  test('with the scores of the file', async () => {
    const argv = ['--labels', LABELS];
    const [found] = [await json<Results>(['classify', '-', ...argv], { stdin })];
    expect(found[0]!.image).toBe('-');
    expect(scoresOf(found)).toEqual(scoresOf(await json<Results>(['classify', rocket, ...argv])));
  });
  test('errors call it stdin', async () => {
    const { code, stderr } = await siglip(['classify', '-', '--labels', 'x'], { stdin: 'hello' });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^siglip: stdin: cannot identify/)]);
  });
  test('it is read once', async () => {
    const { code, stdout, stderr } = await siglip(
      ['classify', '-', '-', '--labels', LABELS, '--json'],
      { stdin },
    );
    expect([code, (JSON.parse(stdout) as Results).length]).toEqual([1, 1]);
    expect(stderr).toBe('siglip: "-": stdin was read before, it can be read once\n');
  });
  test.each([
    ['embed', ['embed', '-']],
    ['preprocess', ['preprocess', '-']],
    ['explain-score', ['explain-score', '-', 'a rocket']],
  ])('%s', async (_, argv) => {
    expect((await siglip(argv, { stdin })).code).toBe(0);
  });
});

test('a WebP file named photo.jpg is read where sharp is, else it says what to do', async () => {
  const bundle = readFileSync(image('../image/platform.bin'));
  const webp = files.write('photo.jpg', bundle.subarray(0, 224)); // the first file in it
  const { code, stdout, stderr } = await siglip(['classify', webp, '--labels', 'x', '--json']);
  const hasSharp = await import('sharp').then(
    () => true,
    () => false,
  );
  if (hasSharp) expect([code, (JSON.parse(stdout) as Results).length, stderr]).toEqual([0, 1, '']);
  else
    expect([code, stderr]).toEqual([2, expect.stringContaining('npm install sharp, or convert')]);
});

test('an http(s) address is named once', async () => {
  const { code, stderr } = await siglip(['classify', 'http://127.0.0.1:1/a.png', '--labels', 'x']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^siglip: \S+a\.png: (?!http)/)]);
});

test('an abort ends it with 130 and without a word', async () => {
  const stop = new AbortController();
  const result = siglip(['classify', rocket, pizza, '--labels', LABELS], { signal: stop.signal });
  stop.abort();
  expect(await result).toEqual({ code: 130, stdout: '', stderr: '' });
});
