// The element types of the format: how many bits each takes and which typed array holds it.

interface Layout {
  readonly bits: number;
  /**
   * C64 is two elements per number (real, imaginary); types without a JavaScript array are raw
   * bytes or bits.
   */
  readonly array:
    | typeof Uint8Array
    | typeof Int8Array
    | typeof Uint16Array
    | typeof Int16Array
    | typeof Uint32Array
    | typeof Int32Array
    | typeof Float32Array
    | typeof Float64Array
    | typeof BigInt64Array
    | typeof BigUint64Array;
}

/** Every dtype, in the order of `enum Dtype` in the Rust library: the writer sorts by it. */
const layouts = {
  BOOL: { bits: 8, array: Uint8Array },
  F4: { bits: 4, array: Uint8Array },
  F6_E2M3: { bits: 6, array: Uint8Array },
  F6_E3M2: { bits: 6, array: Uint8Array },
  U8: { bits: 8, array: Uint8Array },
  I8: { bits: 8, array: Int8Array },
  F8_E5M2: { bits: 8, array: Uint8Array },
  F8_E4M3: { bits: 8, array: Uint8Array },
  F8_E8M0: { bits: 8, array: Uint8Array },
  F8_E4M3FNUZ: { bits: 8, array: Uint8Array },
  F8_E5M2FNUZ: { bits: 8, array: Uint8Array },
  I16: { bits: 16, array: Int16Array },
  U16: { bits: 16, array: Uint16Array },
  F16: { bits: 16, array: Uint16Array },
  BF16: { bits: 16, array: Uint16Array },
  I32: { bits: 32, array: Int32Array },
  U32: { bits: 32, array: Uint32Array },
  F32: { bits: 32, array: Float32Array },
  C64: { bits: 64, array: Float32Array },
  F64: { bits: 64, array: Float64Array },
  I64: { bits: 64, array: BigInt64Array },
  U64: { bits: 64, array: BigUint64Array },
} satisfies Record<string, Layout>;

/** A dtype as the file spells it. */
export type FileDType = keyof typeof layouts;

/**
 * What holds the elements of a tensor. F16 and BF16 are bits, FP8 and smaller are bytes as stored.
 */
export type TensorData = InstanceType<Layout['array']>;

/** The names of all dtypes that a file may hold. */
export const fileDTypes = Object.keys(layouts) as readonly FileDType[];

export function isFileDType(name: string): name is FileDType {
  return Object.hasOwn(layouts, name);
}

export function layoutOf(dtype: FileDType): Layout {
  return layouts[dtype];
}

/**
 * How many bits a tensor takes, or undefined when it passes 2^64, as the Rust library counts: left
 * to right, so that [2^63, 2, 0] is an overflow and [0, 2^63, 2] is not.
 */
export function bitsOf(dtype: FileDType, shape: readonly number[]): bigint | undefined {
  const limit = 2n ** 64n;
  let bits = 1n;
  for (const size of [...shape, layouts[dtype].bits]) {
    bits *= BigInt(size);
    if (bits >= limit) return undefined;
  }
  return bits;
}

/** A number of bits, as a message says it. */
export function bytesOf(bits: bigint | undefined): string {
  return bits === undefined ? '2^61 bytes or more' : `${Number(bits) / 8}`;
}

/**
 * The bytes of a file as the array of their dtype: a view where their address is aligned, else a
 * copy. The format is little-endian, and so is every machine that runs JavaScript today.
 */
export function asArray(dtype: FileDType, bytes: Uint8Array): TensorData {
  const { array } = layouts[dtype];
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0;
  // Not bytes.slice(): on a Node Buffer that is a view, as unaligned as before.
  const { buffer, byteOffset, byteLength } = aligned ? bytes : new Uint8Array(bytes);
  return new array(buffer as ArrayBuffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT);
}

/** The names that NumPy and torch have for the dtypes of both. */
const NAMES = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
} as const satisfies Record<string, FileDType>;

/** The file's spelling of a dtype by the name that NumPy and torch have for it. */
export const fileDTypeOf = (name: keyof typeof NAMES): FileDType => NAMES[name];

/** The name that NumPy and torch have for a dtype; the file's where they have none. */
export const nameOfFileDType = (dtype: FileDType): string =>
  Object.entries(NAMES).find(([, own]) => own === dtype)?.[0] ?? dtype;
