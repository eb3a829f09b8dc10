// float16 and bfloat16: rounding to the nearest, ties to even, and their bits. Not arithmetic, which is float32's.

/** The dtypes of 16 bits, which cross the contract as bits. */
export type HalfType = 'float16' | 'bfloat16';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bfloat16 nearest to a float32, as a number. */
function roundToBfloat16(x: number): number {
  float[0] = x;
  if (x !== x) return x;
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return float[0]!;
}

/** Rounds a float32 to the nearest value of a half type. */
export const roundToHalf = (x: number, dtype: HalfType): number =>
  dtype === 'bfloat16' ? roundToBfloat16(x) : roundToFloat16(x);

function bfloat16Bits(x: number): number {
  float[0] = x !== x ? NaN : roundToBfloat16(x);
  return bits[0]! >>> 16;
}

function float16Bits(x: number): number {
  float[0] = x;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const a = bits[0]! & 0x7fffffff;
  if (a >= 0x47800000) return sign | (a > 0x7f800000 ? 0x7e00 : 0x7c00); // 65536 and more, NaN
  if (a < 0x38800000) {
    // Below 2^-14, in steps of 2^-24: which is how finely float32 resolves just above ½.
    float[0] = Math.abs(x) + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  // The exponent's bias is 112 lower, the fraction 13 bits shorter; half a step is added, less a hair if even.
  return sign | ((a - 0x38000000 + 0xfff + ((a >>> 13) & 1)) >>> 13);
}

/** The float32 bits of a float16: the exponent's bias is 112 higher, the fraction 13 bits longer. */
function widenFloat16(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  float[0] = fraction * 2 ** -24; // a subnormal, or zero
  return sign | bits[0]!;
}

/** The float16 nearest to a float32, as a number. */
function roundToFloat16(x: number): number {
  const h = float16Bits(x);
  bits[0] = widenFloat16(h);
  return float[0]!;
}

/** Numbers to the bits of a half type, each rounded once (float64 values pass through float32 first). */
export function toBits(values: ArrayLike<number>, dtype: HalfType): Uint16Array {
  const out = new Uint16Array(values.length);
  const encode = dtype === 'bfloat16' ? bfloat16Bits : float16Bits;
  for (let i = 0; i < out.length; i++) out[i] = encode(Math.fround(values[i]!));
  return out;
}

/** The bits of a half type to float32, exactly. */
export function fromBits(values: Uint16Array, dtype: HalfType): Float32Array {
  const wide = new Uint32Array(values.length);
  if (dtype === 'bfloat16') for (let i = 0; i < wide.length; i++) wide[i] = values[i]! << 16;
  else for (let i = 0; i < wide.length; i++) wide[i] = widenFloat16(values[i]!);
  return new Float32Array(wide.buffer);
}
