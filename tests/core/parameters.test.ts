// The parameters of a config: what the model asks for on a backend that computes nothing, for every published
// checkpoint of SigLIP and SigLIP 2 with a fixed resolution.
import { describe, expect, test } from 'vitest';
import { dry, meter, recording, Scope, siglip, SiglipConfig, size, Tensor } from '@siglip-ts/core';

interface Tower {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly projection_size?: number;
}
const tower = (d: number, m: number, layers: number, heads: number): Tower => ({
  hidden_size: d,
  intermediate_size: m,
  num_hidden_layers: layers,
  num_attention_heads: heads,
});
const BASE = tower(768, 3072, 12, 12);
const LARGE = tower(1024, 4096, 24, 16);
const SO400M = tower(1152, 4304, 27, 16);
const GIANT = tower(1536, 6144, 40, 16);
/** giant-opt has the so400m text tower, whose head projects to the giant's size. */
const GIANT_TEXT: Tower = { ...SO400M, projection_size: 1536 };

interface Checkpoint {
  readonly vision: Tower;
  readonly text: Tower;
  readonly patch: number;
  readonly image: number;
  readonly vocabulary: number;
  readonly positions: number;
  /** Parameters of both towers; the whole has logit_scale and logit_bias besides. */
  readonly counts: readonly [vision: number, text: number];
  /** Of one image with one text, as open_clip lists them. */
  readonly gflops?: number;
}
/** Source: the model cards; counts as in the metadata of mteb. */
const of = (
  both: Tower,
  patch: number,
  image: number,
  vocabulary: number,
  counts: readonly [number, number],
  more: Partial<Checkpoint> = {},
): Checkpoint => ({
  vision: both,
  text: both,
  patch,
  image,
  vocabulary,
  positions: 64,
  counts,
  ...more,
});

const CHECKPOINTS: Record<string, Checkpoint> = {
  'siglip-base-patch16-224': of(BASE, 16, 224, 32000, [92884224, 110271744], { gflops: 46.44 }),
  'siglip-base-patch16-256': of(BASE, 16, 256, 32000, [92930304, 110271744], { gflops: 57.84 }),
  'siglip-base-patch16-384': of(BASE, 16, 384, 32000, [93176064, 110271744], { gflops: 123.15 }),
  'siglip-base-patch16-512': of(BASE, 16, 512, 32000, [93520128, 110271744], { gflops: 227.26 }),
  'siglip-base-patch16-256-multilingual': of(BASE, 16, 256, 250000, [92930304, 277695744]),
  'siglip-large-patch16-256': of(LARGE, 16, 256, 32000, [315956224, 336194560], { gflops: 201.62 }),
  'siglip-large-patch16-384': of(LARGE, 16, 384, 32000, [316283904, 336194560], { gflops: 422.91 }),
  'siglip-so400m-patch14-224': of(SO400M, 14, 224, 32000, [427680704, 449679600], {
    positions: 16,
    gflops: 233.54,
  }),
  'siglip-so400m-patch14-384': of(SO400M, 14, 384, 32000, [428225600, 449734896], {
    gflops: 723.48,
  }),
  'siglip-so400m-patch16-256-i18n': of(SO400M, 16, 256, 250000, [427888064, 700870896]),
  'siglip2-base-patch32-256': of(BASE, 32, 256, 256000, [94552320, 282303744]),
  'siglip2-base-patch16-224': of(BASE, 16, 224, 256000, [92884224, 282303744]),
  'siglip2-base-patch16-256': of(BASE, 16, 256, 256000, [92930304, 282303744]),
  'siglip2-base-patch16-384': of(BASE, 16, 384, 256000, [93176064, 282303744]),
  'siglip2-base-patch16-512': of(BASE, 16, 512, 256000, [93520128, 282303744]),
  'siglip2-large-patch16-256': of(LARGE, 16, 256, 256000, [315956224, 565570560]),
  'siglip2-large-patch16-384': of(LARGE, 16, 384, 256000, [316283904, 565570560]),
  'siglip2-large-patch16-512': of(LARGE, 16, 512, 256000, [316742656, 565570560]),
  'siglip2-so400m-patch14-224': of(SO400M, 14, 224, 256000, [427680704, 707782896]),
  'siglip2-so400m-patch14-384': of(SO400M, 14, 384, 256000, [428225600, 707782896]),
  'siglip2-so400m-patch16-256': of(SO400M, 16, 256, 256000, [427888064, 707782896]),
  'siglip2-so400m-patch16-384': of(SO400M, 16, 384, 256000, [428256704, 707782896]),
  'siglip2-so400m-patch16-512': of(SO400M, 16, 512, 256000, [428772800, 707782896]),
  'siglip2-giant-opt-patch16-256': of(GIANT, 16, 256, 256000, [1163168256, 708225648], {
    text: GIANT_TEXT,
  }),
  'siglip2-giant-opt-patch16-384': of(GIANT, 16, 384, 256000, [1163659776, 708225648], {
    text: GIANT_TEXT,
  }),
};

/** One image and one text of full length through a model without values. */
async function dryRun(c: Checkpoint) {
  const b = meter(dry());
  const store = recording(b);
  const config = new SiglipConfig({
    vision_config: { ...c.vision, patch_size: c.patch, image_size: c.image },
    text_config: { ...c.text, vocab_size: c.vocabulary, max_position_embeddings: c.positions },
  });
  const pixels = new Tensor(b, [1, 3, c.image, c.image], 'float32', {});
  const ids = { data: new Int32Array(c.positions), shape: [1, c.positions] };
  await siglip(new Scope(store), pixels, ids, config);
  return { shapes: store.shapes, readings: b.readings };
}

/** Every key of a checkpoint, as transformers' state dict has them. */
function keysOf(c: Checkpoint): string[] {
  const affine = (...places: string[]) => places.flatMap((p) => [`${p}.weight`, `${p}.bias`]);
  const layers = (under: string, n: number) =>
    Array.from({ length: n }, (_, i) =>
      affine(
        ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((p) => `self_attn.${p}`),
        ...['layer_norm1', 'layer_norm2', 'mlp.fc1', 'mlp.fc2'],
      ).map((key) => `${under}.encoder.layers.${i}.${key}`),
    ).flat();
  return [
    'logit_scale',
    'logit_bias',
    'text_model.embeddings.token_embedding.weight',
    'text_model.embeddings.position_embedding.weight',
    ...layers('text_model', c.text.num_hidden_layers),
    ...affine('text_model.final_layer_norm', 'text_model.head'),
    ...affine('vision_model.embeddings.patch_embedding'),
    'vision_model.embeddings.position_embedding.weight',
    ...layers('vision_model', c.vision.num_hidden_layers),
    ...affine('vision_model.post_layernorm'),
    'vision_model.head.probe',
    'vision_model.head.attention.in_proj_weight',
    'vision_model.head.attention.in_proj_bias',
    ...affine(
      ...['attention.out_proj', 'layernorm', 'mlp.fc1', 'mlp.fc2'].map(
        (p) => `vision_model.head.${p}`,
      ),
    ),
  ];
}

describe.each(Object.entries(CHECKPOINTS))('%s', (_, c) => {
  test('has the keys and the number of parameters of the published file', async () => {
    const { shapes } = await dryRun(c);
    expect([...shapes.keys()].sort()).toEqual(keysOf(c).sort());
    const count = (under: string) =>
      [...shapes].reduce((n, [key, shape]) => (key.startsWith(under) ? n + size(shape) : n), 0);
    expect([count('vision_model.'), count('text_model.')]).toEqual(c.counts);
    expect(count('')).toBe(c.counts[0] + c.counts[1] + 2);
  });
});

/** open_clip's profiler counts products only; norms, activations and softmax are another percent. */
const FLOP_SHARE = 0.02;

const listed = Object.entries(CHECKPOINTS).filter(([, c]) => c.gflops !== undefined);

test.each(listed)('%s takes the FLOP that open_clip lists', async (_, c) => {
  const { readings } = await dryRun(c);
  expect(Math.abs(readings.flops / 1e9 / c.gflops! - 1)).toBeLessThan(FLOP_SHARE);
});

test('all 25 checkpoints are in the table', () => {
  expect(Object.keys(CHECKPOINTS)).toHaveLength(25);
});

test('tensors of both towers are as many as published', async () => {
  const counts = await Promise.all(
    ['siglip-base-patch16-224', 'siglip-large-patch16-256', 'siglip2-giant-opt-patch16-256'].map(
      async (name) => {
        const keys = [...(await dryRun(CHECKPOINTS[name]!)).shapes.keys()];
        return ['vision_model.', 'text_model.'].map(
          (t) => keys.filter((k) => k.startsWith(t)).length,
        );
      },
    ),
  );
  expect(counts).toEqual([
    [208, 198],
    [400, 390],
    [656, 438], // so400m's text tower
  ]);
});

test('giant-opt’s text head projects 1152 numbers to 1536', async () => {
  const { shapes } = await dryRun(CHECKPOINTS['siglip2-giant-opt-patch16-384']!);
  expect(shapes.get('text_model.head.weight')).toEqual([1536, 1152]);
  expect(shapes.get('text_model.encoder.layers.26.mlp.fc1.weight')).toEqual([4304, 1152]);
});
