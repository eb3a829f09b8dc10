// dry(): a backend that computes nothing, and a store that holds nothing. Running the model on them shows which
// parameters it has, what it would cost and how much memory it would take.
import type { Backend, Handle, Shape } from '../contract/backend.ts';
import { type DType, pack } from '../contract/dtypes.ts';
import { size } from '../contract/shapes.ts';
import type { Parameters } from '../model/parameters.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Every operation gives a new, empty handle; reading gives zeros. */
export function dry(): Backend {
  const nothing = (): Handle => ({});
  return {
    name: 'dry',
    constant: nothing,
    upload: nothing,
    read: async (x) => pack(new Float64Array(size(x.shape)), x.dtype),
    assign() {},
    free() {},
    mark: () => ({}),
    release() {},
    dispose() {},
    unary: nothing,
    binary: nothing,
    reduce: nothing,
    matmul: nothing,
    permute: nothing,
    slice: nothing,
    pad: nothing,
    expand: nothing,
    take: nothing,
    scatterAdd: nothing,
    cast: nothing,
    fused: {
      linear: nothing,
      activation: nothing,
      layerNorm: nothing,
      softmax: nothing,
      l2Norm: nothing,
      attention: nothing,
    },
  };
}

/** A store that has whatever is asked for, and remembers the keys and shapes. */
export function recording(
  b: Backend,
  dtype: DType = 'float32',
): Parameters & {
  /** Of every parameter that was asked for, by HF key. */
  readonly shapes: ReadonlyMap<string, Shape>;
} {
  const shapes = new Map<string, Shape>();
  const empty = (shape: Shape) => new Tensor(b, shape, dtype, {});
  return {
    shapes,
    expect: (key, shape) => void shapes.set(key, shape),
    param(key, rows) {
      const [n, ...rest] = shapes.get(key)!;
      return empty([rows ? rows[1] - rows[0] : n!, ...rest]);
    },
    load: async () => {},
    rows: async (key, ids) => empty([...ids.shape, ...shapes.get(key)!.slice(1)]),
  };
}
