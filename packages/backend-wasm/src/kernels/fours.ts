// A loop over vectors, four of which are computed side by side; whoever sums them does it in their order, for the bits.
import type { I32 } from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalI32 } from '../assembler/function.ts';

const FOUR = [0, 16, 32, 48] as const;

/** for (; i < n; i += 4): four vectors in a turn while there are four, at i and so many bytes further, then one by one. */
export function inFours(
  f: FunctionBuilder,
  i: LocalI32,
  n: I32,
  turn: (i: LocalI32, offsets: readonly number[]) => void,
): void {
  const whole = f.i32(n.and(-16));
  f.for(i, 0, whole, 16, () => turn(i, FOUR));
  f.for(i, whole, n, 4, () => turn(i, [0]));
}
