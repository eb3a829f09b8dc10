// The image processor that a folder names is the one that is used, by pipelines and commands alike.
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  AutoImageProcessor,
  AutoProcessor,
  loadImage,
  pipeline,
  SiglipImageProcessorFast,
} from 'siglip-ts';
import { json as run, scratch, siglip } from '../../cli/harness.ts';
import { type Changes, type Tensors, variant } from './variant.ts';

const ROCKET = 'fixtures/images/twemoji-rocket.png';
const fast: Changes = {
  processor: (p) => ({ ...p, image_processor_type: 'SiglipImageProcessorFast' }),
};
const files = scratch();

async function onDisk(name: string, changes: Changes): Promise<string> {
  const folder = files.path(name);
  mkdirSync(folder);
  for (const [file, bytes] of await variant(changes)) writeFileSync(`${folder}/${file}`, bytes);
  return folder;
}

describe('SiglipImageProcessorFast', () => {
  // transformers 4.49.0, torchvision 0.29.1; the slow one gives 0.3807838, further off than floats are
  const RIGHT = 0.38082765;

  test('in the pipeline and every Auto class', async () => {
    const model = await variant(fast);
    await using pipe = await pipeline('zero-shot-image-classification', model);
    expect(pipe.image_processor).toBeInstanceOf(SiglipImageProcessorFast);
    const [{ score }] = await pipe(ROCKET, ['rocket']);
    expect(Math.abs(score - RIGHT)).toBeLessThan(2e-6);
    for (const kind of [AutoImageProcessor, AutoProcessor]) {
      const found = await kind.from_pretrained(model);
      const own = 'image_processor' in found ? found.image_processor : found;
      expect(own).toBeInstanceOf(SiglipImageProcessorFast);
    }
  });

  test('in the commands', async () => {
    const folder = await onDisk('fast', fast);
    const [found] = await run<{ scores: { score: number }[] }[]>([
      'classify',
      ROCKET,
      '--labels',
      'rocket',
      '--model',
      folder,
    ]);
    expect(Math.abs(found!.scores[0]!.score - RIGHT)).toBeLessThan(2e-6);
    const hash = async (...more: string[]) =>
      (await run<{ sha256: string }>(['preprocess', ROCKET, ...more])).sha256;
    expect(await hash('--model', folder)).toBe(await hash('--fast'));
    expect(await hash('--model', folder)).not.toBe(await hash());
    const vector = async (...more: string[]) =>
      (await run<{ embeddings: number[][] }>(['embed', ROCKET, ...more])).embeddings[0];
    expect(await vector('--model', folder)).not.toEqual(await vector());
  });
});

// Scores of transformers 4.49.0's pipeline, Pillow 13. The cut leaves out two thirds of the width of cat.jpg.
describe.each([
  [
    'CLIPImageProcessor',
    { size: { shortest_edge: 64 }, crop_size: { height: 64, width: 64 } },
    0.022109052,
  ],
  ['ViTImageProcessor', { resample: undefined }, 0.033526473],
])('%s', (image_processor_type, fields, right) => {
  // prettier-ignore
  test('in the pipeline', async () => {
    const model = await variant({ processor: (p) => ({ ...p, ...fields, image_processor_type }) });
    await using pipe = await pipeline('zero-shot-image-classification', model);
    const [{ score }] = await pipe('fixtures/images/cat.jpg', ['cat']);
    expect(Math.abs(score / right - 1)).toBeLessThan(2e-5);
  });
});

test.each<[unknown, string]>([
  ['DPTImageProcessor', 'DPTImageProcessor'],
  [{ height: 64, toString: 64 }, '{"height":64,"toString":64}'],
])('a processor that is not known is refused: %o', async (image_processor_type, name) => {
  const model = await variant({ processor: (p) => ({ ...p, image_processor_type }) });
  await expect(AutoImageProcessor.from_pretrained(model)).rejects.toThrow(
    `preprocessor_config.json names the image processor "${name}", which is not known here`,
  );
});

describe('a classifier', () => {
  const labelled = (id2label: Record<string, string>): Changes => ({
    config: (config) => ({ ...config, architectures: ['SiglipForImageClassification'], id2label }),
    tensors: (all: Tensors) =>
      new Map([
        ...[...all].filter(([key]) => key.startsWith('vision_model.')),
        ['classifier.weight', { dtype: 'F32', shape: [2, 128], data: Float32Array.from({ length: 256 }, (_, i) => Math.sin(i) / 10) }], // prettier-ignore
        ['classifier.bias', { dtype: 'F32', shape: [2], data: new Float32Array(2) }],
      ]),
  });

  test('gives its own labels in siglip classify, as the pipeline', async () => {
    const folder = await onDisk('own', labelled({ 0: 'hum', 1: 'ai' }));
    await using pipe = await pipeline('image-classification', folder);
    const [found] = await run<{ scores: object[] }[]>(['classify', ROCKET, '--model', folder]);
    expect(found!.scores).toEqual(await pipe(await loadImage(ROCKET)));
    expect(found!.scores).toMatchObject([{ label: 'ai' }, { label: 'hum' }]);
    expect(await siglip(['classify', ROCKET, '--model', folder, '--labels', 'hum'])).toEqual({
      code: 2,
      stdout: '',
      stderr: `siglip: --labels: ${folder} is a classifier with labels of its own, leave them out\n`,
    });
  });

  test.each([
    [{ 1: 'hum', 2: 'ai' }, /^KeyError: 0; id2label of config\.json has no label for class 0 of 2, it has 1, 2$/], // prettier-ignore
    [{ 0: 'hum', 2: 'ai' }, /^KeyError: 1; .* class 1 of 2, it has 0, 2$/],
  ])('whose id2label is %j is refused', async (id2label, message) => {
    await using pipe = await pipeline('image-classification', await variant(labelled(id2label)));
    await expect(pipe(ROCKET)).rejects.toThrow(message);
  });
});
