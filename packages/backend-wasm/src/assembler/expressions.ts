// Typed expressions of WebAssembly: each holds the bytes that leave its value on the stack. They are values only;
// statements and loops are in function.ts.
import { f32Bytes, sleb, uleb } from './bytes.ts';
import * as op from './opcodes.ts';

export type Code = readonly number[];
interface Coded {
  readonly code: Code;
}
/** An instruction on vectors. */
export const simd = (vectorOp: number): number[] => [op.simd, ...uleb(vectorOp)];
const join = (a: Coded, b: Coded, then: Code): number[] => [...a.code, ...b.code, ...then];

/** An int32; also an address, in bytes. */
export class I32 {
  readonly code: Code;
  constructor(code: Code) {
    this.code = code;
  }
  add(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_add]));
  }
  sub(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_sub]));
  }
  mul(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_mul]));
  }
  and(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_and]));
  }
  shl(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_shl]));
  }
  lt(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_lt_s]));
  }
  ge(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_ge_s]));
  }
  eq(b: Int): I32 {
    return new I32(join(this, int(b), [op.i32_eq]));
  }
  min(b: Int): I32 {
    return this.lt(b).choose(this, int(b));
  }
  /** One of two, both of which are computed: `yes` unless this is 0. */
  choose(yes: I32, no: I32): I32 {
    return new I32([...yes.code, ...no.code, ...this.code, op.select]);
  }
  toFloat(): F32 {
    return new F32([...this.code, op.f32_convert_i32_s]);
  }
  /** The address of the i-th float from here. */
  at(i: Int): I32 {
    return this.add(typeof i === 'number' ? 4 * i : i.shl(2));
  }
}
export type Int = I32 | number;
export const int = (x: Int): I32 =>
  typeof x === 'number' ? new I32([op.i32_const, ...sleb(x)]) : x;

/** A float32. */
export class F32 {
  readonly code: Code;
  constructor(code: Code) {
    this.code = code;
  }
  add(b: Float): F32 {
    return new F32(join(this, float(b), [op.f32_add]));
  }
  sub(b: Float): F32 {
    return new F32(join(this, float(b), [op.f32_sub]));
  }
  mul(b: Float): F32 {
    return new F32(join(this, float(b), [op.f32_mul]));
  }
  div(b: Float): F32 {
    return new F32(join(this, float(b), [op.f32_div]));
  }
  max(b: Float): F32 {
    return new F32(join(this, float(b), [op.f32_max]));
  }
  sqrt(): F32 {
    return new F32([...this.code, op.f32_sqrt]);
  }
  splat(): V128 {
    return new V128([...this.code, ...simd(op.f32x4_splat)]);
  }
}
export type Float = F32 | number;
export const float = (x: Float): F32 =>
  typeof x === 'number' ? new F32([op.f32_const, ...f32Bytes(x)]) : x;

/** Four float32 side by side, or four int32 where a method's name begins with i. */
export class V128 {
  readonly code: Code;
  constructor(code: Code) {
    this.code = code;
  }
  private with(b: Vector, vectorOp: number): V128 {
    return new V128(join(this, vec(b), simd(vectorOp)));
  }
  private then(vectorOp: number): V128 {
    return new V128([...this.code, ...simd(vectorOp)]);
  }
  add = (b: Vector): V128 => this.with(b, op.f32x4_add);
  sub = (b: Vector): V128 => this.with(b, op.f32x4_sub);
  mul = (b: Vector): V128 => this.with(b, op.f32x4_mul);
  div = (b: Vector): V128 => this.with(b, op.f32x4_div);
  min = (b: Vector): V128 => this.with(b, op.f32x4_min);
  max = (b: Vector): V128 => this.with(b, op.f32x4_max);
  /** b where it is smaller (larger), else this, so also where either is NaN: one instruction where min and max are ten. */
  orSmaller = (b: Vector): V128 => this.with(b, op.f32x4_pmin);
  orLarger = (b: Vector): V128 => this.with(b, op.f32x4_pmax);
  abs = (): V128 => this.then(op.f32x4_abs);
  neg = (): V128 => this.then(op.f32x4_neg);
  sqrt = (): V128 => this.then(op.f32x4_sqrt);
  /** To the nearest whole number, ties to even. */
  nearest = (): V128 => this.then(op.f32x4_nearest);
  /** All bits set where true. */
  eq = (b: Vector): V128 => this.with(b, op.f32x4_eq);
  lt = (b: Vector): V128 => this.with(b, op.f32x4_lt);
  gt = (b: Vector): V128 => this.with(b, op.f32x4_gt);
  and = (b: Vector): V128 => this.with(b, op.v128_and);
  or = (b: Vector): V128 => this.with(b, op.v128_or);
  /** The bits of `yes` where this mask has ones, else those of `no`. */
  pick = (yes: Vector, no: Vector): V128 =>
    new V128([...vec(yes).code, ...vec(no).code, ...this.code, ...simd(op.v128_bitselect)]);
  toInts = (): V128 => this.then(op.i32x4_trunc_sat_f32x4_s);
  toFloats = (): V128 => this.then(op.f32x4_convert_i32x4_s);
  iadd = (n: V128): V128 => this.with(n, op.i32x4_add);
  isub = (n: V128): V128 => this.with(n, op.i32x4_sub);
  ishl = (n: number): V128 => new V128([...this.code, ...int(n).code, ...simd(op.i32x4_shl)]);
  /** Eight int16 times eight, neighbouring products added: four int32. */
  dot = (b: V128): V128 => this.with(b, op.i32x4_dot_i16x8_s);
  /** The lower or upper four of eight int16, as int32. */
  lowInts = (): V128 => this.then(op.i32x4_extend_low_i16x8_s);
  highInts = (): V128 => this.then(op.i32x4_extend_high_i16x8_s);
  /** Four int32 of this and four of b as eight int16, cut off at their limits. */
  toShorts = (b: V128): V128 => this.with(b, op.i16x8_narrow_i32x4_s);
  /** Keeps the sign. */
  ishr = (n: number): V128 => new V128([...this.code, ...int(n).code, ...simd(op.i32x4_shr_s)]);
  lane = (i: 0 | 1 | 2 | 3): F32 => new F32([...this.code, ...simd(op.f32x4_extract_lane), i]);
  /** ((lane 0 + lane 1) + lane 2) + lane 3: one order, everywhere. */
  sum = (): F32 => this.lane(0).add(this.lane(1)).add(this.lane(2)).add(this.lane(3));
  largest = (): F32 => this.lane(0).max(this.lane(1)).max(this.lane(2)).max(this.lane(3));
  /** this * b + c; one rounding where relaxed, else two. */
  madd = (b: Vector, c: Vector, relaxed: boolean): V128 =>
    relaxed
      ? new V128([...this.code, ...vec(b).code, ...vec(c).code, ...simd(op.f32x4_relaxed_madd)])
      : this.mul(b).add(c);
  /** Four of the eight lanes of this and b, by number. */
  shuffle = (b: V128, ...lanes: number[]): V128 => {
    const bytes = lanes.flatMap((l) => [0, 1, 2, 3].map((i) => 4 * l + i));
    return new V128([...this.code, ...b.code, ...simd(op.i8x16_shuffle), ...bytes]);
  };
}
export type Vector = V128 | number;
/** One number in all lanes: written once and repeated, 11 bytes shorter than a constant of 16. */
export const vec = (x: Vector): V128 => (typeof x === 'number' ? float(x).splat() : x);
export const ints = (n: number): V128 => new V128([...int(n).code, ...simd(op.i32x4_splat)]);

/** A constant of four different floats. */
export const lanes = (a: number, b: number, c: number, d: number): V128 =>
  new V128([...simd(op.v128_const), ...[a, b, c, d].flatMap(f32Bytes)]);

/** Alignment hint and constant offset of an access. */
const memarg = (align: number, offset: number): number[] => [align, ...uleb(offset)];

export const load = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(op.v128_load), ...memarg(2, offset)]);
/** Eight int8 as int16. */
export const loadBytes = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(op.v128_load8x8_s), ...memarg(0, offset)]);
/** Four uint16 as int32. */
export const loadShorts = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(op.v128_load16x4_u), ...memarg(0, offset)]);
/** One float, or any 32 bits, in all four lanes. */
export const loadSplat = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(op.v128_load32_splat), ...memarg(2, offset)]);
export const loadFloat = (p: I32, offset = 0): F32 =>
  new F32([...p.code, op.f32_load, ...memarg(2, offset)]);
export const storeCode = (p: I32, x: V128, offset = 0): Code => [
  ...p.code,
  ...x.code,
  ...simd(op.v128_store),
  ...memarg(2, offset),
];
/** Stores 32 bits: one lane. */
export const storeLaneCode = (p: I32, x: V128, lane: number, offset = 0): Code => [
  ...p.code,
  ...x.code,
  ...simd(op.v128_store32_lane),
  ...memarg(0, offset),
  lane,
];
export const storeFloatCode = (p: I32, x: F32, offset = 0): Code => [
  ...p.code,
  ...x.code,
  op.f32_store,
  ...memarg(2, offset),
];
