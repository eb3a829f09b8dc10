// The unit in the last place of a floating-point number, in which errors are said independent of magnitude.
import type { DType } from './dtypes.ts';

/** Bits of the fraction, and the least exponent of normal numbers. */
const FORMAT = {
  float64: [52, -1022],
  float32: [23, -126],
  float16: [10, -14],
  bfloat16: [7, -126],
  int32: [0, 0],
} as const satisfies Record<DType, readonly [number, number]>;

/** Between x and the next larger magnitude of a dtype; the smallest there is at 0, and where x is not finite. */
export function ulpOf(x: number, dtype: DType): number {
  const [bits, least] = FORMAT[dtype];
  if (x === 0 || !Number.isFinite(x)) return 2 ** (least - bits);
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), least) - bits);
}
