// The inverse DCT of JPEG, eight lines at a time: image's jpeg/idct.ts in vectors, bit for bit. Its 16-bit sums wrap
// and its passes saturate as there, for both follow libjpeg-turbo's SIMD code.
import { type I32, int, load, type V128 } from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalI32, LocalV128 } from '../assembler/function.ts';
import { kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import {
  addShorts,
  isAnySet,
  mixHigh,
  mixLow,
  mulShorts,
  pairs,
  shlShorts,
  shrInts,
  splat,
  subShorts,
  toSignedBytes,
  xor,
} from './instructions.ts';

const F_0_298 = 2446;
const F_0_390 = 3196;
const F_0_541 = 4433;
const F_0_765 = 6270;
const F_0_899 = 7373;
const F_1_175 = 9633;
const F_1_501 = 12299;
const F_1_847 = 15137;
const F_1_961 = 16069;
const F_2_053 = 16819;
const F_2_562 = 20995;
const F_3_072 = 25172;

/** As in image: values between the passes carry 2 extra bits. */
const PASS1_BITS = 2;
const SHIFT1 = 11;
const SHIFT2 = 18;

/** What the pairs of inputs are multiplied by: T.81's figure in sums of two products. */
const factorsOf = () =>
  ({
    a2: [F_0_541, F_0_541 - F_1_847], // x2, x6
    a3: [F_0_541 + F_0_765, F_0_541],
    s3: [F_1_175 - F_1_961, F_1_175], // z3, z4
    s4: [F_1_175, F_1_175 - F_0_390],
    o0: [F_0_298 - F_0_899, -F_0_899], // x7, x1
    o3: [-F_0_899, F_1_501 - F_0_899],
    o1: [F_2_053 - F_2_562, -F_2_562], // x5, x3
    o2: [-F_2_562, F_3_072 - F_2_562],
  }) as const;
type Factors = Record<keyof ReturnType<typeof factorsOf>, LocalV128>;

/** Blocks of coefficients side by side, to samples; `stride` bytes from row to row. */
export const IDCT = kernel('idct', 'from quant to stride blocks');

export function addInverseDct(m: ModuleBuilder): void {
  m.func(IDCT, (f, { from, quant, to, stride, blocks }) => {
    const factors = Object.fromEntries(
      Object.entries(factorsOf()).map(([name, [a, b]]) => [name, f.v128(pairs(a, b))]),
    ) as Factors;
    const rows = Array.from({ length: 8 }, () => f.v128());
    const [block, pass, live] = [f.i32(), f.i32(), f.i32()];
    f.for(block, 0, blocks, 1, () => {
      dequantise(f, rows, from, quant, live);
      f.for(pass, 0, 2, 1, () => {
        f.if(live.add(pass), () =>
          transform(f, rows, factors, pass.mul(SHIFT2 - SHIFT1).add(SHIFT1)),
        );
        transpose(f, rows);
      });
      writeSamples(f, rows, to, stride);
      f.set(from, from.add(128));
      f.set(to, to.add(8));
    });
  });
}

/** `live`: whether there is more than a first row; if not, that row is all that the first pass would give. */
function dequantise(
  f: FunctionBuilder,
  rows: LocalV128[],
  from: I32,
  quant: I32,
  live: LocalI32,
): void {
  const coefficients = (y: number) => load(from, 16 * y);
  const others = [2, 3, 4, 5, 6, 7].map(coefficients);
  f.set(live, isAnySet(others.reduce((a, b) => a.or(b), coefficients(1))));
  rows.forEach((row, y) => f.set(row, mulShorts(coefficients(y), load(quant, 16 * y))));
  f.if(live.eq(0), () => {
    f.set(rows[0]!, shlShorts(rows[0]!, PASS1_BITS));
    for (const row of rows.slice(1)) f.set(row, rows[0]!);
  });
}

/** The lower or the upper four of eight lines, in int32. */
interface Half {
  readonly mix: (a: V128, b: V128) => V128;
  readonly extend: (a: V128) => V128;
}
const LOWER: Half = { mix: mixLow, extend: (a) => a.lowInts() };
const UPPER: Half = { mix: mixHigh, extend: (a) => a.highInts() };

/** Eight lines at once: row i holds the i-th value of each. */
function transform(f: FunctionBuilder, rows: LocalV128[], factors: Factors, shift: I32): void {
  const by = f.i32(shift);
  const round = f.v128(splat(int(1).shl(by.sub(1))));
  const x = (i: number): V128 => rows[i]!;
  const [lower, upper] = [LOWER, UPPER].map(({ mix, extend }) => {
    const x26 = f.v128(mix(x(2), x(6)));
    const a0 = f.v128(
      extend(addShorts(x(0), x(4)))
        .ishl(13)
        .iadd(round),
    );
    const a1 = f.v128(
      extend(subShorts(x(0), x(4)))
        .ishl(13)
        .iadd(round),
    );
    const a2 = f.v128(x26.dot(factors.a2));
    const a3 = f.v128(x26.dot(factors.a3));
    const z34 = f.v128(mix(addShorts(x(7), x(3)), addShorts(x(5), x(1))));
    const s3 = f.v128(z34.dot(factors.s3));
    const s4 = f.v128(z34.dot(factors.s4));
    const x71 = f.v128(mix(x(7), x(1)));
    const x53 = f.v128(mix(x(5), x(3)));
    const odd = [
      x71.dot(factors.o3).iadd(s4),
      x53.dot(factors.o2).iadd(s3),
      x53.dot(factors.o1).iadd(s4),
      x71.dot(factors.o0).iadd(s3),
    ].map((o) => f.v128(o));
    const even = [a0.iadd(a3), a1.iadd(a2), a1.isub(a2), a0.isub(a3)].map((e) => f.v128(e));
    const sums = even.map((e, i) => shrInts(e.iadd(odd[i]!), by));
    const differences = even.map((e, i) => shrInts(e.isub(odd[i]!), by));
    return [...sums, ...differences.reverse()];
  }) as [V128[], V128[]];
  rows.forEach((row, i) => f.set(row, lower[i]!.toShorts(upper[i]!)));
}

/** Rows become columns: three times, each row of the upper half is mixed with its fellow of the lower half. */
function transpose(f: FunctionBuilder, rows: LocalV128[]): void {
  const time = f.i32();
  f.for(time, 0, 3, 1, () => {
    const mixed = [0, 1, 2, 3].flatMap((i) => [
      f.v128(mixLow(rows[i]!, rows[i + 4]!)),
      f.v128(mixHigh(rows[i]!, rows[i + 4]!)),
    ]);
    rows.forEach((row, i) => f.set(row, mixed[i]!));
  });
}

/** Samples are stored around 128. */
function writeSamples(f: FunctionBuilder, rows: LocalV128[], to: I32, stride: I32): void {
  const at = f.i32(to);
  for (let y = 0; y < 8; y += 2) {
    const two = f.v128(xor(toSignedBytes(rows[y]!, rows[y + 1]!), splat(0x80808080 | 0)));
    for (const lane of [0, 1, 2, 3] as const) {
      f.storeLane(at, two, lane, lane & 1 ? 4 : 0);
      if (lane & 1) f.set(at, at.add(stride));
    }
  }
}
