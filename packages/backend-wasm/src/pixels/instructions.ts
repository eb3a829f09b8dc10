// Vector instructions on bytes and int16, which only the pixel kernels use. Expressions like those of the assembler.
import { uleb } from '../assembler/bytes.ts';
import { I32, type Int, int, simd, V128 } from '../assembler/expressions.ts';
import * as op from '../assembler/opcodes.ts';

const unary = (vectorOp: number) => (a: V128) => new V128([...a.code, ...simd(vectorOp)]);
const binary = (vectorOp: number) => (a: V128, b: V128) =>
  new V128([...a.code, ...b.code, ...simd(vectorOp)]);
const shift = (vectorOp: number) => (a: V128, n: Int) =>
  new V128([...a.code, ...int(n).code, ...simd(vectorOp)]);
const loading =
  (vectorOp: number) =>
  (p: I32, offset = 0) =>
    new V128([...p.code, ...simd(vectorOp), 0, ...uleb(offset)]);

/** Eight bytes as uint16. */
export const load8Shorts = loading(op.v128_load8x8_u);
/** Four bytes in the first lane, zeros in the others. */
export const load4Bytes = loading(op.v128_load32_zero);

export const loadInt = (p: I32) => new I32([...p.code, op.i32_load, 2, 0]);

/** The lower or upper eight bytes as uint16; four uint16 as int32. */
export const lowShorts = unary(op.i16x8_extend_low_i8x16_u);
export const highShorts = unary(op.i16x8_extend_high_i8x16_u);
export const lowUnsigned = unary(op.i32x4_extend_low_i16x8_u);
export const highUnsigned = unary(op.i32x4_extend_high_i16x8_u);

export const mulInts = binary(op.i32x4_mul);
export const addShorts = binary(op.i16x8_add);
export const subShorts = binary(op.i16x8_sub);
export const mulShorts = binary(op.i16x8_mul);
export const shlShorts = shift(op.i16x8_shl);
/** Keeps the sign. */
export const shrShorts = shift(op.i16x8_shr_s);
export const shrInts = shift(op.i32x4_shr_s);
export const xor = binary(op.v128_xor);
/** Sixteen int16 as bytes, cut off at -128..127, or at 0..255. */
export const toSignedBytes = binary(op.i8x16_narrow_i16x8_s);
export const toBytes = binary(op.i8x16_narrow_i16x8_u);

/** An int32 in all lanes. */
export const splat = (n: Int) => new V128([...int(n).code, ...simd(op.i32x4_splat)]);
/** Two int16 in turn, for `dot`. */
export const pairs = (a: number, b: number): V128 => splat((b << 16) | (a & 0xffff));
export const isAnySet = (a: V128): I32 => new I32([...a.code, ...simd(op.v128_any_true)]);

/** Sixteen of the 32 bytes of a and b, by number. */
export const shuffleBytes = (a: V128, b: V128, bytes: readonly number[]): V128 =>
  new V128([...a.code, ...b.code, ...simd(op.i8x16_shuffle), ...bytes]);
/** Eight of the sixteen int16 of a and b, by number. */
export const shuffleShorts = (a: V128, b: V128, shorts: readonly number[]): V128 =>
  shuffleBytes(
    a,
    b,
    shorts.flatMap((i) => [2 * i, 2 * i + 1]),
  );
/** a and b in turn: their first four int16, or their last four. */
export const mixLow = (a: V128, b: V128) => shuffleShorts(a, b, [0, 8, 1, 9, 2, 10, 3, 11]);
export const mixHigh = (a: V128, b: V128) => shuffleShorts(a, b, [4, 12, 5, 13, 6, 14, 7, 15]);
