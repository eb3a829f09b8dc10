// Opt-in, for people with network (`npm run test:hub`): downloads google/siglip-base-patch16-224, 813 MB, and compares
// with the numbers that transformers publishes for it.
import { expect, test } from 'vitest';
import { loadImage, pipeline, SiglipModel, SiglipProcessor } from 'siglip-ts';

const ID = 'google/siglip-base-patch16-224';
const CATS = 'http://images.cocodataset.org/val2017/000000039769.jpg';
const options = { progress_callback: () => {} };

test('SiglipModelIntegrationTest.test_inference', async () => {
  const model = await SiglipModel.fromPretrained(ID, options);
  const processor = await SiglipProcessor.fromPretrained(ID);
  const text = ['a photo of 2 cats', 'a photo of 2 dogs'];
  const images = await loadImage(CATS);
  const inputs = processor({ text, images, padding: 'max_length' });
  const { logits_per_image } = await model(inputs as never);
  const [cats, dogs] = await logits_per_image.data();
  expect(Math.abs(cats! - -0.7567)).toBeLessThan(1e-3);
  expect(Math.abs(dogs! - -10.3354)).toBeLessThan(1e-3);
  expect((100 / (1 + Math.exp(-cats!))).toFixed(1)).toBe('31.9');
}, 1_800_000);

test('the documentation page’s pipeline', async () => {
  const classify = await pipeline('zero-shot-image-classification', ID, options);
  const scores = await classify(CATS, ['2 cats', 'a plane', 'a remote']);
  expect(scores.map((s) => [s.label, s.score.toFixed(4)])).toEqual([
    ['2 cats', '0.1979'],
    ['a remote', '0.0000'],
    ['a plane', '0.0000'],
  ]);
}, 1_800_000);
