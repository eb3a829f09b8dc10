// Mistakes inside a tower: a setting, a weight, or one module.
import { type Checkpoint, convert, layerNorm, Tensor } from '@siglip-ts/core';
import type { Edit, Mistake, Place, Tower } from './mistake.ts';
import { positionsBy } from './position-tables.ts';
import { lengthOf, rowsOf } from './tokens.ts';

const BOTH: readonly Tower[] = ['vision', 'text'];
const tower = (towers: readonly Tower[], m: Omit<Mistake, 'stage' | 'towers'>): Mistake => ({
  stage: 'tower',
  towers,
  ...m,
});

const at =
  (path: string | RegExp, edit: (x: Tensor, place: Place) => Tensor): Edit =>
  (here, x, place) =>
    (typeof path === 'string' ? here === path : path.test(here)) ? edit(x, place) : undefined;

const POST = 'vision_model.post_layernorm';
const FINAL = 'text_model.final_layer_norm';

/** The text tower pools its last position: what stands there is taken from another one, and put back after. */
const pools = (
  positionOf: (place: Place, row: number) => number,
): Pick<Mistake, 'replaces' | 'corrupts'> => ({
  corrupts: at(FINAL, (x, place) => withLast(x, (row) => positionOf(place, row))),
  replaces: at('text_model', (_, place) => place.outputOf(FINAL)),
});

/** x [B, T, D] with its last position taken from another one of the same row. */
function withLast(x: Tensor, from: (row: number) => number): Tensor {
  const [B, T, D] = x.shape as [number, number, number];
  const ids = Int32Array.from({ length: B * T }, (_, i) => {
    const row = Math.floor(i / T);
    return i % T === T - 1 ? row * T + from(row) : i;
  });
  const rows = x.reshape([B * T, D]).take(Tensor.from(x.backend, ids, [B * T], 'int32'));
  return rows.reshape([B, T, D]);
}

const LINEAR = /(_proj|fc1|fc2|in_proj_weight|text_model\.head|classifier)(\.weight)?$/;

export const TOWER_MISTAKES: readonly Mistake[] = [
  tower(['vision'], {
    name: 'patch-order-hwc',
    who: 'Ports that cut patches out of pictures with channels last and keep the kernel as it is.',
    checkpoint: (c) => edited(c, /patch_embedding\.weight$/, hwc),
  }),
  tower(['vision'], {
    name: 'patch-order-chw',
    who: 'Ports that store the kernel with channels last, as JAX does, and cut patches out of pictures with channels first.',
    checkpoint: (c) => edited(c, /patch_embedding\.weight$/, chw),
  }),
  tower(['text'], {
    name: 'pool-first-token',
    who: 'BERT-style pooling of the first token.',
    ...pools(() => 0),
  }),
  tower(['text'], {
    name: 'pool-eos-token',
    who: "CLIP's pooling, which looks for the end-of-text token; SigLIP's is always the last position.",
    ...pools((place, row) => lengthOf(rowsOf(place.tokens!.ids)[row]!, place.tokens!) - 1),
  }),
  tower(BOTH, {
    name: 'gelu-erf',
    who: 'Ports whose "gelu" is the exact one: the default of torch, candle and ONNX.',
    config: { hidden_act: 'gelu' },
  }),
  tower(BOTH, {
    name: 'quick-gelu',
    who: "OpenAI CLIP's activation, carried over.",
    config: { hidden_act: 'quick_gelu' },
  }),
  tower(BOTH, {
    name: 'layer-norm-eps-1e-5',
    who: "torch's default epsilon, and CLIP's.",
    config: { layer_norm_eps: 1e-5 },
  }),
  tower(BOTH, {
    name: 'layer-norm-eps-1e-12',
    who: "BERT's epsilon, the default of several ViT implementations.",
    config: { layer_norm_eps: 1e-12 },
  }),
  tower(BOTH, {
    name: 'no-attention-scale',
    who: 'Attention written by hand, or a fused kernel called with scale 1.',
    corrupts: at(/self_attn\.q_proj$/, (x, { config: c }) =>
      x.mul(Math.sqrt(c.hidden_size / c.num_attention_heads)),
    ),
  }),
  tower(['vision'], {
    name: 'head-probe-residual',
    who: 'Ports that write the pooling head as a usual layer, with its query as the residual.',
    needs: ['vision_model.head.probe'],
    corrupts: at('vision_model.head.attention', (x, p) =>
      x.add(p.param('vision_model.head.probe')),
    ),
  }),
  tower(['vision'], {
    name: 'head-mean-pool',
    who: 'Ports without the pooling head: the mean of the patches, as in DINO-style towers.',
    replaces: at('vision_model.head', (x, p) => p.outputOf(POST).mean(1).reshape(x.shape)),
  }),
  tower(['vision'], {
    name: 'no-post-layernorm',
    who: 'Ports that forget the norm between encoder and head.',
    replaces: at(POST, (_, p) => p.outputOf('vision_model.encoder')),
  }),
  tower(['vision'], {
    name: 'double-post-layernorm',
    who: "Ports that norm in the tower and again before pooling, as CLIP's pooled output asks for.",
    needs: [`${POST}.weight`, `${POST}.bias`],
    replaces: at(POST, (x, p) =>
      layerNorm(x, p.param(`${POST}.weight`), p.param(`${POST}.bias`), p.config.layer_norm_eps),
    ),
  }),
  tower(BOTH, {
    name: 'hidden-state-before-norm',
    who: 'hidden_states[-1] taken for last_hidden_state: language models that only want patches (vLLM, TGI).',
    replaces: at(/^(vision|text)_model$/, (_, p) =>
      p.outputOf(p.tokens ? 'text_model.encoder' : 'vision_model.encoder'),
    ),
  }),
  positions(
    'bilinear',
    'Ports that resize positions as SigLIP 2 does, but without its antialiasing.',
  ),
  positions('nearest', 'Ports that look up the nearest position.'),
  positions('align-corners', "align_corners=True, as in PyTorch's old default and DeepLab's code."),
  positions('antialias', "timm's resample_abs_pos_embed, whose default is antialias=True."),
  tower(BOTH, {
    name: 'int8-weights',
    who: 'Quantised checkpoints, such as the q8 files of transformers.js; here symmetric, row by row.',
    checkpoint: (c) => edited(c, LINEAR, int8),
  }),
  tower(BOTH, {
    name: 'float16',
    who: 'Everyone on a GPU; errors of about 1e-3 are its price, not a defect of the port.',
    dtype: 'float16',
  }),
  tower(['vision'], {
    name: 'classification-skips-first-patch',
    classifier: true,
    who: 'transformers before July 2024 took the first patch for a class token (pull request 30952).',
    corrupts(path, x) {
      if (path !== 'vision_model') return undefined;
      // The mean of N with the first replaced by the mean of the others is the mean of the others.
      const [B, N, D] = x.shape as [number, number, number];
      const others = x.slice([0, 1, 0], [B, N - 1, D]);
      return others.pad([0, 1, 0], [B, N, D]).add(others.mean(1).pad([0, 0, 0], [B, N, D]));
    },
  }),
];

function positions(
  kind: 'bilinear' | 'nearest' | 'align-corners' | 'antialias',
  who: string,
): Mistake {
  const key = 'vision_model.embeddings.position_embedding.weight';
  const edit = at('vision_model.embeddings', (x, p) => {
    const [, D, h, w] = p.outputOf('vision_model.embeddings.patch_embedding').shape as [
      number,
      number,
      number,
      number,
    ];
    const patches = p
      .outputOf('vision_model.embeddings.patch_embedding')
      .reshape([x.shape[0]!, D, h * w])
      .permute(0, 2, 1);
    return patches.add(positionsBy(kind, p.param(key), h, w));
  });
  return tower(['vision'], {
    name: `positions-${kind}`,
    who,
    needs: [key],
    replaces: edit,
    interpolated: true,
  });
}

/** The checkpoint with some tensors changed, each as a whole in float64. */
function edited(
  c: Checkpoint,
  keys: RegExp,
  change: (values: Float64Array, shape: readonly number[]) => Float64Array,
): Checkpoint {
  return {
    shapes: c.shapes,
    async read(key, begin, end, dtype) {
      const shape = c.shapes.get(key)!;
      if (!keys.test(key) || shape.length < 2) return c.read(key, begin, end, dtype);
      const all = (await c.read(key, 0, shape[0]!, 'float64')) as Float64Array;
      const width = all.length / shape[0]!;
      return convert(change(all, shape).slice(begin * width, end * width), 'float64', dtype);
    },
  };
}

/** A kernel [D, C, p, p] that does to (channel, y, x) what it should do to (y, x, channel). */
const hwc = (values: Float64Array, [, C, p, q]: readonly number[]): Float64Array =>
  transposedRows(values, C!, p! * q!);

/** A kernel [D, C, p, p] that does to (y, x, channel) what it should do to (channel, y, x). */
const chw = (values: Float64Array, [, C, p, q]: readonly number[]): Float64Array =>
  transposedRows(values, p! * q!, C!);

/** Of each [D, rows, columns]: the numbers of [columns, rows] read as [rows, columns]. */
function transposedRows(values: Float64Array, rows: number, columns: number): Float64Array {
  const n = rows * columns;
  return values.map((_, i) => {
    const [row, column] = [Math.floor((i % n) / columns), i % columns];
    return values[i - (i % n) + column * rows + row]!;
  });
}

/** Each row as whole multiples of its largest magnitude / 127. */
function int8(values: Float64Array, [rows]: readonly number[]): Float64Array {
  const width = values.length / rows!;
  const scales = Array.from({ length: rows! }, (_, r) => {
    let max = 0;
    for (let i = r * width; i < (r + 1) * width; i++) max = Math.max(max, Math.abs(values[i]!));
    return max / 127;
  });
  return values.map((v, i) => {
    const scale = scales[Math.floor(i / width)]!;
    return scale === 0 ? 0 : Math.round(v / scale) * scale;
  });
}
