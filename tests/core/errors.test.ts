// What is said when something does not fit: the operation, both shapes, the full key.
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import {
  attention,
  type Checkpoint,
  classificationLoss,
  deferred,
  type DType,
  fromCheckpoint,
  l2Norm,
  layerNorm,
  linear,
  type ProblemType,
  recording,
  resident,
  Scope,
  softmax,
  Tensor,
  withoutFused,
} from '@siglip-ts/core';

const b = cpu();
const zeros = (shape: number[], dtype: DType = 'float32', on = b) =>
  Tensor.from(on, new Float32Array(shape.reduce((n, d) => n * d, 1)), shape, dtype);
const x = zeros([2, 3]);
const ids = zeros([4], 'int32');

type Row = [message: string, does: () => unknown];

const SIZES: Row[] = [
  ['tensor: 5 values do not fill shape [2, 3]', () => Tensor.from(b, [1, 2, 3, 4, 5], [2, 3])],
  ['add: shapes [2, 3] and [4] do not broadcast', () => x.add(zeros([4]))],
  ['sum: axis 2 is out of range for shape [2, 3]', () => x.sum(2)],
  ['max: axis -3 is out of range for shape [2, 3]', () => x.max(-3)],
  ['mean: axis 7 is out of range for shape [2, 3]', () => x.mean(7)],
  ['matmul: inner sizes 3 and 2 differ, for [2, 3] and [2, 3]', () => x.matmul(x)],
  [
    'matmul: inner sizes 2 and 5 differ, for [2, 3]ᵀ and [4, 5]ᵀ',
    () => x.matmul(zeros([4, 5]), { transA: true, transB: true }),
  ],
  ['matmul: shapes [2, 3] and [3], expected two axes or more', () => x.matmul(zeros([3]))],
  ['matmul: shapes [2] and [3] do not broadcast', () => zeros([2, 4, 5]).matmul(zeros([3, 5, 4]))],
  ['reshape: [2, 3] does not fit [4, 2]', () => x.reshape([4, 2])],
  ['permute: axes 0, 0 for shape [2, 3]', () => x.permute(0, 0)],
  ['permute: axes 1 for shape [2, 3]', () => x.permute(1)],
  ['slice: [1, 3] at [1, 1] is not inside [2, 3]', () => x.slice([1, 1], [1, 3])],
  ['slice: [-1, 3] at [1, 0] is not inside [2, 3]', () => x.slice([1, 0], [-1, 3])],
  ['slice: [2] at [0] is not inside [2, 3]', () => x.slice([0], [2])],
  ['pad: [2, 3] at [1, 0] is not inside [2, 3]', () => x.pad([1, 0], [2, 3])],
  ['expand: [2, 3] does not expand to [2, 1]', () => x.expand([2, 1])],
  ['expand: shapes [2, 3] and [2, 4] do not broadcast', () => x.expand([2, 4])],
  ['scatterAdd: rows [2, 3] for ids [4] into [9, 3]', () => x.scatterAdd(ids, [9, 3])],
];

const KINDS: Row[] = [
  ['add: float32 with float64; cast one of them', () => x.add(zeros([2, 3], 'float64'))],
  ['matmul: float32 with float16; cast one of them', () => x.matmul(zeros([3, 2], 'float16'))],
  [
    'add: a tensor of cpu with one of deferred(cpu)',
    () => x.add(zeros([3], 'float32', deferred(cpu()))),
  ],
  ['exp: int32, expected a floating-point dtype', () => ids.exp()],
  ['take: ids are float32, expected int32', () => x.take(zeros([1]))],
  [
    "cpu: add on bfloat16; wrap the backend: rounded(cpu(), 'bfloat16')",
    () => zeros([2], 'bfloat16').add(1),
  ],
];

describe('Tensor', () => {
  test.each(SIZES)('%s', (message, does) => {
    expect(does).toThrow(RangeError);
    expect(does).toThrow(message);
  });
  test.each(KINDS)('%s', (message, does) => {
    expect(does).toThrow(TypeError);
    expect(does).toThrow(message);
  });
});

describe('HostTensor', () => {
  test('item wants one value', async () => {
    await expect(x.host().item()).rejects.toThrow('item: 6 values, expected one');
    expect(await zeros([1, 1]).host().item()).toBe(0);
  });
  test('bits wants a half type', async () => {
    await expect(x.host().bits()).rejects.toThrow('bits: float32, expected float16 or bfloat16');
  });
});

// Fused kernels never check, so the composites do: the same words with and without kernels.
describe.each([b, withoutFused(b)])('composites on $name', (on) => {
  const zero = (...shape: number[]) => zeros(shape, 'float32', on);
  const wide = zeros([3], 'float64', on);
  const q = zero(2, 5, 6);
  const how = { heads: 2, scale: 1 };
  const rows: Row[] = [
    [
      'linear: shapes [2, 3], [5, 4], expected [..., in], [out, in] and [out]',
      () => linear(zero(2, 3), zero(5, 4), null),
    ],
    [
      'linear: shapes [2, 3], [5, 3], [4], expected [..., in], [out, in] and [out]',
      () => linear(zero(2, 3), zero(5, 3), zero(4)),
    ],
    [
      'linear: shapes [3], [5, 3], expected [..., in], [out, in] and [out]',
      () => linear(zero(3), zero(5, 3), null),
    ],
    ['linear: float32 with float64; cast one of them', () => linear(zero(2, 3), zero(3, 3), wide)],
    [
      'layerNorm: shapes [2, 3], [3], [2], expected [..., D], [D] and [D]',
      () => layerNorm(zero(2, 3), zero(3), zero(2), 1e-6),
    ],
    ['layerNorm: float32 with float64', () => layerNorm(zero(2, 3), wide, zero(3), 1e-6)],
    ['softmax: shapes [], expected an axis', () => softmax(zero())],
    ['l2Norm: shapes [], expected an axis', () => l2Norm(zero())],
    [
      'attention: shapes [2, 5, 6], [2, 4, 6], [2, 5, 6], expected',
      () => attention(q, zero(2, 4, 6), q, how),
    ],
    [
      'attention: shapes [2, 5, 6], [2, 5, 6], [2, 5, 6], [2, 6], expected',
      () => attention(q, q, q, { ...how, keys: zero(2, 6) }),
    ],
    [
      'attention: shapes [2, 5, 6], [1, 5, 6], [1, 5, 6], expected',
      () => attention(q, zero(1, 5, 6), zero(1, 5, 6), how),
    ],
    [
      'attention: 4 heads do not divide 6 numbers a token',
      () => attention(q, q, q, { ...how, heads: 4 }),
    ],
  ];
  test.each(rows)('%s', (message, does) => {
    expect(does).toThrow(message);
  });
});

describe('parameters', () => {
  const key = 'text_model.encoder.layers.3.mlp.fc1.weight';
  const checkpoint: Checkpoint = {
    shapes: new Map([[key, [2, 3]]]),
    read: async (_, begin, end) => new Float32Array((end - begin) * 3),
  };
  const stores = {
    resident: resident(new Map([[key, x]])),
    fromCheckpoint: fromCheckpoint(b, checkpoint, 'float32'),
  };
  const place = (store: keyof typeof stores) =>
    new Scope(stores[store]).at('text_model').at('encoder').at('layers').at(3).at('mlp');

  test.each(['resident', 'fromCheckpoint'] as const)('%s names the whole key', async (store) => {
    const s = place(store);
    expect(() => s.at('fc2').param('bias', [7])).toThrow(
      'checkpoint: no tensor "text_model.encoder.layers.3.mlp.fc2.bias", expected one of shape [7]',
    );
    expect(() => s.at('fc1').param('weight', [3, 2])).toThrow(
      `checkpoint: tensor "${key}" has shape [2, 3], expected [3, 2]`,
    );
    const wrong = { data: Int32Array.of(0, 1, 2), shape: [1, 3] };
    await expect(s.at('fc1').rows('weight', [2, 3], wrong)).rejects.toThrow(
      `"${key}": id 2 at position 2, the table has 2 rows`,
    );
  });

  test('fromCheckpoint gives nothing that was not made ready', async () => {
    const s = place('fromCheckpoint').at('fc1');
    expect(() => s.param('weight', [2, 3])).toThrow(
      `"${key}" is not loaded: its place was not made ready`,
    );
    await s.ready();
    expect(s.param('weight', [2, 3]).shape).toEqual([2, 3]);
  });
});

describe('labels', () => {
  const logits = zeros([2, 3]);
  const loss = (data: number[], shape: number[], type: ProblemType) => () =>
    classificationLoss(logits, { data, shape }, type);

  test.each([
    [[0, 3], 'labels: 3 at 1, expected an integer from 0 to 2'],
    [[-1, 0], 'labels: -1 at 0, expected an integer from 0 to 2'],
    [[0.5, 0], 'labels: 0.5 at 0, expected an integer from 0 to 2'],
    [[NaN, 0], 'labels: NaN at 0, expected an integer from 0 to 2'],
  ])('%j are no classes', (data, message) => {
    expect(loss(data, [2], 'single_label_classification')).toThrow(message);
  });
  test('are one a row, or one a logit', () => {
    const single = loss([0, 1, 2], [3], 'single_label_classification');
    expect(single).toThrow('labels: shape [3], expected [2]');
    for (const type of ['multi_label_classification', 'regression'] as const)
      expect(loss([0, 1], [2], type)).toThrow('labels: shape [2], expected [2, 3]');
  });
});

describe('taps', () => {
  test('a replacement has the shape, dtype and backend of what it replaces', () => {
    const store = recording(b);
    const put = (y: Tensor) => () =>
      new Scope(store, 'vision_model.head', { listener: { tap: () => y } }).tap(x);
    expect(put(zeros([3, 2]))).toThrow(
      'tap vision_model.head: float32 [3, 2] of cpu in place of float32 [2, 3] of cpu',
    );
    expect(put(zeros([2, 3], 'float64'))).toThrow(
      'float64 [2, 3] of cpu in place of float32 [2, 3] of cpu',
    );
    expect(put(zeros([2, 3], 'float32', deferred(cpu())))).toThrow('of deferred(cpu)');
    const same = zeros([2, 3]);
    expect(put(same)()).toBe(same);
  });
});
