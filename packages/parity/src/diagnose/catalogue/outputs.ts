// Mistakes after the towers: how the two vectors become numbers.
import type { Mistake, Numbers, Outputs } from './mistake.ts';

const output = (m: Omit<Mistake, 'stage' | 'towers'>): Mistake => ({
  stage: 'output',
  towers: [],
  ...m,
});

/** The fields with other logits per image, [images, texts]. */
function withLogits(
  o: Outputs,
  change: (logits: Float64Array) => Float64Array,
): Map<string, Numbers> {
  const { shape, data } = o.fields.get('logits_per_image')!;
  return new Map([...o.fields, ...logitFields(shape, change(data))]);
}

/** The fields that follow from logits per image. */
export function logitFields(shape: readonly number[], data: Float64Array): [string, Numbers][] {
  const [I, T] = shape as [number, number];
  const turned = data.map((_, i) => data[(i % I) * T + Math.floor(i / I)]!);
  return [
    ['logits_per_image', { shape, data }],
    ['logits_per_text', { shape: [T, I], data: turned }],
    ['scores', { shape, data: data.map((z) => 1 / (1 + Math.exp(-z))) }],
  ];
}

function rawProducts({ image, text }: Outputs): Float64Array {
  const [I, D] = image.shape as [number, number];
  const T = text.shape[0]!;
  return Float64Array.from({ length: I * T }, (_, at) => {
    const [i, t] = [Math.floor(at / T), at % T];
    let sum = 0;
    for (let d = 0; d < D; d++) sum += image.data[i * D + d]! * text.data[t * D + d]!;
    return sum;
  });
}

function softmax(data: Float64Array, width: number): Float64Array {
  return data.map((z, i) => {
    const row = data.subarray(i - (i % width), i - (i % width) + width);
    const max = row.reduce((a, b) => Math.max(a, b));
    return Math.exp(z - max) / row.reduce((s, x) => s + Math.exp(x - max), 0);
  });
}

export const OUTPUT_MISTAKES: readonly Mistake[] = [
  output({
    name: 'temperature-not-exponentiated',
    who: 'Ports that multiply with logit_scale as stored: it is a logarithm.',
    output: (o) =>
      withLogits(o, (z) => z.map((x) => ((x - o.bias) / Math.exp(o.scale)) * o.scale + o.bias)),
  }),
  output({
    name: 'no-logit-bias',
    who: "CLIP's similarity, which has no bias.",
    output: (o) => withLogits(o, (z) => z.map((x) => x - o.bias)),
  }),
  output({
    name: 'no-embedding-norm',
    who: 'get_image_features and get_text_features compared as they are: they are not normalised.',
    output(o) {
      const scale = Math.exp(o.scale);
      const fields = withLogits(o, () => rawProducts(o).map((x) => x * scale + o.bias));
      return fields.set('image_embeds', o.image).set('text_embeds', o.text);
    },
  }),
  output({
    name: 'softmax-scores',
    who: "CLIP's last step: probabilities over the labels instead of a sigmoid for each.",
    output(o) {
      const { shape, data } = o.fields.get('logits_per_image')!;
      const scores = { shape, data: softmax(data, shape[1]!) };
      return new Map([...o.fields, ['scores', scores]]);
    },
  }),
  output({
    name: 'softmax-scores',
    who: "CLIP's last step, its result kept under the name of the logits.",
    output(o) {
      const { shape, data } = o.fields.get('logits_per_image')!;
      return withLogits(o, () => softmax(data, shape[1]!));
    },
  }),
];
