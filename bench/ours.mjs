// Our backends as contenders of the kernel rows. Not the models: rows that time those load them by themselves.
import { cpu } from '@siglip-ts/backend-cpu';
import { wasm } from '@siglip-ts/backend-wasm';
import { scopedSync, Tensor } from '@siglip-ts/core';
import { hasRelaxed } from './ceiling.mjs';
import { Absent } from './peers.mjs';

/** By the names in the tables; `threads` as in --threads. */
export const BACKENDS = {
  wasm: ({ threads }) => wasm({ threads }),
  'wasm relaxed': ({ threads }) => {
    if (!hasRelaxed()) throw new Absent('this engine has no relaxed SIMD');
    return wasm({ threads, relaxed: true });
  },
  cpu: async () => cpu(),
};

/** @typedef {{ values: Float32Array, shape: number[], isWeight?: boolean }} Input */

/** An input: `values` of `shape`; a weight is made once, anything else is uploaded for every run. */
const tensorOf = (b, { values, shape, isWeight }) =>
  isWeight ? Tensor.constant(b, values, shape) : Tensor.from(b, values, shape);

/** `op(...tensors)` from arrays to an array, which is how a peer is used too. */
export function fromArrays(b, inputs, op) {
  const weights = inputs.map((input) => input.isWeight && tensorOf(b, input));
  return () =>
    scopedSync(b, () => op(...inputs.map((x, i) => weights[i] || tensorOf(b, x))).data());
}

/** `op(...tensors)` on tensors that are there already: what the kernel takes by itself. */
export function kernelAlone(b, inputs, op) {
  const tensors = inputs.map((input) => tensorOf(b, { ...input, isWeight: true }));
  return () => scopedSync(b, () => void op(...tensors));
}

/** Deterministic numbers in [-2, 2), about the size of activations. */
export function numbers(n, seed = 1) {
  const values = new Float32Array(n);
  let x = seed;
  for (let i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    values[i] = x / 2 ** 30;
  }
  return values;
}
