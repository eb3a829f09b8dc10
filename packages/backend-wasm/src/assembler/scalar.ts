// A function rewritten for engines without SIMD: every vector is four int32, on the stack and in locals, and every
// vector instruction becomes scalar ones that give the same bits. Slow but whole. It knows the instructions that the
// assembler writes, no more, and throws on others.
import { Reader, sized, sleb, uleb, vector } from './bytes.ts';
import type { Code } from './expressions.ts';

const I32 = 0x7f;
const V128 = 0x7b;
const TO_FLOAT = 0xbe; // f32.reinterpret_i32
const TO_INT = 0xbc; // i32.reinterpret_f32
const LANES = [0, 1, 2, 3] as const;

/** Float instructions by their vector forms: a result that is a truth value becomes a mask. */
const FLOAT_BINARY: Record<number, number> = {
  228: 0x92, // add
  229: 0x93, // sub
  230: 0x94, // mul
  231: 0x95, // div
  232: 0x96, // min
  233: 0x97, // max
};
const FLOAT_COMPARE: Record<number, number> = {
  65: 0x5b, // eq
  66: 0x5c, // ne
  67: 0x5d, // lt
  68: 0x5e, // gt
  69: 0x5f, // le
  70: 0x60, // ge
};
const FLOAT_UNARY: Record<number, number> = {
  103: 0x8d, // ceil
  104: 0x8e, // floor
  105: 0x8f, // trunc
  106: 0x90, // nearest
  224: 0x8b, // abs
  225: 0x8c, // neg
  227: 0x91, // sqrt
};
const INT_BINARY: Record<number, number> = {
  78: 0x71, // and
  80: 0x72, // or
  81: 0x73, // xor
  174: 0x6a, // add
  177: 0x6b, // sub
  181: 0x6c, // mul
};
const SHIFT: Record<number, number> = {
  171: 0x74, // left
  172: 0x75, // right, keeping the sign
  173: 0x76, // right
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
    next += type === V128 ? 4 : 1;
  }
  const out = new Scalars(next);
  const isVector = (local: number) => types[local - params] === V128;
  const startOf = (local: number) => (local < params ? local : starts[local - params]!);
  while (!reader.done) instruction(reader, out, isVector, startOf);
  const widened = types.flatMap((type) => (type === V128 ? [I32, I32, I32, I32] : [type]));
  const locals = [...widened, ...Array.from({ length: TEMPORARIES }, () => I32)];
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
    this.put(0x20, ...uleb(local));
  }
  set(local: number): void {
    this.put(0x21, ...uleb(local));
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
    this.put(TO_FLOAT);
  }
  /** The lower (0) or upper (1) int16 of a lane, its sign kept. */
  short(operand: 0 | 1, lane: number, half: 0 | 1): void {
    this.int(operand, lane);
    if (half === 0)
      this.put(0xc1); // i32.extend16_s
    else this.put(0x41, 16, 0x75);
  }
}

function instruction(
  r: Reader,
  out: Scalars,
  isVector: (local: number) => boolean,
  startOf: (local: number) => number,
): void {
  const at = r.at;
  const op = r.byte();
  if (op === 0xfd) return vectorInstruction(r.uleb(), r, out);
  if (op === 0x20 || op === 0x21 || op === 0x22) {
    const local = r.uleb();
    const start = startOf(local);
    if (!isVector(local)) out.put(op, ...uleb(start));
    else {
      if (op !== 0x20) for (const lane of [3, 2, 1, 0]) out.set(start + lane);
      if (op !== 0x21) for (const lane of LANES) out.get(start + lane);
    }
    return;
  }
  if (op >= 0x28 && op <= 0x3e) r.pair();
  else if (op >= 0x02 && op <= 0x04) r.byte();
  else if (op === 0x0c || op === 0x0d || op === 0x10 || op === 0xfc) r.uleb();
  else if (op === 0x41) r.uleb();
  else if (op === 0x43) r.bytes(4);
  else if (op !== 0x05 && op !== 0x0b && op !== 0x1b && !(op >= 0x45 && op <= 0xc4))
    throw unknown(`0x${op.toString(16)}`);
  out.put(...r.since(at));
}

function vectorInstruction(op: number, r: Reader, out: Scalars): void {
  if (memoryInstruction(op, r, out) || laneInstruction(op, r, out)) return;
  if (op in FLOAT_BINARY || op in FLOAT_COMPARE) {
    out.take(2);
    for (const lane of LANES) {
      if (op in FLOAT_COMPARE) out.put(0x41, 0); // 0 - truth: all bits set where true
      out.float(0, lane);
      out.float(1, lane);
      if (op in FLOAT_COMPARE) out.put(FLOAT_COMPARE[op]!, 0x6b);
      else out.put(FLOAT_BINARY[op]!, TO_INT);
    }
  } else if (op in FLOAT_UNARY) {
    out.take(1);
    for (const lane of LANES) {
      out.float(0, lane);
      out.put(FLOAT_UNARY[op]!, TO_INT);
    }
  } else if (op in INT_BINARY) {
    out.take(2);
    for (const lane of LANES) {
      out.int(0, lane);
      out.int(1, lane);
      out.put(INT_BINARY[op]!);
    }
  } else if (op in SHIFT) {
    out.set(out.address); // by how much
    out.take(1);
    for (const lane of LANES) {
      out.int(0, lane);
      out.get(out.address);
      out.put(SHIFT[op]!);
    }
  } else if (op === 234 || op === 235) {
    out.take(2);
    for (const lane of LANES) {
      out.int(1, lane);
      out.int(0, lane);
      out.float(1, lane);
      out.float(0, lane);
      out.put(op === 234 ? 0x5d : 0x5e, 0x1b); // b if it is less (greater), else a
    }
  } else if (!otherInstruction(op, out)) throw unknown(`vector instruction ${op}`);
}

/** Loads and stores. */
function memoryInstruction(op: number, r: Reader, out: Scalars): boolean {
  if (![0, 1, 3, 4, 9, 11, 90].includes(op)) return false;
  r.uleb(); // the hint of alignment
  const offset = r.uleb();
  /** From the address plus offset plus `more`. */
  const from = (instruction: number, more: number) => {
    out.get(out.address);
    out.put(instruction, 0, ...uleb(offset + more));
  };
  if (op === 11 || op === 90) {
    out.take(1);
    out.set(out.address);
    for (const [i, lane] of op === 11 ? LANES.entries() : [[0, r.byte()] as const]) {
      out.get(out.address);
      out.int(0, lane);
      out.put(0x36, 0, ...uleb(offset + 4 * i));
    }
    return true;
  }
  out.set(out.address);
  for (const lane of LANES)
    if (op === 0) from(0x28, 4 * lane);
    else if (op === 9) from(0x28, 0);
    else if (op === 3) from(0x2e, 2 * lane);
    else if (op === 4) from(0x2f, 2 * lane);
    else {
      from(0x2c, 2 * lane); // two int8 as two int16 of a lane
      out.put(0x41, ...sleb(0xffff), 0x71);
      from(0x2c, 2 * lane + 1);
      out.put(0x41, 16, 0x74, 0x72);
    }
  return true;
}

/** Constants and what moves lanes. */
function laneInstruction(op: number, r: Reader, out: Scalars): boolean {
  if (op === 12) {
    for (const _ of LANES) out.put(0x41, ...sleb(new Int32Array(r.bytes(4).buffer)[0]!));
  } else if (op === 13) {
    out.take(2);
    const from = [...r.bytes(16)];
    for (const lane of LANES) {
      const first = from[4 * lane]!;
      if (first % 4 || [1, 2, 3].some((i) => from[4 * lane + i] !== first + i))
        throw unknown('a shuffle of single bytes');
      out.int(first < 16 ? 0 : 1, (first / 4) % 4);
    }
  } else if (op === 17 || op === 19) {
    if (op === 19) out.put(TO_INT);
    out.set(out.address);
    for (const _ of LANES) out.get(out.address);
  } else if (op === 27 || op === 31) {
    out.take(1);
    out.int(0, r.byte());
    if (op === 31) out.put(TO_FLOAT);
  } else return false;
  return true;
}

/** Conversions, selection and 16-bit arithmetic. */
function otherInstruction(op: number, out: Scalars): boolean {
  const each = (operands: 1 | 2 | 3, lane: (lane: number) => void): true => {
    out.take(operands);
    for (const l of LANES) lane(l);
    return true;
  };
  switch (op) {
    case 82: // bits of a where c has ones, else of b: b ^ ((a ^ b) & c)
      return each(3, (l) => {
        out.int(0, l);
        out.int(1, l);
        out.put(0x73);
        out.int(2, l);
        out.put(0x71);
        out.int(1, l);
        out.put(0x73);
      });
    case 248: // to int32, cut off at its limits
      return each(1, (l) => {
        out.float(0, l);
        out.put(0xfc, 0);
      });
    case 250: // from int32
      return each(1, (l) => {
        out.int(0, l);
        out.put(0xb2, TO_INT);
      });
    case 186: // neighbouring products of int16, added
      return each(2, (l) => {
        for (const half of [0, 1] as const) {
          out.short(0, l, half);
          out.short(1, l, half);
          out.put(0x6c);
        }
        out.put(0x6a);
      });
    case 167: // int16 to int32: the lower four,
    case 168: // the upper four
      return each(1, (l) => out.short(0, (op - 167) * 2 + (l >> 1), (l & 1) as 0 | 1));
    case 133: // two times four int32 to int16, cut off at its limits
      return each(2, (l) => {
        const [operand, first] = [(l >> 1) as 0 | 1, 2 * (l & 1)];
        limited(out, operand, first);
        out.put(0x41, ...sleb(0xffff), 0x71);
        limited(out, operand, first + 1);
        out.put(0x41, 16, 0x74, 0x72);
      });
  }
  return false;
}

/** max(-32768, min(lane, 32767)); its local is free afterwards. */
function limited(out: Scalars, operand: 0 | 1, lane: number): void {
  for (const [limit, within] of [
    [32767, 0x48], // less than
    [-32768, 0x4a], // greater than
  ] as const) {
    out.int(operand, lane);
    out.put(0x41, ...sleb(limit));
    out.int(operand, lane);
    out.put(0x41, ...sleb(limit), within, 0x1b); // select
    out.set(out.lane(operand, lane));
  }
  out.int(operand, lane);
}

const unknown = (what: string): Error =>
  new Error(`scalar: ${what}, expected an instruction that the assembler writes`);
