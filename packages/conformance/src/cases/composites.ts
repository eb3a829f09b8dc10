// The cases of the composites. Each runs as core's ops/ does it, with a fused kernel where there is one, and as its
// definition on the same backend.
import {
  type Activation,
  activation,
  attention,
  compose,
  l2Norm,
  layerNorm,
  linear,
  logSigmoid,
  type Shape,
  sigmoidLoss,
  softmax,
  type Tensor,
  tiledAttention,
} from '@siglip-ts/core';
import * as exact from '../reference.ts';
import { type Case, show } from './case.ts';
import { between, type CaseInput, type Filling, input, listed, normal } from './inputs.ts';

const KINDS = Object.keys(exact.ACTIVATION) as Activation[];

const FAR = listed(-100, -88, -20, -10.5, -6, -3, -0.5, 0, 0.5, 3, 6, 10.5, 20, 88, 100);

const activations: Case[] = KINDS.flatMap((kind) =>
  (
    [
      ['', [3, 67], normal],
      [' far out', [15], FAR],
    ] as [string, Shape, Filling][]
  ).map(([where, shape, filling]): Case => ({
    name: `activation ${kind}${where}`,
    op: 'activation',
    inputs: [input(shape, filling)],
    run: (x) => activation(x, kind),
    definition: (x) => compose.activation(x, kind),
    exact: (x) => exact.each(x, exact.ACTIVATION[kind]),
  })),
);

/** A linear layer of x [..., in] to `out`; weights small enough to keep the results near 1. */
function linearCase(x: Shape, out: number, biased: boolean, kind: Activation | null): Case {
  const K = x.at(-1)!;
  const weight = input([out, K], (next, i) => normal(next, i) / Math.sqrt(K));
  return {
    name: `linear ${show(x)} to ${out}${biased ? '' : ', no bias'}${kind ? `, ${kind}` : ''}`,
    op: 'linear',
    inputs: [input(x), weight, ...(biased ? [input([out])] : [])],
    run: (x, w, b) => linear(x, w!, b ?? null, kind),
    definition: (x, w, b) => compose.linear(x, w!, b ?? null, kind),
    exact: (x, w, b) => exact.linear(x, w!, b ?? null, kind),
  };
}
const linears: Case[] = [
  ...(
    [
      [[1, 1], 1],
      [[4, 8], 4],
      [[5, 7], 3],
      [[2, 13, 17], 19],
      [[2, 3, 2, 5], 6],
      [[67, 66], 65],
      [[3, 3100], 5],
      [[0, 5], 3],
    ] as [Shape, number][]
  ).flatMap(([x, out]) => [linearCase(x, out, true, null), linearCase(x, out, false, null)]),
  ...KINDS.flatMap((kind) => [
    linearCase([5, 9], 7, true, kind),
    linearCase([5, 9], 7, false, kind),
  ]),
];

const layerNorms: Case[] = (
  [
    ['', [3, 67], normal, 1e-6],
    ['', [2, 3, 1152], normal, 1e-6],
    ['', [1, 1], normal, 1e-6],
    [' of large numbers', [2, 31], between(1000, 1001), 1e-6],
    [' of equal numbers', [2, 5], listed(3), 1e-6],
    [' with a large epsilon', [4, 7], normal, 0.5],
    ['', [0, 5], normal, 1e-6],
  ] as [string, Shape, Filling, number][]
).map(([what, shape, filling, eps]): Case => {
  const D = shape.at(-1)!;
  return {
    name: `layerNorm${what} ${show(shape)}`,
    op: what === ' of large numbers' ? 'layerNormOfLarge' : 'layerNorm',
    inputs: [input(shape, filling), input([D]), input([D])],
    run: (x, w, b) => layerNorm(x, w!, b!, eps),
    definition: (x, w, b) => compose.layerNorm(x, w!, b!, eps),
    exact: (x, w, b) => exact.layerNorm(x, w!, b!, eps),
  };
});

const softmaxes: Case[] = (
  [
    ['', [3, 7], normal],
    ['', [5, 1], normal],
    ['', [2, 3, 2, 65], normal],
    ['', [2, 1031], normal],
    [' of large scores', [4, 5], listed(1000, 999, -1000, 1e4, 1e4)],
    [' of very negative scores', [2, 4], listed(-1e30, -1e30, -2e30, -3e38)],
    ['', [0, 5], normal],
  ] as [string, Shape, Filling][]
).map(([what, shape, filling]) => ({
  name: `softmax${what} ${show(shape)}`,
  op: 'softmax',
  inputs: [input(shape, filling)],
  run: (x) => softmax(x),
  definition: (x) => compose.softmax(x),
  exact: (x) => exact.softmax(x),
}));

const norms: Case[] = (
  [
    ['', [3, 7], normal],
    ['', [1, 1], normal],
    ['', [2, 2, 1153], normal],
    [' of zeros', [2, 3], listed(0)],
    ['', [5], normal],
  ] as [string, Shape, Filling][]
).map(([what, shape, filling]) => ({
  name: `norm${what} ${show(shape)}`,
  op: 'l2Norm',
  inputs: [input(shape, filling)],
  run: (x) => l2Norm(x),
  definition: (x) => compose.l2Norm(x),
  exact: (x) => exact.l2Norm(x),
}));

/** Which keys are seen: all, the first few of each row, or in one row none at all. */
const SEEN = {
  all: null,
  some:
    (S: number): Filling =>
    (_, i) =>
      Number(i % S <= (i / S) % S),
  'none in row 0':
    (S: number): Filling =>
    (_, i) =>
      Number(i >= S && i % 3 > 0),
};

interface AttentionShape {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly heads: number;
  readonly d: number;
}
const ATTENTIONS: AttentionShape[] = [
  { B: 1, T: 1, S: 1, heads: 1, d: 1 },
  { B: 2, T: 5, S: 5, heads: 3, d: 5 },
  { B: 2, T: 3, S: 11, heads: 2, d: 7 },
  { B: 2, T: 1, S: 13, heads: 4, d: 16 }, // as in the pooling head: one query
  { B: 2, T: 17, S: 17, heads: 2, d: 72 }, // so400m's head size
  { B: 1, T: 2, S: 131, heads: 1, d: 4 }, // more than one block of keys
];
const attentions: Case[] = ATTENTIONS.flatMap((shape) =>
  (Object.keys(SEEN) as (keyof typeof SEEN)[]).flatMap((seen): Case[] => {
    const { B, T, S, heads, d } = shape;
    const D = heads * d;
    const filling = SEEN[seen]?.(S);
    const keys: CaseInput[] = filling ? [input([B, S], filling)] : [];
    const scale = d ** -0.5;
    const how = (k?: Tensor) => ({ heads, scale, keys: k ?? null });
    const name = `[${B}, ${T}, ${D}] over ${S}, ${heads} heads of ${d}, keys: ${seen}`;
    const inputs = [input([B, T, D]), input([B, S, D]), input([B, S, D]), ...keys];
    const truth = (q: exact.Exact, k: exact.Exact, v: exact.Exact, seen?: exact.Exact) =>
      exact.attention(q, k, v, seen ?? null, heads, scale);
    return [
      {
        name: `attention ${name}`,
        op: 'attention',
        inputs,
        run: (q, k, v, seen) => attention(q!, k!, v!, how(seen)),
        definition: (q, k, v, seen) => compose.attention(q!, k!, v!, how(seen)),
        exact: (q, k, v, seen) => truth(q!, k!, v!, seen),
      },
      {
        name: `flash_attention_2 ${name}`,
        op: 'attention',
        inputs,
        run: (q, k, v, seen) =>
          attention(q!, k!, v!, { ...how(seen), implementation: 'flash_attention_2' }),
        definition: (q, k, v, seen) => tiledAttention(q!, k!, v!, how(seen), 3),
        // HF's zeros at masked queries
        exact: (q, k, v, seen) =>
          seen && T === S
            ? exact.pairs(truth(q!, k!, v!, seen), { ...seen, shape: [B, T, 1] }, (y, m) => y * m)
            : truth(q!, k!, v!, seen),
      },
    ];
  }),
);

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const losses: Case[] = [
  {
    name: 'logSigmoid',
    op: 'logSigmoid',
    inputs: [input([15], FAR)],
    run: (x) => logSigmoid(x),
    exact: (x) => exact.each(x, (z) => -softplus(-z)),
  },
  {
    name: 'sigmoidLoss of large logits',
    op: 'loss',
    inputs: [input([5, 5], between(-60, 60))],
    run: (x) => sigmoidLoss(x),
    exact: (x) => {
      const pairs = [...x.values].map((z, i) => softplus(i % 6 === 0 ? -z : z));
      return { shape: [], values: Float64Array.of(exact.total(pairs) / 5) };
    },
  },
];

/** See above. */
export const composites: readonly Case[] = [
  ...activations,
  ...linears,
  ...layerNorms,
  ...softmaxes,
  ...norms,
  ...attentions,
  ...losses,
];
