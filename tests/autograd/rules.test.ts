// Every rule against finite differences, and every closed form against the gradient of the definition.
import { describe, expect, test } from 'vitest';
import { grad } from '@siglip-ts/autograd';
import { cpu } from '@siglip-ts/backend-cpu';
import {
  type Activation,
  activation,
  attention,
  l2Norm,
  layerNorm,
  linear,
  logSigmoid,
  type Shape,
  size,
  softmax,
  Tensor,
  tiledAttention,
} from '@siglip-ts/core';
import { softmaxLoss } from '@siglip-ts/train';
import { difference } from '../siglip/modeling/golden.ts';
import { numbers } from './random.ts';

const b = cpu();
type Op = (...x: Tensor[]) => Tensor;

/** Σ w y, with weights that tell the elements of y apart. */
function weighted(y: Tensor): Tensor {
  const w = Tensor.from(y.backend, numbers(size(y.shape), 99), y.shape, y.dtype);
  let sum = y.mul(w);
  for (const axis of y.shape.keys()) sum = sum.sum(axis);
  return sum.reshape([]);
}

async function gradientsOf(op: Op, inputs: Float64Array[], shapes: Shape[], fused = true) {
  const parameters = new Map(
    inputs.map((x, i) => [String(i), Tensor.constant(b, x, shapes[i]!, 'float64')]),
  );
  const { gradients } = await grad((p) => weighted(op(...p.values())), parameters, { fused });
  return Promise.all([...gradients.values()].map((g) => g.data()));
}

/** Central differences of the fourth order. */
async function finite(op: Op, inputs: Float64Array[], shapes: Shape[]): Promise<Float64Array[]> {
  const value = async (all: Float64Array[]) =>
    (await weighted(op(...all.map((x, i) => Tensor.from(b, x, shapes[i]!, 'float64')))).data())[0]!;
  const h = 1e-3;
  const found = inputs.map((x) => new Float64Array(x.length));
  for (const [i, x] of inputs.entries())
    for (let j = 0; j < x.length; j++) {
      const at = (d: number) => value(inputs.map((y, k) => (k === i ? y.with(j, y[j]! + d) : y)));
      found[i]![j] =
        (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) /
        (12 * h);
    }
  return found;
}

const idsOn = (x: Tensor) => Tensor.from(x.backend, [2, 0, 2, 1], [4], 'int32');
const positive =
  (f: (x: Tensor) => Tensor): Op =>
  (x) =>
    f(x!.mul(x!).add(0.3));

const OPS: Record<string, readonly [op: Op, ...shapes: Shape[]]> = {
  neg: [(x) => x!.neg(), [2, 3]],
  exp: [(x) => x!.exp(), [2, 3]],
  log: [positive((x) => x.log()), [2, 3]],
  log1p: [positive((x) => x.log1p()), [2, 3]],
  sqrt: [positive((x) => x.sqrt()), [2, 3]],
  tanh: [(x) => x!.tanh(), [2, 3]],
  erf: [(x) => x!.erf(), [2, 3]],
  add: [(x, y) => x!.add(y!), [2, 3], [3]],
  sub: [(x, y) => x!.sub(y!), [2, 3], [2, 1]],
  mul: [(x, y) => x!.mul(y!), [2, 1, 3], [4, 1]],
  div: [(x, y) => x!.div(y!.mul(y!).add(0.5)), [3], [2, 3]],
  'with numbers': [(x) => x!.add(2).sub(0.5).mul(3).div(7).maximum(-0.2).minimum(0.9), [7]],
  maximum: [(x, y) => x!.maximum(y!), [2, 3], [3]],
  minimum: [(x, y) => x!.minimum(y!), [2, 3], [1]],
  'compared values': [(x) => x!.greater(0.1).add(x!.equal(0)).mul(x!), [2, 3]],
  sum: [(x) => x!.sum(1), [2, 3, 2]],
  mean: [(x) => x!.mean(0), [2, 3]],
  max: [(x) => x!.max(1), [2, 3, 2]],
  matmul: [(x, y) => x!.matmul(y!), [2, 3, 4], [4, 2]],
  'matmul Aᵀ': [(x, y) => x!.matmul(y!, { transA: true }), [4, 3], [2, 4, 2]],
  'matmul Bᵀ': [(x, y) => x!.matmul(y!, { transB: true }), [2, 1, 3, 4], [3, 2, 4]],
  'matmul AᵀBᵀ': [(x, y) => x!.matmul(y!, { transA: true, transB: true }), [4, 3], [2, 4]],
  reshape: [(x) => x!.reshape([3, 2]).matmul(x!), [2, 3]],
  permute: [(x) => x!.permute(2, 0, 1), [2, 3, 4]],
  slice: [(x) => x!.slice([1, 0], [2, 2]), [3, 4]],
  pad: [(x) => x!.pad([1, 0], [4, 3]), [2, 2]],
  expand: [(x) => x!.expand([2, 3, 2]), [3, 1]],
  take: [(x) => x!.take(idsOn(x!)), [3, 2]],
  scatterAdd: [(x) => x!.scatterAdd(idsOn(x!), [3, 2]), [4, 2]],
  linear: [(x, w, c) => linear(x!, w!, c!, 'gelu_pytorch_tanh'), [2, 3, 4], [5, 4], [5]],
  'linear without bias': [(x, w) => linear(x!, w!, null), [3, 4], [5, 4]],
  layerNorm: [(x, w, c) => layerNorm(x!, w!, c!, 1e-6), [2, 3, 5], [5], [5]],
  softmax: [(x) => softmax(x!), [2, 3, 4]],
  l2Norm: [(x) => l2Norm(x!), [2, 3, 4]],
  logSigmoid: [(x) => logSigmoid(x!.mul(5)), [9]],
  attention: [
    (q, k, v) => attention(q!, k!, v!, { heads: 2, scale: 0.7 }),
    [2, 3, 4],
    [2, 5, 4],
    [2, 5, 4],
  ],
  'masked attention': [
    (q, k, v) => {
      const keys = Tensor.from(q!.backend, [1, 0, 1, 1, 1, 0], [2, 3], 'float64');
      return attention(q!, k!, v!, { heads: 2, scale: 0.7, keys });
    },
    [2, 3, 4],
    [2, 3, 4],
    [2, 3, 4],
  ],
  'attention with dropout': [
    (q, k, v) => {
      const factors = Array.from({ length: 2 * 2 * 3 * 5 }, (_, i) => ((i * i) % 3 ? 1.5 : 0));
      const dropout = Tensor.from(q!.backend, factors, [2, 2, 3, 5], 'float64');
      return attention(q!, k!, v!, { heads: 2, scale: 0.7, dropout });
    },
    [2, 3, 4],
    [2, 5, 4],
    [2, 5, 4],
  ],
  'tiled attention': [
    (q, k, v) => tiledAttention(q!, k!, v!, { heads: 2, scale: 0.7 }, 2),
    [2, 3, 4],
    [2, 5, 4],
    [2, 5, 4],
  ],
  softmaxLoss: [(x) => softmaxLoss(x!), [4, 4]],
};

const ACTIVATIONS: Activation[] = [
  'gelu', 'gelu_10', 'gelu_accurate', 'gelu_fast', 'gelu_new', 'gelu_python', 'gelu_pytorch_tanh',
  'laplace', 'leaky_relu', 'linear', 'mish', 'quick_gelu', 'relu', 'relu2', 'relu6', 'selu',
  'sigmoid', 'silu', 'swish', 'tanh',
]; // prettier-ignore

describe('finite differences', () => {
  test.each(Object.entries(OPS))('%s', async (_, [op, ...shapes]) => {
    const inputs = shapes.map((shape, i) => numbers(size(shape), i + 1));
    const expected = await finite(op, inputs, shapes);
    for (const fused of [true, false])
      for (const [i, g] of (await gradientsOf(op, inputs, shapes, fused)).entries())
        expect(difference(g, expected[i]!).absolute).toBeLessThan(3e-10);
  });

  test.each(ACTIVATIONS)('%s', async (kind) => {
    const inputs = [numbers(12, 3).map((x) => 3 * x)];
    const op: Op = (x) => activation(x!, kind);
    const [expected] = await finite(op, inputs, [[12]]);
    const [g] = await gradientsOf(op, inputs, [[12]]);
    expect(difference(g!, expected!).absolute).toBeLessThan(3e-10);
  });
});

describe('closed forms equal the gradients of the definitions', () => {
  const fused = [
    'linear',
    'linear without bias',
    'layerNorm',
    'softmax',
    'l2Norm',
    'attention',
    'masked attention',
  ];
  test.each(fused)('%s', async (name) => {
    const [op, ...shapes] = OPS[name]!;
    const inputs = shapes.map((shape, i) => numbers(size(shape), i + 11));
    const ours = await gradientsOf(op, inputs, shapes);
    const definition = await gradientsOf(op, inputs, shapes, false);
    for (const [i, g] of ours.entries())
      expect(difference(g, definition[i]!).absolute).toBeLessThan(1e-13);
  });
});

describe('at a kink', () => {
  const at = async (op: Op, ...x: number[]) => {
    const parameters = new Map(
      x.map((v, i) => [String(i), Tensor.constant(b, [v], [1], 'float64')]),
    );
    const { gradients } = await grad((p) => op(...p.values()).reshape([]), parameters);
    return Promise.all([...gradients.values()].map(async (g) => (await g.data())[0]));
  };
  test('a tie is shared', async () => {
    expect(await at((x, y) => x!.maximum(y!), 1, 1)).toEqual([0.5, 0.5]);
    expect(await at((x, y) => x!.minimum(y!), 2, 2)).toEqual([0.5, 0.5]);
    expect(await at((x) => x!.maximum(0), 0)).toEqual([0.5]);
  });
  // torch.nn.functional.*, in float64
  test.each([
    ['relu', 0, 0],
    ['relu6', 0, 0],
    ['relu6', 6, 0],
    ['relu2', 0, 0],
    ['leaky_relu', 0, 0.01],
    ['selu', 0, 1.7580993408473766],
  ] as const)("%s' at %d", async (kind, x, slope) => {
    expect((await at((t) => activation(t!, kind), x))[0]).toBeCloseTo(slope, 14);
  });
});
