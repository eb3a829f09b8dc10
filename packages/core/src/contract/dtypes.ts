// What numbers are: the dtypes, their sizes and limits, how their values cross the contract and turn into each other.
import { fromBits, type HalfType, toBits } from './half.ts';

/** The dtypes of tensors, by NumPy's and torch's names. */
export type DType = 'float32' | 'float64' | 'int32' | HalfType;

/** How values cross the contract: one array type per dtype, both half types as their 16 bits. */
export type Values = Float32Array | Float64Array | Int32Array | Uint16Array;

/** Bytes a number. */
export const BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int32: 4,
};

/** The most negative finite number of a dtype, which HF adds to the scores of masked keys. */
export const LOWEST: Readonly<Record<DType, number>> = {
  float32: -3.4028234663852886e38,
  float64: -Number.MAX_VALUE,
  float16: -65504,
  bfloat16: -3.3895313892515355e38,
  int32: -2147483648,
};

/** Whether a dtype has 16 bits. */
export const isHalf = (dtype: DType): dtype is HalfType =>
  dtype === 'float16' || dtype === 'bfloat16';

/** Values of one dtype as values of another, as torch's `.to` converts: to nearest, integers towards zero. */
export function convert(values: Values, from: DType, to: DType): Values {
  if (from === to) return values;
  const wide = isHalf(from) ? fromBits(values as Uint16Array, from) : values;
  return pack(wide, to);
}

/** Numbers in the array type in which their dtype crosses the contract. */
export function pack(numbers: ArrayLike<number>, dtype: DType): Values {
  switch (dtype) {
    case 'float32':
      return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
    case 'float64':
      return numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);
    case 'int32':
      return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
    case 'float16':
    case 'bfloat16':
      return toBits(numbers, dtype);
  }
}
