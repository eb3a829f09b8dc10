// Options and ends that a pipeline passes on: each must change something, so that one which is dropped is noticed.
import { afterEach, expect, test, vi } from 'vitest';
import { pipeline, type ProgressInfo, SiglipForImageClassification, SiglipModel } from 'siglip-ts';
import { Engine } from '../../../packages/backend-wasm/src/engine/engine.ts';
import { type Changes, type Tensors, variant } from '../folders/variant.ts';

afterEach(() => vi.restoreAllMocks());

const ROCKET = 'fixtures/images/twemoji-rocket.png';
const LABELS = ['rocket', 'pizza'];

test('tokenizer_kwargs count for labels that are remembered from a call without', async () => {
  const short = { tokenizer_kwargs: { max_length: 10 } };
  await using fresh = await pipeline('zero-shot-image-classification');
  const expected = await fresh(ROCKET, LABELS, short);
  await using pipe = await pipeline('zero-shot-image-classification');
  const full = await pipe(ROCKET, LABELS);
  expect(await pipe(ROCKET, LABELS, short)).toEqual(expected);
  expect(expected).not.toEqual(full);
  expect(await pipe(ROCKET, LABELS)).toEqual(full);
});

test('dispose ends the model and the backend that was made for it, once; not one that was passed', async () => {
  const ended = vi.spyOn(Engine.prototype, 'dispose');
  const pipe = await pipeline('zero-shot-image-classification');
  await pipe(ROCKET, LABELS);
  await pipe.dispose();
  await pipe.dispose();
  expect(ended).toHaveBeenCalledTimes(1);
  await expect(pipe(ROCKET, LABELS)).rejects.toThrow('the model was disposed');
  const { wasm } = await import('@siglip-ts/backend-wasm');
  const backend = await wasm();
  const other = await pipeline('zero-shot-image-classification', undefined, { backend });
  await other.dispose();
  expect(ended).toHaveBeenCalledTimes(1);
  backend.dispose();
});

test('a checkpoint without its pooling head is refused: none is drawn', async () => {
  const files = await variant({
    tensors: (all) => new Map([...all].filter(([key]) => !key.startsWith('vision_model.head.'))),
  });
  await expect(SiglipModel.from_pretrained(files)).rejects.toThrow(
    /the checkpoint lacks \d+ of the \d+ tensors of SiglipModel, among them "vision_model\.head\./,
  );
});

test("dtype 'auto' is config.json's, not that of the weights", async () => {
  const files = await variant({ config: (c) => ({ ...c, torch_dtype: 'bfloat16' }) });
  await using model = await SiglipModel.from_pretrained(files, { dtype: 'auto' });
  expect(model.runtime.dtype).toBe('bfloat16');
});

test('progress of weights ends at 100', async () => {
  const told: ProgressInfo[] = [];
  const progress_callback = (info: ProgressInfo) => void told.push(info);
  await using pipe = await pipeline('zero-shot-image-classification', undefined, { progress_callback }); // prettier-ignore
  await pipe(ROCKET, LABELS);
  const weights = told.filter(({ status }) => status === 'weights');
  expect(weights.length).toBeGreaterThan(10);
  expect(weights.at(-1)).toMatchObject({ progress: 100 });
});

/** A classifier of two classes; `scale` makes its logits large. */
const classifier = (scale: number): Changes => ({
  config: (c) => ({ ...c, id2label: { 0: 'hum', 1: 'ai' } }),
  tensors: (all: Tensors) =>
    new Map([
      ...[...all].filter(([key]) => key.startsWith('vision_model.')),
      ['classifier.weight', { dtype: 'F32', shape: [2, 128], data: Float32Array.from({ length: 256 }, (_, i) => scale * Math.sin(i)) }], // prettier-ignore
      ['classifier.bias', { dtype: 'F32', shape: [2], data: Float32Array.of(0, 800 * scale) }],
    ]),
});

test('logits beyond what exp can hold are scores', async () => {
  await using pipe = await pipeline('image-classification', await variant(classifier(10)));
  const scores = await pipe(ROCKET);
  expect(scores.map(({ label }) => label)).toEqual(['ai', 'hum']);
  expect(scores[0]!.score).toBe(1);
  expect(scores[1]!.score).toBe(0);
});

test('a label of -100 does not count: neither in the sum nor in what it is divided by', async () => {
  const files = await variant(classifier(0.01));
  await using model = await SiglipForImageClassification.from_pretrained(files);
  const picture = (seed: number) => Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => Math.sin(seed + i)); // prettier-ignore
  const [a, b] = [picture(1), picture(2)];
  const loss = async (data: Float32Array, n: number, labels: number[]) => {
    const pixel_values = { data, shape: [n, 3, 64, 64], dtype: 'float32' as const };
    const found = await model({ pixel_values, labels: { data: Int32Array.from(labels), shape: [n], dtype: 'int32' } }); // prettier-ignore
    return (await found.loss!.data())[0]!;
  };
  const both = Float32Array.from([...a, ...b]);
  expect(await loss(both, 2, [-100, 1])).toBeCloseTo(await loss(b, 1, [1]), 5);
  expect(await loss(both, 2, [0, -100])).toBeCloseTo(await loss(a, 1, [0]), 5);
});
