// siglip embed: the vectors of the model classes, in every kind of file.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import {
  defaultModel,
  loadImage,
  SiglipImageProcessor,
  SiglipModel,
  SiglipTokenizer,
} from 'siglip-ts';
import { image, json, model, scratch, siglip } from './harness.ts';

interface Document {
  inputs: string[];
  shape: [number, number];
  embeddings: number[][];
}

const [cat, rocket] = [image('cat.jpg'), image('twemoji-rocket.png')];
const files = scratch();

test('a picture gives get_image_features', async () => {
  const found = await json<Document>(['embed', cat, rocket, '--backend', 'cpu']);
  const source = await defaultModel();
  await using siglipModel = await SiglipModel.fromPretrained(source, { backend: 'cpu' });
  const processor = await SiglipImageProcessor.fromPretrained(source);
  const pictures = [await loadImage(cat), await loadImage(rocket)];
  const { pixel_values } = processor(pictures, { return_tensors: true });
  const expected = await siglipModel.get_image_features({ pixel_values });
  expect(found).toEqual({
    inputs: [cat, rocket],
    shape: [2, 128],
    embeddings: await expected.toArray(),
  });
});

test('a text gives get_text_features; "-" reads more of them', async () => {
  const stdin = '"a cat"\n\n"zwei\\nZeilen"\n';
  const found = await json<Document>(
    ['embed', '--text', 'first', '--text', '-', '--backend', 'cpu'],
    { stdin },
  );
  const texts = ['first', 'a cat', 'zwei\nZeilen'];
  const source = await defaultModel();
  await using siglipModel = await SiglipModel.fromPretrained(source, { backend: 'cpu' });
  const tokenizer = await SiglipTokenizer.fromPretrained(source);
  const { input_ids } = tokenizer(texts, null, { padding: 'max_length', return_tensors: true });
  const expected = await siglipModel.get_text_features({ input_ids });
  expect(found.inputs).toEqual(texts);
  expect(found.embeddings).toEqual(await expected.toArray());
});

test('--normalize gives vectors of length 1', async () => {
  const [plain, unit] = [
    await json<Document>(['embed', cat]),
    await json<Document>(['embed', cat, '--normalize']),
  ];
  const length = Math.hypot(...plain.embeddings[0]!);
  expect(Math.hypot(...unit.embeddings[0]!)).toBeCloseTo(1, 6);
  unit.embeddings[0]!.forEach((x, i) =>
    expect(x).toBe(Math.fround(plain.embeddings[0]![i]! / length)),
  );
});

test('--out writes .npy, .safetensors and .json with the same numbers', async () => {
  const { embeddings } = await json<Document>(['embed', cat, rocket]);
  const out = async (name: string) => {
    const path = files.path(name);
    const said = await json(['embed', cat, rocket, '--out', path]);
    expect(said).toEqual({ out: path, shape: [2, 128] });
    return readFileSync(path);
  };
  const npy = await out('e.npy');
  expect(npy.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  const header = npy.readUInt16LE(8);
  expect((10 + header) % 64).toBe(0);
  expect(npy.subarray(10, 10 + header).toString()).toMatch(
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 128\), \} *\n$/,
  );
  const numbers = Array.from({ length: 256 }, (_, i) => npy.readFloatLE(10 + header + 4 * i));
  expect(numbers).toEqual(embeddings.flat());

  const stored = await openSafetensors(bytesSource(await out('e.safetensors')));
  const tensor = await stored.read('embeddings');
  expect([tensor.dtype, tensor.shape]).toEqual(['F32', [2, 128]]);
  expect([...tensor.data]).toEqual(embeddings.flat());
  expect([...stored.metadata.keys()]).toEqual(['producer', 'names']);
  expect(JSON.parse(stored.metadata.get('names')!)).toEqual([cat, rocket]);
  expect(JSON.parse(readFileSync(files.path('e.names.json'), 'utf8'))).toEqual([cat, rocket]);

  const document = JSON.parse((await out('e.json')).toString()) as Document;
  expect(document.embeddings).toEqual(embeddings);
});

test('for people: how many, how long, and the first numbers', async () => {
  const { stdout } = await siglip(['embed', '--text', 'a cat']);
  expect(stdout).toMatch(
    /^1 vector of 128 numbers, not normalised\n  a cat {21}( +-?\d\.\d{4}){5} …\n$/,
  );
  const path = files.path('p.npy');
  expect((await siglip(['embed', '--text', 'a', '--normalize', '--out', path])).stdout).toBe(
    `1 vector of 128 numbers, of length 1: ${path}\n`,
  );
});

test('a text too long for the model is cut, with a note', async () => {
  const embedded = (words: number) =>
    siglip(['embed', '--text', 'cat '.repeat(words), '--json', '--backend', 'cpu']);
  const [long, full] = [await embedded(20), await embedded(15)];
  expect([long.code, long.stderr]).toEqual([
    0,
    'siglip: note: text "cat cat cat cat cat cat cat cat cat cat…" has 21 tokens, cut to the 16 that the model takes\n',
  ]);
  expect(full.stderr).toBe('');
  const rows = [long, full].map(({ stdout }) => (JSON.parse(stdout) as Document).embeddings);
  expect(rows[0]).toEqual(rows[1]);
});

const ONE = 'embed: expected images or --text, one of the two; see siglip embed --help';

test.each([
  [['embed'], ONE],
  [['embed', cat, '--text', 'x'], ONE],
  [
    ['embed', cat, '--out', 'x.txt'],
    '--out: "x.txt", expected a name in .npy, .safetensors or .json',
  ],
  [['embed', '--text', 'a', '--out', '/no/x.npy'], '/no/x.npy: no such file or folder'],
  [['embed', 'no.png'], 'no.png: no such file or folder'],
  [
    ['embed', cat, '--model', model('no-head')],
    `${model('no-head')} does not appear to have a file named preprocessor_config.json`,
  ],
])('%j', async (argv, line) => {
  expect(await siglip(argv)).toEqual({ code: 2, stdout: '', stderr: `siglip: ${line}\n` });
});

test('a line of stdin that is no JSON string is named', async () => {
  const { code, stderr } = await siglip(['embed', '--text', '-'], { stdin: '"a"\n{}\n' });
  expect([code, stderr]).toEqual([
    2,
    'siglip: stdin, line 2: {} is no JSON string, expected one such as "a cat"\n',
  ]);
});
