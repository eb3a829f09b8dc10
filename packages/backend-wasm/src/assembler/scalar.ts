// A function rewritten for engines without SIMD: every vector is four int32, on the stack and in locals, and every
// vector instruction becomes scalar ones that give the same bits. Slow but whole. It knows the instructions that the
// assembler writes, no more, and throws on others.
import { Reader, sized, sleb, uleb, vector } from './bytes.ts';
import type { Code } from './expressions.ts';
import * as op from './opcodes.ts';

const LANES = [0, 1, 2, 3] as const;

/** Float instructions by their vector forms: a result that is a truth value becomes a mask. */
const FLOAT_BINARY: Record<number, number> = {
  [op.f32x4_add]: op.f32_add,
  [op.f32x4_sub]: op.f32_sub,
  [op.f32x4_mul]: op.f32_mul,
  [op.f32x4_div]: op.f32_div,
  [op.f32x4_min]: op.f32_min,
  [op.f32x4_max]: op.f32_max,
};
const FLOAT_COMPARE: Record<number, number> = {
  [op.f32x4_eq]: op.f32_eq,
  [op.f32x4_lt]: op.f32_lt,
  [op.f32x4_gt]: op.f32_gt,
};
const FLOAT_UNARY: Record<number, number> = {
  [op.f32x4_nearest]: op.f32_nearest,
  [op.f32x4_abs]: op.f32_abs,
  [op.f32x4_neg]: op.f32_neg,
  [op.f32x4_sqrt]: op.f32_sqrt,
};
const INT_BINARY: Record<number, number> = {
  [op.v128_and]: op.i32_and,
  [op.v128_or]: op.i32_or,
  [op.i32x4_add]: op.i32_add,
  [op.i32x4_sub]: op.i32_sub,
};
const SHIFT: Record<number, number> = {
  [op.i32x4_shl]: op.i32_shl,
  [op.i32x4_shr_s]: op.i32_shr_s,
};

/** `code`: a function's locals and body as FunctionBuilder finishes it, without their size. No parameter is a vector. */
export function scalarCode(code: ArrayLike<number>, params: number): Code {
  const reader = new Reader(code);
  const types: number[] = [];
  for (let runs = reader.uleb(); runs > 0; runs--) {
    const count = reader.uleb();
    const type = reader.byte();
    for (let i = 0; i < count; i++) types.push(type);
  }
  /** Where each local begins now. */
  const starts: number[] = [];
  let next = params;
  for (const type of types) {
    starts.push(next);
    next += type === op.v128 ? 4 : 1;
  }
  const out = new Scalars(next);
  const isVector = (local: number) => types[local - params] === op.v128;
  const startOf = (local: number) => (local < params ? local : starts[local - params]!);
  while (!reader.done) instruction(reader, out, isVector, startOf);
  const widened = types.flatMap((type) =>
    type === op.v128 ? [op.i32, op.i32, op.i32, op.i32] : [type],
  );
  const locals = [...widened, ...Array.from({ length: TEMPORARIES }, () => op.i32)];
  return sized([...vector(locals.map((type) => [1, type])), ...out.code]);
}

/** a, b and c: three vectors; an address. */
const TEMPORARIES = 13;

/** What is written, and the temporary locals that hold the operands of one instruction. */
class Scalars {
  readonly code: number[] = [];
  readonly #first: number;
  constructor(first: number) {
    this.#first = first;
  }
  put(...bytes: number[]): void {
    for (const byte of bytes) this.code.push(byte);
  }
  get(local: number): void {
    this.put(op.local_get, ...uleb(local));
  }
  set(local: number): void {
    this.put(op.local_set, ...uleb(local));
  }
  get address(): number {
    return this.#first + 12;
  }
  lane(operand: 0 | 1 | 2, lane: number): number {
    return this.#first + 4 * operand + lane;
  }
  /** Takes as many vectors off the stack: the last is the one pushed last. */
  take(operands: 1 | 2 | 3): void {
    for (let o = operands - 1; o >= 0; o--)
      for (const lane of [3, 2, 1, 0]) this.set(this.lane(o as 0 | 1 | 2, lane));
  }
  /** Pushes a lane of an operand, as an int32 or as a float. */
  int(operand: 0 | 1 | 2, lane: number): void {
    this.get(this.lane(operand, lane));
  }
  float(operand: 0 | 1 | 2, lane: number): void {
    this.int(operand, lane);
    this.put(op.f32_reinterpret_i32);
  }
  /** The lower (0) or upper (1) int16 of a lane, its sign kept. */
  short(operand: 0 | 1, lane: number, half: 0 | 1): void {
    this.int(operand, lane);
    if (half === 0) this.put(op.i32_extend16_s);
    else this.put(op.i32_const, 16, op.i32_shr_s);
  }
  /** An int32 becomes the lower int16 of a lane; another, pushed after that, the upper one. */
  lowerShort(): void {
    this.put(op.i32_const, ...sleb(0xffff), op.i32_and);
  }
  upperShort(): void {
    this.put(op.i32_const, 16, op.i32_shl, op.i32_or);
  }
}

/** Instructions that a number follows, and some that nothing follows. */
const ONE_NUMBER: readonly number[] = [op.br, op.br_if, op.call, op.more, op.i32_const];
const NOTHING: readonly number[] = [op.else_, op.end, op.select];

function instruction(
  r: Reader,
  out: Scalars,
  isVector: (local: number) => boolean,
  startOf: (local: number) => number,
): void {
  const at = r.at;
  const found = r.byte();
  if (found === op.simd) return vectorInstruction(r.uleb(), r, out);
  if (found === op.local_get || found === op.local_set || found === op.local_tee) {
    const local = r.uleb();
    const start = startOf(local);
    if (!isVector(local)) out.put(found, ...uleb(start));
    else {
      if (found !== op.local_get) for (const lane of [3, 2, 1, 0]) out.set(start + lane);
      if (found !== op.local_set) for (const lane of LANES) out.get(start + lane);
    }
    return;
  }
  if (found >= op.i32_load && found <= op.i64_store32) r.pair();
  else if (found >= op.block && found <= op.if_) r.byte();
  else if (ONE_NUMBER.includes(found)) r.uleb();
  else if (found === op.f32_const) r.bytes(4);
  else if (!NOTHING.includes(found) && !(found >= op.i32_eqz && found <= op.i64_extend32_s))
    throw unknown(`0x${found.toString(16)}`);
  out.put(...r.since(at));
}

function vectorInstruction(found: number, r: Reader, out: Scalars): void {
  if (memoryInstruction(found, r, out) || laneInstruction(found, r, out)) return;
  if (found in FLOAT_BINARY || found in FLOAT_COMPARE) {
    out.take(2);
    for (const lane of LANES) {
      if (found in FLOAT_COMPARE) out.put(op.i32_const, 0); // 0 - truth: all bits set where true
      out.float(0, lane);
      out.float(1, lane);
      if (found in FLOAT_COMPARE) out.put(FLOAT_COMPARE[found]!, op.i32_sub);
      else out.put(FLOAT_BINARY[found]!, op.i32_reinterpret_f32);
    }
  } else if (found in FLOAT_UNARY) {
    out.take(1);
    for (const lane of LANES) {
      out.float(0, lane);
      out.put(FLOAT_UNARY[found]!, op.i32_reinterpret_f32);
    }
  } else if (found in INT_BINARY) {
    out.take(2);
    for (const lane of LANES) {
      out.int(0, lane);
      out.int(1, lane);
      out.put(INT_BINARY[found]!);
    }
  } else if (found in SHIFT) {
    out.set(out.address); // by how much
    out.take(1);
    for (const lane of LANES) {
      out.int(0, lane);
      out.get(out.address);
      out.put(SHIFT[found]!);
    }
  } else if (found === op.f32x4_pmin || found === op.f32x4_pmax) {
    out.take(2);
    for (const lane of LANES) {
      out.int(1, lane);
      out.int(0, lane);
      out.float(1, lane);
      out.float(0, lane);
      out.put(found === op.f32x4_pmin ? op.f32_lt : op.f32_gt, op.select); // b if it is less (greater), else a
    }
  } else if (!otherInstruction(found, out)) throw unknown(`vector instruction ${found}`);
}

const STORES: readonly number[] = [op.v128_store, op.v128_store32_lane];
const LOADS: readonly number[] = [
  op.v128_load,
  op.v128_load8x8_s,
  op.v128_load16x4_u,
  op.v128_load32_splat,
];

function memoryInstruction(found: number, r: Reader, out: Scalars): boolean {
  if (!STORES.includes(found) && !LOADS.includes(found)) return false;
  r.uleb(); // the hint of alignment
  const offset = r.uleb();
  /** From the address plus offset plus `more`. */
  const from = (instruction: number, more: number) => {
    out.get(out.address);
    out.put(instruction, 0, ...uleb(offset + more));
  };
  if (STORES.includes(found)) {
    out.take(1);
    out.set(out.address);
    for (const [i, lane] of found === op.v128_store ? LANES.entries() : [[0, r.byte()] as const]) {
      out.get(out.address);
      out.int(0, lane);
      out.put(op.i32_store, 0, ...uleb(offset + 4 * i));
    }
    return true;
  }
  out.set(out.address);
  for (const lane of LANES)
    if (found === op.v128_load) from(op.i32_load, 4 * lane);
    else if (found === op.v128_load32_splat) from(op.i32_load, 0);
    else if (found === op.v128_load16x4_u) from(op.i32_load16_u, 2 * lane);
    else {
      from(op.i32_load8_s, 2 * lane); // two int8 as two int16 of a lane
      out.lowerShort();
      from(op.i32_load8_s, 2 * lane + 1);
      out.upperShort();
    }
  return true;
}

/** Constants and what moves lanes. */
function laneInstruction(found: number, r: Reader, out: Scalars): boolean {
  if (found === op.v128_const) {
    for (const _ of LANES) out.put(op.i32_const, ...sleb(new Int32Array(r.bytes(4).buffer)[0]!));
  } else if (found === op.i8x16_shuffle) {
    out.take(2);
    const from = [...r.bytes(16)];
    for (const lane of LANES) {
      const first = from[4 * lane]!;
      if (first % 4 || [1, 2, 3].some((i) => from[4 * lane + i] !== first + i))
        throw unknown('a shuffle of single bytes');
      out.int(first < 16 ? 0 : 1, (first / 4) % 4);
    }
  } else if (found === op.i32x4_splat || found === op.f32x4_splat) {
    if (found === op.f32x4_splat) out.put(op.i32_reinterpret_f32);
    out.set(out.address);
    for (const _ of LANES) out.get(out.address);
  } else if (found === op.f32x4_extract_lane) {
    out.take(1);
    out.int(0, r.byte());
    out.put(op.f32_reinterpret_i32);
  } else return false;
  return true;
}

/** Conversions, selection and 16-bit arithmetic. */
function otherInstruction(found: number, out: Scalars): boolean {
  const each = (operands: 1 | 2 | 3, lane: (lane: number) => void): true => {
    out.take(operands);
    for (const l of LANES) lane(l);
    return true;
  };
  switch (found) {
    case op.v128_bitselect: // bits of a where c has ones, else of b: b ^ ((a ^ b) & c)
      return each(3, (l) => {
        out.int(0, l);
        out.int(1, l);
        out.put(op.i32_xor);
        out.int(2, l);
        out.put(op.i32_and);
        out.int(1, l);
        out.put(op.i32_xor);
      });
    case op.i32x4_trunc_sat_f32x4_s:
      return each(1, (l) => {
        out.float(0, l);
        out.put(op.more, op.i32_trunc_sat_f32_s);
      });
    case op.f32x4_convert_i32x4_s:
      return each(1, (l) => {
        out.int(0, l);
        out.put(op.f32_convert_i32_s, op.i32_reinterpret_f32);
      });
    case op.i32x4_dot_i16x8_s: // neighbouring products of int16, added
      return each(2, (l) => {
        for (const half of [0, 1] as const) {
          out.short(0, l, half);
          out.short(1, l, half);
          out.put(op.i32_mul);
        }
        out.put(op.i32_add);
      });
    case op.i32x4_extend_low_i16x8_s:
      return each(1, (l) => out.short(0, l >> 1, (l & 1) as 0 | 1));
    case op.i32x4_extend_high_i16x8_s:
      return each(1, (l) => out.short(0, 2 + (l >> 1), (l & 1) as 0 | 1));
    case op.i16x8_narrow_i32x4_s: // two times four int32 to int16, cut off at its limits
      return each(2, (l) => {
        const [operand, first] = [(l >> 1) as 0 | 1, 2 * (l & 1)];
        limited(out, operand, first);
        out.lowerShort();
        limited(out, operand, first + 1);
        out.upperShort();
      });
  }
  return false;
}

/** max(-32768, min(lane, 32767)); its local is free afterwards. */
function limited(out: Scalars, operand: 0 | 1, lane: number): void {
  for (const [limit, within] of [
    [32767, op.i32_lt_s],
    [-32768, op.i32_gt_s],
  ] as const) {
    out.int(operand, lane);
    out.put(op.i32_const, ...sleb(limit));
    out.int(operand, lane);
    out.put(op.i32_const, ...sleb(limit), within, op.select);
    out.set(out.lane(operand, lane));
  }
  out.int(operand, lane);
}

const unknown = (what: string): Error =>
  new Error(`scalar: ${what}, expected an instruction that the assembler writes`);
