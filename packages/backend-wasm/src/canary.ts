// A small encoder layer and every other operation on fixed numbers, compared with what float64 gives: shows whether a
// backend computes right on this machine. Takes 2 ms; some 15 in a new process, where no code has been compiled yet.
// Not a measure of accuracy, which is what tests/conformance is for.
import {
  activation,
  attention,
  type Backend,
  l2Norm,
  layerNorm,
  linear,
  type Shape,
  softmax,
  Tensor,
} from '@siglip-ts/core';
import { type Question, type SelfTest, selfTest } from '@siglip-ts/core/kit';

/** A share of the magnitudes summed: four times what 'w8a8' needs, a thousand times what float32 does. */
const TOLERANCE = 1e-4;

/** The test of a backend that computes in that dtype. */
export const canaryOf = (dtype: 'float32' | 'float64', tolerance: number): SelfTest => ({
  ask(b, step) {
    const weights: Tensor[] = [];
    const weight = (...shape: number[]): Tensor => {
      const w = Tensor.constant(b, pattern(shape, weights.length), shape, dtype);
      weights.push(w);
      return w;
    };
    const ids = Tensor.from(b, [3, 0, 8, 8, 1, 7, 2, 5, 4, 6], [2, 5], 'int32');
    const keys = Tensor.from(b, [1, 1, 1, 1, 1, 1, 1, 0, 1, 0], [2, 5], dtype);
    try {
      const x = encoderLayer(step, weight, ids, keys);
      primitives(step, x, ids);
    } finally {
      for (const w of weights) b.free(w);
    }
  },
  wrong(found, i) {
    const { sum, magnitude } = checksum(found);
    const right = Math.abs(sum - EXPECTED[i]!) <= tolerance * magnitude;
    return right ? null : `gives the checksum ${sum}, expected ${EXPECTED[i]}`;
  },
});

export const CANARY = canaryOf('float32', TOLERANCE);

/** Throws Error naming the first operation that is wrong on this machine or does not run. */
export const canary = (b: Backend): Promise<void> => selfTest(b, CANARY);

/** No size is a multiple of a vector or a tile, and a sum over 132 is longer than the blocks that sums are cut into. */
function encoderLayer(
  step: Question,
  weight: (...shape: number[]) => Tensor,
  ids: Tensor,
  keys: Tensor,
): Tensor {
  const [D, M] = [15, 132];
  const tokens = step('take', () => weight(9, D).take(ids)); // [2, 5, D]
  const x = step('add', () => tokens.add(weight(5, D)));
  const n = step('layerNorm', () => layerNorm(x, weight(D), weight(D), 1e-6));
  const [q, k, v] = [1, 2, 3].map(() => step('linear', () => linear(n, weight(D, D), weight(D))));
  const mixed = step('attention', () =>
    attention(q!, k!, v!, { heads: 3, scale: 0.25, keys, implementation: 'sdpa' }),
  );
  const y = step('add', () => x.add(mixed));
  const m = step('linear with gelu_pytorch_tanh', () =>
    linear(y, weight(M, D), weight(M), 'gelu_pytorch_tanh'),
  );
  return step('linear', () => linear(m, weight(D, M), null));
}

/** In the order of what they need; a name that comes again is the operation in another form. */
function primitives(step: Question, x: Tensor, ids: Tensor): void {
  const row = step('max', () => x.max(1)); // [2, 1, D]
  const column = step('norm', () => l2Norm(x)); // [2, 5, 1]
  const unit = step('div', () => x.div(column));
  const p = step('softmax', () => softmax(unit));
  step('sum', () => p.sum(1));
  step('sum', () => x.sum(-1));
  step('mul', () => unit.mul(row));
  step('sub', () => x.sub(column));
  step('max', () => unit.maximum(0.1));
  step('min', () => unit.minimum(p));
  step('greater', () => x.greater(0));
  step('equal', () => x.equal(row));
  step('matmul', () => unit.matmul(unit, { transB: true }));
  step('matmul', () => unit.matmul(p, { transA: true }));
  step('permute', () => unit.permute(2, 0, 1));
  step('slice', () => unit.slice([0, 1, 2], [2, 3, 11]));
  step('pad', () => unit.pad([1, 1, 3], [3, 6, 18]));
  step('expand', () => row.expand(x.shape));
  step('scatterAdd', () => unit.scatterAdd(ids, [9, x.shape[2]!]));
  step('neg', () => x.neg());
  step('exp', () => unit.exp());
  step('log', () => column.log());
  step('log1p', () => p.log1p());
  step('sqrt', () => p.sqrt());
  step('tanh', () => unit.tanh());
  step('tanh', () => x.tanh()); // far beyond 10, where some machines' own function overflows
  step('erf', () => unit.erf());
  step('gelu', () => activation(x, 'gelu'));
  step('sigmoid', () => activation(x, 'sigmoid'));
}

/** Numbers between -1 and 1 without an order. Eight bits hold them, also after weights were quantised row by row. */
function pattern(shape: Shape, seed: number): Float64Array {
  const numbers = new Float64Array(shape.reduce((product, size) => product * size, 1));
  const width = shape.at(-1)!;
  for (let i = 0; i < numbers.length; i++) {
    const mixed = Math.imul(i + 1009 * seed, 0x9e3779b1) >>> 16;
    const n = i % width === 0 ? 127 : (mixed % 255) - 127; // 127 is each row's largest
    numbers[i] = n / 128;
  }
  return numbers;
}

/** Every value counts, by a factor that its neighbours do not have. */
function checksum(values: ArrayLike<number>): { sum: number; magnitude: number } {
  let [sum, magnitude] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const term = values[i]! * (1 + ((7 * i) % 16));
    sum += term;
    magnitude += Math.abs(term);
  }
  return { sum, magnitude };
}

/** The sums as backend-cpu gives them in float64, in the order of the steps. */
// prettier-ignore
export const EXPECTED: readonly number[] = [
  // take, add, layerNorm, linear three times, attention, add, linear with gelu_pytorch_tanh, linear
  32.609375, 125.140625, 283.1740173, 4081.935609, 4332.820453, 4179.815569, 4882.975431, 5008.116056,
  81363.76656, 19579.45137,
  // max, norm, div, softmax, sum twice, mul, sub, max, min, greater, equal
  8753.623453, 11091.54743, 155.3992088, 85.24631207, 87.38555604, 19700.35869, 11862.01803,
  -140185.8253, 265.0421515, 3.090103313, 837, 267,
  // matmul twice, permute, slice, pad, expand, scatterAdd
  337.0152097, 146.0674956, 145.6740659, 68.17826758, 150.5462688, 42013.2399, 161.4667353,
  // neg, exp, log, log1p, sqrt, tanh twice, erf, gelu, sigmoid
  -19579.45137, 1476.23486, 413.8423611, 82.36705986, 326.9088886, 146.0464118, 408.9444929,
  164.567047, 26924.66436, 843.0915957,
];
