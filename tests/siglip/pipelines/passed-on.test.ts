// Options and ends that a pipeline passes on: each must change something, so that one which is dropped is noticed.
import { afterEach, expect, test, vi } from 'vitest';
import { pipeline, SiglipModel } from 'siglip-ts';
import { Engine } from '../../../packages/backend-wasm/src/engine/engine.ts';
import { variant } from '../folders/variant.ts';

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
