// Vector instructions on bytes and int16, which only the pixel kernels use. Expressions like those of the assembler.
import { uleb } from '../assembler/bytes.ts';
import { I32, int, V128, type Int } from '../assembler/expressions.ts';

const simd = (op: number): number[] => [0xfd, ...uleb(op)];
const unary = (op: number) => (a: V128) => new V128([...a.code, ...simd(op)]);
const binary = (op: number) => (a: V128, b: V128) => new V128([...a.code, ...b.code, ...simd(op)]);
const shift = (op: number) => (a: V128, n: Int) =>
  new V128([...a.code, ...int(n).code, ...simd(op)]);
const loading =
  (op: number) =>
  (p: I32, offset = 0) =>
    new V128([...p.code, ...simd(op), 0, ...uleb(offset)]);

/** Eight bytes as uint16. */
export const load8Shorts = loading(2);
/** Four bytes in the first lane, zeros in the others. */
export const load4Bytes = loading(92);

export const loadInt = (p: I32) => new I32([...p.code, 0x28, 2, 0]);

/** The lower or upper eight bytes as uint16; four uint16 as int32. */
export const lowShorts = unary(137);
export const highShorts = unary(138);
export const lowUnsigned = unary(169);
export const highUnsigned = unary(170);

export const mulInts = binary(181);
export const addShorts = binary(142);
export const subShorts = binary(145);
export const mulShorts = binary(149);
export const shlShorts = shift(139);
/** Keeps the sign. */
export const shrShorts = shift(140);
export const shrInts = shift(172);
export const xor = binary(81);
/** Sixteen int16 as bytes, cut off at -128..127, or at 0..255. */
export const toSignedBytes = binary(101);
export const toBytes = binary(102);

/** An int32 in all lanes. */
export const splat = (n: Int) => new V128([...int(n).code, ...simd(17)]);
/** Two int16 in turn, for `dot`. */
export const pairs = (a: number, b: number): V128 => splat((b << 16) | (a & 0xffff));
export const isAnySet = (a: V128): I32 => new I32([...a.code, ...simd(83)]);

/** Sixteen of the 32 bytes of a and b, by number. */
export const shuffleBytes = (a: V128, b: V128, bytes: readonly number[]): V128 =>
  new V128([...a.code, ...b.code, ...simd(13), ...bytes]);
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
