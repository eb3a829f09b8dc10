// Values that options cannot have, as they come from a request's JSON or query: refused by name, before anything is read. Which
// names there are is in options.test.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  defaultModel,
  type ImageClassificationPipeline,
  loadImage,
  pipeline,
  type ZeroShotImageClassificationPipeline,
} from 'siglip-ts';

const path = join(import.meta.dirname, '../../../fixtures/images/twemoji-rocket.png');
const rocket = readFileSync(path);
const circle: unknown[] = [];
circle.push(circle);

let classify: ZeroShotImageClassificationPipeline;
let classes: ImageClassificationPipeline;
beforeAll(async () => {
  classify = await pipeline('zero-shot-image-classification');
  const config = { id2label: { 0: 'a', 1: 'b', 2: 'c' } };
  classes = await pipeline('image-classification', await defaultModel(), { config, warn() {} });
});

const amount = 'expected a number of at least 0';
const READING: readonly (readonly [name: string, value: unknown, message: string])[] = [
  ...['maxPixels', 'maxScanSamples', 'maxTextChunk', 'maxTextMemory', 'maxBytes'].flatMap((name) => [
    [name, NaN, `${name}: NaN, ${amount}`] as const,
    [name, -1, `${name}: -1, ${amount}`] as const,
    [name, '9', `${name}: "9", ${amount}`] as const,
    [name, null, `${name}: `] as const,
  ]),
  ['silence', NaN, 'silence: NaN, expected a number of seconds'],
  ['silence', -1, 'silence: -1, expected a number of seconds'],
  ['silence', null, 'silence: null, expected a number of seconds'],
  ['timeout', NaN, 'timeout: NaN, expected a number of seconds, or null for no limit'],
  ['timeout', '9', 'timeout: "9", expected a number of seconds'],
  ['timeout', 5n, 'timeout: 5, expected a number of seconds'],
  ['timeout', circle, 'timeout: an object, expected a number of seconds'],
  ['fetch', {}, 'fetch: {}, expected a function'],
  ['signal', 'x', 'signal: "x", expected an AbortSignal'],
  ['signal', null, 'signal: null, expected an AbortSignal'],
  ['decoders', {}, 'decoders: {}, expected a list of { matches, decode }'],
  ['decoders', [null], 'decoders: [null], expected a list of { matches, decode }'],
  ['kernels', 5, 'kernels: 5, expected { inverseDct, … }, or none'],
  ['truncated', 'x', 'truncated: "x", expected "error" or "pad"'],
  ['truncated', {}, 'truncated: an object, expected "error" or "pad"'],
]; // prettier-ignore

describe('where a picture is read', () => {
  test.each(READING)('%s: $2', async (name, value, message) => {
    const wrong = { [name]: value };
    for (const call of [
      () => loadImage(rocket, wrong),
      () => classify(rocket, ['a'], wrong),
      () => classes(rocket, wrong),
    ]) {
      await expect(call()).rejects.toThrow(message);
      await expect(call()).rejects.toBeInstanceOf(TypeError);
    }
  });

  test('what means no limit is taken, and what is not given has its default', async () => {
    const none = { maxPixels: Infinity, maxBytes: Infinity, timeout: null, silence: Infinity };
    for (const o of [none, { ...none, timeout: Infinity }, { fetch: undefined, signal: undefined }])
      expect((await loadImage(rocket, o as object)).width).toBe(320);
    const fetch = async () => new Response(rocket);
    const image = await loadImage('http://example.org/', { fetch, timeout: Infinity });
    expect(image.width).toBe(320);
  });
});

describe('of a call', () => {
  test.each<[object, string]>([
    [{ hypothesis_template: 5 }, 'hypothesis_template: 5, expected a text or at least one in a list'], // prettier-ignore
    [{ hypothesis_template: ['{}', null] }, 'hypothesis_template: ["{}",null], expected a text'],
    [{ tokenizer_kwargs: 'x' }, 'tokenizer_kwargs: "x", expected an object'],
    [{ tokenizer_kwargs: { max_length: 'x' } }, 'max_length: "x", expected a whole number'],
    [{ tokenizer_kwargs: { max_length: -1 } }, 'max_length: -1, expected a whole number'],
    [{ tokenizer_kwargs: { max_length: 1e9 } }, 'texts padded to 1000000000 tokens, expected at most 16, the positions'], // prettier-ignore
    [{ tokenizer_kwargs: { pad_to_multiple_of: 1e9 } }, 'texts padded to 1000000000 tokens'],
    [{ on_text: 'x' }, 'on_text: "x", expected a function'],
    [{ on_image: {} }, 'on_image: {}, expected a function'],
    [{ breathe: 5 }, 'breathe: 5, expected a function'],
    [{ candidate_labels: 5n }, 'candidate_labels: 5, expected a list of strings'],
    [{ candidate_labels: [circle] }, 'candidate_labels: an object, expected a list of strings'],
  ])('zero-shot: $1', (options, message) =>
    expect(classify(rocket, { candidate_labels: ['a'], ...options })).rejects.toThrow(message),
  );

  test.each<[object, string]>([
    [{ top_k: NaN }, 'top_k: NaN, expected a number of at least 0'],
    [{ top_k: 'x' }, 'top_k: "x", expected a number'],
    [{ function_to_apply: 5 }, 'function_to_apply: 5, expected a text'],
  ])('image-classification: $1', (options, message) =>
    expect(classes(rocket, options)).rejects.toThrow(message),
  );

  test('features', async () => {
    const features = await pipeline('image-feature-extraction');
    const wrong = { image_processor_kwargs: 'x' as never };
    await expect(features(rocket, wrong)).rejects.toThrow('image_processor_kwargs: "x", expected an object'); // prettier-ignore
    await features.dispose();
  });
});
