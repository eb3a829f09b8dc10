// Labels on their way through zero-shot-image-classification: remembered, forgotten, in pieces, with several templates.
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { loadImage, pipeline, type ZeroShotImageClassificationPipeline } from 'siglip-ts';

const path = join(import.meta.dirname, '../../../fixtures/images/twemoji-rocket.png');
const many = (n: number, name: string) => Array.from({ length: n }, (_, i) => `${name} ${i}`);
const byLabel = (scores: readonly { label: string; score: number }[]) =>
  new Map(scores.map(({ label, score }) => [label, score]));

let classify: ZeroShotImageClassificationPipeline;
let rocket: Awaited<ReturnType<typeof loadImage>>;
beforeAll(async () => {
  classify = await pipeline('zero-shot-image-classification');
  rocket = await loadImage(path);
});

/** How many texts the text tower is given by what `block` does. */
async function encoded(of: typeof classify, block: () => Promise<unknown>): Promise<number[]> {
  const spy = vi.spyOn(of.model, 'get_text_features');
  await block();
  const rows = spy.mock.calls.map(
    ([{ input_ids }]) => (input_ids as unknown as { shape: number[] }).shape[0]!,
  );
  spy.mockRestore();
  return rows;
}

describe('the memory', () => {
  test(
    'a fixed label and a hundred new ones a request, for 110 requests',
    { timeout: 120_000 },
    async () => {
      const alone = (await classify(rocket, ['other']))[0].score;
      const rows = await encoded(classify, async () => {
        for (let n = 0; n < 110; n++) {
          const scores = byLabel(await classify(rocket, ['other', ...many(100, `own ${n}`)]));
          expect(scores.size).toBe(101);
          expect(scores.get('other')).toBe(alone);
        }
      });
      // Used in every request, it is never among the oldest.
      expect(rows.reduce((a, b) => a + b)).toBe(110 * 100);
      // The last are remembered, the first are not.
      expect(await encoded(classify, () => classify(rocket, many(100, 'own 109')))).toEqual([]);
      expect(await encoded(classify, () => classify(rocket, many(100, 'own 0')))).toEqual([64, 36]);
    },
  );

  test(
    'more labels in a call than are remembered, and others at the same time',
    { timeout: 120_000 },
    async () => {
      const first = many(40, 'first');
      const expected = byLabel(await classify(rocket, first));
      const [large, ...others] = await Promise.all([
        classify(rocket, [...first, ...many(8300, 'filling')]),
        ...many(5, 'other').map((other) => classify(rocket, [...first, other])),
      ]);
      expect(large.length).toBe(8340);
      for (const scores of [large, ...others])
        for (const label of first) expect(byLabel(scores).get(label)).toBe(expected.get(label));
    },
  );
});

describe('pieces', () => {
  test('of 64, with the bits of one batch', async () => {
    const labels = many(150, 'thing');
    const one = await pipeline('zero-shot-image-classification');
    const told: number[][] = [];
    const on_text = (...progress: number[]) => void told.push(progress);
    let found: { label: string; score: number }[] = [];
    const rows = await encoded(one, async () => {
      found = await one(rocket, labels, { on_text });
    });
    expect(rows).toEqual([64, 64, 22]);
    expect(told).toEqual([[64, 150], [128, 150], [150, 150]]); // prettier-ignore
    const texts = labels.map((label) => `This is a photo of ${label}.`);
    const tokens = one.tokenizer(texts, null, { padding: 'max_length', max_length: 16, return_tensors: true }); // prettier-ignore
    const text = await one.model.get_text_features(tokens);
    const { pixel_values } = one.image_processor(rocket, { return_tensors: true });
    const image = await one.model.get_image_features({ pixel_values });
    const logits = await (await one.model.logits_of_features({ text, image })).data();
    const whole = labels.map((label, i) => [label, Math.fround(1 / (1 + Math.exp(-logits[i]!)))]);
    expect(byLabel(found)).toEqual(new Map(whole as [string, number][]));
    await one.dispose();
  });

  test('padding to the longest is that of all texts, not of a piece', async () => {
    const labels = [...many(70, 'a'), 'a bit more'];
    const tokenizer_kwargs = { padding: true };
    const rows: unknown[] = [];
    const spy = vi.spyOn(classify.model, 'get_text_features');
    await classify(rocket, labels, { tokenizer_kwargs });
    for (const [{ input_ids }] of spy.mock.calls)
      rows.push((input_ids as unknown as { shape: number[] }).shape);
    spy.mockRestore();
    expect(rows).toEqual([[64, (rows[0] as number[])[1]], [7, (rows[0] as number[])[1]]]); // prettier-ignore
  });

  test('an abort ends it between two, and what is done is remembered', async () => {
    const stop = new AbortController();
    const labels = many(300, 'late');
    const on_text = (done: number) => void (done === 128 && stop.abort(new Error('enough')));
    const call = () => classify(rocket, labels, { on_text, signal: stop.signal });
    expect(await encoded(classify, () => expect(call()).rejects.toThrow('enough'))).toEqual([
      64, 64,
    ]);
    expect(await encoded(classify, () => classify(rocket, labels))).toEqual([64, 64, 44]);
  });
});

describe('several templates', () => {
  const hypothesis_template = ['a photo of {}.', 'an emoji of {}', 'itap of a {}'];
  const labels = ['rocket', 'cat', 'pizza'];

  test('the mean of normalised vectors, normalised again, beside float64 by hand', async () => {
    const unit = (x: ArrayLike<number>) => {
      const length = Math.hypot(...Array.from(x));
      return Array.from(x, (value) => value / length);
    };
    const vectorOf = async (text: string) => {
      const how = { padding: 'max_length', max_length: 16, return_tensors: true } as const;
      const inputs = classify.tokenizer([text], null, how);
      return unit(await (await classify.model.get_text_features(inputs)).data());
    };
    const { pixel_values } = classify.image_processor(rocket, { return_tensors: true });
    const image = unit(await (await classify.model.get_image_features({ pixel_values })).data());
    // The learned scale and bias, from two logits of one pair and its opposite.
    const logit = async (sign: number) => {
      const text = { data: Float64Array.from(image, (x) => sign * x), shape: [1, 128] };
      const pair = { text, image: { data: Float64Array.from(image), shape: [1, 128] } };
      return (await (await classify.model.logits_of_features(pair)).data())[0]!;
    };
    const [high, low] = [await logit(1), await logit(-1)];
    const found = byLabel(await classify(rocket, labels, { hypothesis_template }));
    for (const label of labels) {
      const vectors: number[][] = [];
      for (const template of hypothesis_template)
        vectors.push(await vectorOf(template.replace('{}', label)));
      const mean = unit(vectors[0]!.map((_, i) => vectors.reduce((sum, v) => sum + v[i]!, 0) / 3));
      const cosine = mean.reduce((sum, x, i) => sum + x * image[i]!, 0);
      const score = 1 / (1 + Math.exp(-((high - low) / 2) * cosine - (high + low) / 2));
      expect(Math.abs(found.get(label)! - score)).toBeLessThan(2e-6);
    }
    // And it matters.
    const first = byLabel(
      await classify(rocket, labels, { hypothesis_template: hypothesis_template[0]! }),
    );
    expect(Math.abs(found.get('rocket')! - first.get('rocket')!)).toBeGreaterThan(1e-3);
  });

  test('one in a list is that one; labels are remembered; pieces may end within a label', async () => {
    const one = await classify(rocket, labels, { hypothesis_template: ['{}'] });
    expect(one).toEqual(await classify(rocket, labels, { hypothesis_template: '{}' }));
    const options = { hypothesis_template };
    const more = many(50, 'new');
    expect(await encoded(classify, () => classify(rocket, more, options))).toEqual([64, 64, 22]);
    const found = byLabel(await classify(rocket, more, options));
    expect(await encoded(classify, () => classify(rocket, more, options))).toEqual([]);
    const alone = await pipeline('zero-shot-image-classification');
    expect((await alone(rocket, ['new 21'], options))[0].score).toBe(found.get('new 21'));
    await alone.dispose();
  });

  test('none is refused', () =>
    expect(classify(rocket, labels, { hypothesis_template: [] })).rejects.toThrow(
      'hypothesis_template: [], expected a text or at least one in a list',
    ));
});
