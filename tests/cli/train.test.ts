// siglip train and siglip finetune: what they say and what it leaves. The run itself is tests/trainer.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pipeline, SiglipVisionModel } from 'siglip-ts';
import { image, json, scratch, siglip } from './harness.ts';

const { path } = scratch();
const data = path('data');
mkdirSync(data);
const pairs = { 'twemoji-rocket.png': 'a rocket', 'twemoji-pizza.png': 'a pizza' };
for (const name of Object.keys(pairs)) cpSync(image(name), join(data, name));
writeFileSync(
  join(data, 'captions.jsonl'),
  Object.entries({ ...pairs, 'gone.png': 'nothing' })
    .map(([file_name, text]) => JSON.stringify({ file_name, text }))
    .join('\n'),
);
const short = ['--steps', '3', '--batch-size', '2', '--warmup', '1', '--save-every', '2'];
const command = (out: string) => ['train', '--data', data, '--out', path(out), ...short];

test('tells the loss, what was skipped, and where everything is', async () => {
  const { code, stdout, stderr } = await siglip([...command('out'), '--held-out', data]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^siglip: skipped: .*captions\.jsonl:3: ENOENT.*\nsiglip: note: 1 pair skipped\n$/,
  );
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^step 3 of 3, loss \d\.\d{4}$/),
    expect.stringMatching(/^zero shot accuracy \d+\.\d %$/),
    expect.stringMatching(/^image to text r5 /),
    expect.stringMatching(/^text to image r1 /),
    expect.stringMatching(/^text to image r5 /),
    `checkpoint ${path('out')}/step-000003`,
    `curves ${path('out')}/report.svg`,
    '',
  ]);
  expect(readdirSync(path('out')).sort()).toEqual([
    'metrics.jsonl',
    'report.svg',
    'step-000002',
    'step-000003',
  ]);
  expect(readFileSync(path('out/report.svg'), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
});

test('the checkpoint classifies', async () => {
  const [found] = await json<{ scores: { label: string }[] }[]>([
    'classify',
    image('twemoji-rocket.png'),
    '--labels',
    'rocket, pizza',
    '--model',
    path('out/step-000003'),
  ]);
  expect(found!.scores[0]!.label).toBe('rocket');
});

test('an interrupted run ends with 130, and is resumed', async () => {
  const stop = new AbortController();
  stop.abort();
  const first = await siglip([...command('again'), '--json'], { signal: stop.signal });
  expect(first.code).toBe(130);
  expect(JSON.parse(first.stdout)).toMatchObject({ step: 0 });
  const second = await siglip([...command('again'), '--resume', '--json']);
  expect(JSON.parse(second.stdout)).toMatchObject({ step: 3, skipped: 1 });
});

test.each([
  [['--data', 'nowhere', '--out', 'x'], 'nowhere: no such file or folder'],
  [['--out', 'x'], "required option '--data <path>' not specified"],
  [['--data', data, '--out', 'x', '--steps', '-1'], 'expected a whole number'],
  [['--data', data, '--out', 'x', '--freeze', '('], '--freeze: Invalid regular expression'],
  [['--data', data, '--out', path('out')], 'resume it, or name another folder'],
])('%j: exit 2 and one line', async (argv, message) => {
  const { code, stdout, stderr } = await siglip(['train', ...argv]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split('\n').length).toBe(1);
});

describe('finetune', () => {
  const folder = path('classes');
  const classes = {
    round: ['twemoji-pizza.png', 'twemoji-red-apple.png'],
    long: ['twemoji-rocket.png', 'twemoji-guitar.png'],
  };
  for (const [name, files] of Object.entries(classes)) {
    mkdirSync(join(folder, name), { recursive: true });
    for (const file of files) cpSync(image(file), join(folder, name, file));
  }
  const command = [
    'finetune',
    '--data',
    folder,
    '--steps',
    '8',
    '--batch-size',
    '4',
    '--warmup',
    '1',
    '--learning-rate',
    '1e-3',
  ];

  test('learns the classes, and the checkpoint is a classifier with their names', async () => {
    const out = path('finetuned');
    const found = await json<{ evaluation: { accuracy: number } }>([
      ...command,
      '--held-out',
      folder,
      '--out',
      out,
    ]);
    expect(found.evaluation.accuracy).toBe(1);
    const classify = await pipeline('image-classification', join(out, 'step-000008'));
    const [first] = await classify(readFileSync(image('twemoji-pizza.png')));
    expect(first!.label).toBe('round');
    await classify.dispose();
  });

  test('with --freeze vision only the new layer moves', async () => {
    const out = path('probe');
    await json([...command, '--freeze', 'vision', '--out', out]);
    const read = async (from: string) => {
      const model = await SiglipVisionModel.fromPretrained(from);
      const shape = model.runtime.shapes.get('vision_model.embeddings.patch_embedding.weight')!;
      return model.runtime.checkpoint.read(
        'vision_model.embeddings.patch_embedding.weight',
        0,
        shape[0]!,
        'float32',
      );
    };
    expect(await read(join(out, 'step-000008'))).toEqual(await read('packages/tiny-model/model'));
  });

  test('one class is none', async () => {
    const { code, stderr } = await siglip([
      'finetune',
      '--data',
      join(folder, 'round'),
      '--out',
      path('x'),
    ]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('0 folders, expected one for each class, at least 2'),
    ]);
  });
});
