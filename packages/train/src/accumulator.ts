// Running sums that outlive what is marked and released. Not a tensor operation: there is one mutation, `assign`.
import { type Backend, size, Tensor } from '@siglip-ts/core';

export interface Accumulator {
  /** Adds x to the sum of that name; the first makes it. */
  add(name: string, x: Tensor): void;
  /** Moves every sum onto the backend's stack. The accumulator is empty then. */
  take(): Map<string, Tensor>;
}

/** Sums on b, which hold memory until they are taken. */
export function accumulator(b: Backend): Accumulator {
  const sums = new Map<string, Tensor>();
  return {
    add(name, x) {
      const sum = sums.get(name);
      if (sum) return b.assign(sum, sum.add(x));
      const first = Tensor.constant(b, new Float64Array(size(x.shape)), x.shape, x.dtype);
      b.assign(first, x);
      sums.set(name, first);
    },
    take() {
      const taken = new Map([...sums].map(([name, sum]) => [name, sum.mul(1)]));
      for (const sum of sums.values()) b.free(sum);
      sums.clear();
      return taken;
    },
  };
}
