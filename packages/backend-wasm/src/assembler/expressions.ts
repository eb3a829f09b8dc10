// Typed expressions of WebAssembly: each holds the bytes that leave its value on the stack. They are values only;
// statements and loops are in function.ts.
import { f32Bytes, sleb, uleb } from './bytes.ts';

export type Code = readonly number[];
interface Coded {
  readonly code: Code;
}
const simd = (op: number): number[] => [0xfd, ...uleb(op)];
const join = (a: Coded, b: Coded, op: Code): number[] => [...a.code, ...b.code, ...op];

/** An int32; also an address, in bytes. */
export class I32 {
  readonly code: Code;
  constructor(code: Code) {
    this.code = code;
  }
  add(b: Int): I32 {
    return new I32(join(this, int(b), [0x6a]));
  }
  sub(b: Int): I32 {
    return new I32(join(this, int(b), [0x6b]));
  }
  mul(b: Int): I32 {
    return new I32(join(this, int(b), [0x6c]));
  }
  and(b: Int): I32 {
    return new I32(join(this, int(b), [0x71]));
  }
  shl(b: Int): I32 {
    return new I32(join(this, int(b), [0x74]));
  }
  lt(b: Int): I32 {
    return new I32(join(this, int(b), [0x48]));
  }
  ge(b: Int): I32 {
    return new I32(join(this, int(b), [0x4e]));
  }
  eq(b: Int): I32 {
    return new I32(join(this, int(b), [0x46]));
  }
  min(b: Int): I32 {
    return this.lt(b).choose(this, int(b));
  }
  /** One of two, both of which are computed: `yes` unless this is 0. */
  choose(yes: I32, no: I32): I32 {
    return new I32([...yes.code, ...no.code, ...this.code, 0x1b]);
  }
  toFloat(): F32 {
    return new F32([...this.code, 0xb2]);
  }
  /** The address of the i-th float from here. */
  at(i: Int): I32 {
    return this.add(typeof i === 'number' ? 4 * i : i.shl(2));
  }
}
export type Int = I32 | number;
export const int = (x: Int): I32 => (typeof x === 'number' ? new I32([0x41, ...sleb(x)]) : x);

/** A float32. */
export class F32 {
  readonly code: Code;
  constructor(code: Code) {
    this.code = code;
  }
  add(b: Float): F32 {
    return new F32(join(this, float(b), [0x92]));
  }
  sub(b: Float): F32 {
    return new F32(join(this, float(b), [0x93]));
  }
  mul(b: Float): F32 {
    return new F32(join(this, float(b), [0x94]));
  }
  div(b: Float): F32 {
    return new F32(join(this, float(b), [0x95]));
  }
  max(b: Float): F32 {
    return new F32(join(this, float(b), [0x97]));
  }
  sqrt(): F32 {
    return new F32([...this.code, 0x91]);
  }
  splat(): V128 {
    return new V128([...this.code, ...simd(19)]);
  }
}
export type Float = F32 | number;
export const float = (x: Float): F32 =>
  typeof x === 'number' ? new F32([0x43, ...f32Bytes(x)]) : x;

/** Four float32 side by side, or four int32 where a method's name begins with i. */
export class V128 {
  readonly code: Code;
  constructor(code: Code) {
    this.code = code;
  }
  private with(b: Vector, op: number): V128 {
    return new V128(join(this, vec(b), simd(op)));
  }
  private then(op: number): V128 {
    return new V128([...this.code, ...simd(op)]);
  }
  add = (b: Vector): V128 => this.with(b, 228);
  sub = (b: Vector): V128 => this.with(b, 229);
  mul = (b: Vector): V128 => this.with(b, 230);
  div = (b: Vector): V128 => this.with(b, 231);
  min = (b: Vector): V128 => this.with(b, 232);
  max = (b: Vector): V128 => this.with(b, 233);
  /** b where it is smaller (larger), else this, so also where either is NaN: one instruction where min and max are ten. */
  orSmaller = (b: Vector): V128 => this.with(b, 234);
  orLarger = (b: Vector): V128 => this.with(b, 235);
  abs = (): V128 => this.then(224);
  neg = (): V128 => this.then(225);
  sqrt = (): V128 => this.then(227);
  /** To the nearest whole number, ties to even. */
  nearest = (): V128 => this.then(106);
  /** All bits set where true. */
  eq = (b: Vector): V128 => this.with(b, 65);
  lt = (b: Vector): V128 => this.with(b, 67);
  gt = (b: Vector): V128 => this.with(b, 68);
  and = (b: Vector): V128 => this.with(b, 78);
  or = (b: Vector): V128 => this.with(b, 80);
  /** The bits of `yes` where this mask has ones, else those of `no`. */
  pick = (yes: Vector, no: Vector): V128 =>
    new V128([...vec(yes).code, ...vec(no).code, ...this.code, ...simd(82)]);
  toInts = (): V128 => this.then(248);
  toFloats = (): V128 => this.then(250);
  iadd = (n: V128): V128 => this.with(n, 174);
  isub = (n: V128): V128 => this.with(n, 177);
  ishl = (n: number): V128 => new V128([...this.code, ...int(n).code, ...simd(171)]);
  /** Eight int16 times eight, neighbouring products added: four int32. */
  dot = (b: V128): V128 => this.with(b, 186);
  /** The lower or upper four of eight int16, as int32. */
  lowInts = (): V128 => this.then(167);
  highInts = (): V128 => this.then(168);
  /** Four int32 of this and four of b as eight int16, cut off at their limits. */
  toShorts = (b: V128): V128 => this.with(b, 133);
  /** Keeps the sign. */
  ishr = (n: number): V128 => new V128([...this.code, ...int(n).code, ...simd(172)]);
  lane = (i: 0 | 1 | 2 | 3): F32 => new F32([...this.code, ...simd(31), i]);
  /** ((lane 0 + lane 1) + lane 2) + lane 3: one order, everywhere. */
  sum = (): F32 => this.lane(0).add(this.lane(1)).add(this.lane(2)).add(this.lane(3));
  largest = (): F32 => this.lane(0).max(this.lane(1)).max(this.lane(2)).max(this.lane(3));
  /** this * b + c; one rounding where relaxed, else two. */
  madd = (b: Vector, c: Vector, relaxed: boolean): V128 =>
    relaxed
      ? new V128([...this.code, ...vec(b).code, ...vec(c).code, ...simd(0x105)])
      : this.mul(b).add(c);
  /** Four of the eight lanes of this and b, by number. */
  shuffle = (b: V128, ...lanes: number[]): V128 => {
    const bytes = lanes.flatMap((l) => [0, 1, 2, 3].map((i) => 4 * l + i));
    return new V128([...this.code, ...b.code, ...simd(13), ...bytes]);
  };
}
export type Vector = V128 | number;
/** One number in all lanes: written once and repeated, 11 bytes shorter than a constant of 16. */
export const vec = (x: Vector): V128 => (typeof x === 'number' ? float(x).splat() : x);
export const ints = (n: number): V128 => new V128([...int(n).code, ...simd(17)]);

/** A constant of four different floats. */
export const lanes = (a: number, b: number, c: number, d: number): V128 =>
  new V128([...simd(12), ...[a, b, c, d].flatMap(f32Bytes)]);

/** Alignment hint and constant offset of an access. */
const memarg = (align: number, offset: number): number[] => [align, ...uleb(offset)];

export const load = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(0), ...memarg(2, offset)]);
/** Eight int8 as int16. */
export const loadBytes = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(1), ...memarg(0, offset)]);
/** Four uint16 as int32. */
export const loadShorts = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(4), ...memarg(0, offset)]);
/** One float, or any 32 bits, in all four lanes. */
export const loadSplat = (p: I32, offset = 0): V128 =>
  new V128([...p.code, ...simd(9), ...memarg(2, offset)]);
export const loadFloat = (p: I32, offset = 0): F32 =>
  new F32([...p.code, 0x2a, ...memarg(2, offset)]);
export const storeCode = (p: I32, x: V128, offset = 0): Code => [
  ...p.code,
  ...x.code,
  ...simd(11),
  ...memarg(2, offset),
];
/** Stores 32 bits: one lane. */
export const storeLaneCode = (p: I32, x: V128, lane: number, offset = 0): Code => [
  ...p.code,
  ...x.code,
  ...simd(90),
  ...memarg(0, offset),
  lane,
];
export const storeFloatCode = (p: I32, x: F32, offset = 0): Code => [
  ...p.code,
  ...x.code,
  0x38,
  ...memarg(2, offset),
];
