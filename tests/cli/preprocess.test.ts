// siglip preprocess: the numbers of the two image processors.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { defaultModel, loadImage, SiglipImageProcessor, SiglipImageProcessorFast } from 'siglip-ts';
import { image, json, scratch, siglip } from './harness.ts';

// One of them is to be turned upright, one has no colours.
const names = ['coffee-exif6.jpg', 'camera-gray.jpg'].map(image);
const files = scratch();

const sha256 = (x: Float32Array) =>
  createHash('sha256')
    .update(new Uint8Array(x.buffer, x.byteOffset, x.byteLength))
    .digest('hex');

test.each([
  ['slow', SiglipImageProcessor, []],
  ['fast', SiglipImageProcessorFast, ['--fast']],
])('%s: as the class has it', async (_, kind, more) => {
  const processor = await kind.fromPretrained(await defaultModel());
  const pictures = await Promise.all(names.map((name) => loadImage(name)));
  const { pixel_values } = processor(pictures, { return_tensors: true });
  const out = files.path('pixels.safetensors');
  const said = await json<Record<string, unknown>>(['preprocess', ...names, '--out', out, ...more]);
  expect(said).toMatchObject({ out, shape: [2, 3, 64, 64], sha256: sha256(pixel_values.data) });
  const file = await openSafetensors(bytesSource(readFileSync(out)));
  expect([...file.tensors.keys()]).toEqual(['pixel_values']);
  const { dtype, shape, data } = await file.read('pixel_values');
  expect([dtype, shape]).toEqual(['F32', [2, 3, 64, 64]]);
  expect(sha256(data as Float32Array)).toBe(sha256(pixel_values.data));
});

test('the fast one differs from the slow one', async () => {
  const slow = await json<{ sha256: string }>(['preprocess', names[0]!]);
  const fast = await json<{ sha256: string }>(['preprocess', names[0]!, '--fast']);
  expect(fast.sha256).not.toBe(slow.sha256);
});

test('for people: shape, range and sum', async () => {
  const { code, stdout } = await siglip(['preprocess', names[0]!]);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^shape   \[1, 3, 64, 64\]\nrange   -\d\.\d{4} to \d\.\d{4}, mean -?\d\.\d{4}\nsha256  [0-9a-f]{64}\n$/,
  );
});

test('pictures of different sizes do not stack where nothing is resized', async () => {
  const source = files.path('unresized');
  files.copy(image('../../packages/tiny-model/model'), 'unresized');
  files.write('unresized/preprocessor_config.json', '{"do_resize": false}');
  const [a, b] = names as [string, string];
  const { code, stderr } = await siglip(['preprocess', a, b, '--model', source]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^siglip: \S+camera-gray\.jpg: size \[1,3,\d+,\d+\], expected that of /);
});

test.each([
  [['preprocess', 'no.png'], 'no.png: no such file or folder'],
  [['preprocess', names[0]!, '--out', 'x.npy'], '--out: "x.npy", expected a name in .safetensors'],
  [['preprocess'], "missing required argument 'images'; see siglip preprocess --help"],
])('%j', async (argv, line) => {
  expect(await siglip(argv)).toEqual({ code: 2, stdout: '', stderr: `siglip: ${line}\n` });
});
