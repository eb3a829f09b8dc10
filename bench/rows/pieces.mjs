// The other operations of an encoder layer, each by itself, at the sizes of a ViT-B/16 image.
import { activation, attention, layerNorm, softmax } from '@siglip-ts/core';
import { numbers } from '../ours.mjs';
import { kernelRow } from './kernel.mjs';

const [T, D, MLP, HEADS] = [196, 768, 3072, 12];
const onnxInput = (name, shape, data) => ({ name, shape, data });
const onnxWeight = (name, shape, values) => ({ name, shape, values });

function layerNormRow(o) {
  const [x, w, b] = [numbers(T * D), numbers(D, 2), numbers(D, 3)];
  return kernelRow(
    {
      inputs: [
        { values: x, shape: [T, D] },
        { values: w, shape: [D], isWeight: true },
        { values: b, shape: [D], isWeight: true },
      ],
      op: (...tensors) => layerNorm(...tensors, 1e-6),
      graph: {
        op: 'LayerNormalization',
        inputs: [onnxInput('x', [T, D], x), onnxWeight('w', [D], w), onnxWeight('b', [D], b)],
        shape: [T, D],
        attributes: { epsilon: 1e-6 },
      },
    },
    o,
  );
}

/** An operation of one array. */
const unaryRow = (shape, op, graph) => (o) => {
  const x = numbers(shape[0] * shape[1]);
  const inputs = [{ values: x, shape }];
  return kernelRow(
    { inputs, op, graph: { ...graph, inputs: [onnxInput('x', shape, x)], shape } },
    o,
  );
};

function attentionRow(o) {
  const shape = [1, T, D];
  const given = ['q', 'k', 'v'].map((name, i) => onnxInput(name, shape, numbers(T * D, i + 1)));
  const scale = (D / HEADS) ** -0.5;
  return kernelRow(
    {
      inputs: given.map(({ data }) => ({ values: data, shape })),
      op: (q, k, v) => attention(q, k, v, { heads: HEADS, scale }),
      flop: 4 * T * T * D,
      graph: {
        op: 'MultiHeadAttention',
        domain: 'com.microsoft',
        inputs: given,
        shape,
        attributes: { num_heads: HEADS, scale },
      },
    },
    o,
  );
}

export const rows = [
  { name: 'layer-norm', title: 'layer norm 196x768', run: layerNormRow },
  {
    name: 'softmax',
    title: 'softmax 2352x196',
    run: unaryRow([HEADS * T, T], softmax, { op: 'Softmax' }),
  },
  {
    name: 'gelu',
    title: 'GELU (tanh) 196x3072',
    run: unaryRow([T, MLP], (x) => activation(x, 'gelu_pytorch_tanh'), {
      op: 'Gelu',
      attributes: { approximate: 'tanh' },
    }),
  },
  { name: 'attention', title: 'attention, 12 heads, 196 tokens', run: attentionRow },
];
