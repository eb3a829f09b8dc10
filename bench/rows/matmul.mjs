// x [196, 768] through a linear layer of 768 and of 3072 outputs: the two products a ViT-B/16 is made of. The weight
// stays where it is, as in a model; x goes in and y comes out as arrays.
import { linear } from '@siglip-ts/core';
import { numbers } from '../ours.mjs';
import { jax, tfjs } from '../peers.mjs';
import { kernelRow } from './kernel.mjs';

const [M, K] = [196, 768];

const productOf = (N) => (o) => {
  const x = numbers(M * K);
  const w = numbers(N * K, 2);
  const transposed = Float32Array.from(w, (_, i) => w[(i % N) * K + Math.floor(i / N)]); // [K, N]
  return kernelRow(
    {
      inputs: [
        { values: x, shape: [M, K] },
        { values: w, shape: [N, K], isWeight: true },
      ],
      op: (a, b) => linear(a, b, null),
      flop: 2 * M * N * K,
      graph: {
        op: 'MatMul',
        inputs: [
          { name: 'x', shape: [M, K], data: x },
          { name: 'w', shape: [K, N], values: transposed },
        ],
        shape: [M, N],
      },
      peers: {
        'tfjs wasm': async () => {
          const tf = await tfjs();
          const right = tf.tensor(transposed, [K, N]);
          const run = async () => {
            const left = tf.tensor(x, [M, K]);
            const y = tf.matMul(left, right);
            const values = await y.data();
            tf.dispose([left, y]);
            return values;
          };
          return { run };
        },
        'jax-js wasm': async () => {
          const { numpy: np } = await jax();
          const right = np.array(transposed).reshape([K, N]);
          await right.ref.data();
          return { run: () => np.matmul(np.array(x).reshape([M, K]), right.ref).data() };
        },
      },
    },
    o,
  );
};

export const rows = [
  { name: 'matmul-768', title: 'linear layer 196x768 → 768', run: productOf(768) },
  { name: 'matmul-3072', title: 'linear layer 196x768 → 3072', run: productOf(3072) },
];
