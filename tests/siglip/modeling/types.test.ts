// What results are typed as, by what was passed: the compiler checks this file (npm run typecheck), and running it checks
// that the types are true.
import { expect, expectTypeOf, test } from 'vitest';
import {
  AutoModel,
  AutoProcessor,
  defaultModel,
  HostTensor,
  loadImage,
  pipeline,
  type RankedLabels,
  type SiglipModel,
  SiglipVisionModel,
} from 'siglip-ts';

interface Ids {
  data: Int32Array;
  shape: number[];
  dtype: 'int32';
}
interface Floats {
  data: Float32Array;
  shape: number[];
  dtype: 'float32';
}

const path = 'fixtures/images/twemoji-rocket.png';

test('a processor', async () => {
  const processor = await AutoProcessor.from_pretrained(await defaultModel());
  const images = await loadImage(path);

  const both = processor({ text: ['a', 'b'], images, padding: 'max_length' });
  expectTypeOf(both.input_ids).toEqualTypeOf<Ids>();
  expectTypeOf(both.pixel_values).toEqualTypeOf<Floats>();
  expect([both.input_ids.shape, both.pixel_values.shape]).toEqual([
    [2, 16],
    [1, 3, 64, 64],
  ]);

  const text = processor({ text: 'a', return_tensors: 'np' });
  expectTypeOf(text.input_ids).toEqualTypeOf<Ids>();
  expectTypeOf(text).not.toHaveProperty('pixel_values');
  expect('pixel_values' in text).toBe(false);

  const pictures = processor({ images: [images] });
  expectTypeOf(pictures.pixel_values).toEqualTypeOf<Floats>();
  expectTypeOf(pictures).not.toHaveProperty('input_ids');
  expect('input_ids' in pictures).toBe(false);

  const list = processor({ text: 'a', return_tensors: false });
  expectTypeOf(list.input_ids).toEqualTypeOf<number[]>();
  expect(list.input_ids).toBeInstanceOf(Array);
  const lists = processor({ text: ['a'], images, return_tensors: null });
  expectTypeOf(lists.input_ids).toEqualTypeOf<number[][]>();
  expect(lists.input_ids[0]).toBeInstanceOf(Array);
  expect(lists.pixel_values[0]!.shape).toEqual([3, 64, 64]);

  const perhaps = processor({ text: 'a' as string | null, images });
  expectTypeOf(perhaps.input_ids).toEqualTypeOf<Ids | undefined>();
});

test('AutoModel gives a SiglipModel, or what is named', async () => {
  await using model = await AutoModel.fromPretrained(await defaultModel());
  expectTypeOf(model).toEqualTypeOf<SiglipModel>();
  const load = () => AutoModel.from_pretrained<SiglipVisionModel>('folder');
  expectTypeOf<Awaited<ReturnType<typeof load>>>().toEqualTypeOf<SiglipVisionModel>();
});

test('pipelines', async () => {
  await using classify = await pipeline('zero-shot-image-classification');
  const scores = await classify(path, ['rocket']);
  expectTypeOf(scores).toEqualTypeOf<RankedLabels>();
  const [best] = scores;
  expectTypeOf(best.label).toEqualTypeOf<string>();
  expectTypeOf(await classify([path], ['rocket'])).toEqualTypeOf<RankedLabels[]>();

  await using features = await pipeline('image-feature-extraction');
  const patches = await features(path);
  expectTypeOf(patches).toEqualTypeOf<number[][][]>();
  expect(patches[0]![0]).toHaveLength(128);
  const pooled = await features(path, { pool: true });
  expectTypeOf(pooled).toEqualTypeOf<number[][]>();
  expect(pooled[0]).toHaveLength(128);
  const tensor = await features(path, { pool: true, return_tensors: true });
  expectTypeOf(tensor).toEqualTypeOf<HostTensor>();
  expect(tensor).toBeInstanceOf(HostTensor);
  expectTypeOf(await features([path], { return_tensors: true })).toEqualTypeOf<HostTensor[]>();
});
