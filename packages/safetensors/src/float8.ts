// The two 8-bit floats that weights are stored in, widened: every value of theirs is a float32. Not the other kinds (FNUZ, E8M0),
// and no scales: who stores those says so by other tensors.
import type { FileDType } from './dtype.ts';

interface Layout {
  readonly mantissa: number;
  readonly bias: number;
}

/** Source: OCP 8-bit floating point, as torch.float8_e4m3fn and torch.float8_e5m2. */
const LAYOUTS: Partial<Record<FileDType, Layout>> = {
  F8_E4M3: { mantissa: 3, bias: 7 },
  F8_E5M2: { mantissa: 2, bias: 15 },
};

/** Whether `widenFloat8` reads this dtype. */
export const isFloat8 = (dtype: FileDType): boolean => LAYOUTS[dtype] !== undefined;

/** The values of the bytes of an F8_E4M3 or F8_E5M2 tensor, exactly. Throws TypeError for another dtype. */
export function widenFloat8(dtype: FileDType, bytes: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const layout = LAYOUTS[dtype];
  if (!layout) throw new TypeError(`dtype ${dtype}, expected F8_E4M3 or F8_E5M2`);
  const values = Float32Array.from({ length: 256 }, (_, code) => valueOf(code, layout));
  return Float32Array.from(bytes, (code) => values[code]!);
}

function valueOf(code: number, { mantissa, bias }: Layout): number {
  const sign = code & 128 ? -1 : 1;
  const exponent = (code & 127) >> mantissa;
  const fraction = (code & (2 ** mantissa - 1)) / 2 ** mantissa;
  // E5M2 ends as IEEE's floats do; E4M3 has no infinity, and one NaN with either sign.
  if (mantissa === 2 && exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (mantissa === 3 && (code & 127) === 127) return NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias)); // prettier-ignore
}
