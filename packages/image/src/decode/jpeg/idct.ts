// The inverse DCT of an 8x8 block, bit for bit libjpeg's "islow" one as its x86 SIMD code computes it.
// Loeffler, Ligtenberg and Moschytz (1989): 11 multiplications a line of 8, 13-bit fixed point.
// SIMD differs from libjpeg's C code only on absurd values: it works in 16 bits, so sums there wrap
// (`<< 16 >> 16`) and each pass saturates. Files with random damage do reach such values.
// round(x * 2^13) of the constants in the paper's figure 1, combined as the lines below need them.
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

/** Values after the first pass carry 2 extra bits. */
const PASS1_BITS = 2;
const SHIFT1 = 13 - PASS1_BITS;
/** The second pass also divides by 8, the scale of a two-dimensional DCT. */
const SHIFT2 = 13 + PASS1_BITS + 3;

const work = new Int32Array(64);
const line = new Int32Array(8);

/**
 * Writes the 8x8 samples of one block.
 *
 * @param coefficients 64 values in natural order from `at`, still quantised
 * @param quant 64 steps in natural order
 * @param samples where to write: rows are `stride` bytes apart, the first begins at `to`
 */
export function inverseDct(
  coefficients: Int16Array,
  at: number,
  quant: Uint16Array,
  samples: Uint8Array,
  to: number,
  stride: number,
): void {
  let alternating = 0;
  for (let k = 8; k < 64; k++) alternating |= coefficients[at + k]!;
  if (alternating === 0) {
    for (let x = 0; x < 8; x++) {
      const dc = ((coefficients[at + x]! * quant[x]!) << (16 + PASS1_BITS)) >> 16;
      for (let y = x; y < 64; y += 8) work[y] = dc;
    }
  } else {
    for (let x = 0; x < 8; x++) {
      for (let y = 0; y < 8; y++) {
        line[y] = (Math.imul(coefficients[at + y * 8 + x]!, quant[y * 8 + x]!) << 16) >> 16;
      }
      transform(SHIFT1);
      for (let y = 0; y < 8; y++) work[y * 8 + x] = saturate16(line[y]!);
    }
  }
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) line[x] = work[y * 8 + x]!;
    transform(SHIFT2);
    const row = to + y * stride;
    for (let x = 0; x < 8; x++) samples[row + x] = toSample(line[x]!);
  }
}

/** One line of 8 in place: even part, odd part, then sums and differences, rounded and shifted. */
function transform(shift: number): void {
  const x0 = line[0]!;
  const x4 = line[4]!;
  const x2 = line[2]!;
  const x6 = line[6]!;
  const a2 = (x2 * F_0_541 + x6 * (F_0_541 - F_1_847)) | 0;
  const a3 = (x2 * (F_0_541 + F_0_765) + x6 * F_0_541) | 0;
  const a0 = (((x0 + x4) << 16) >> 16) << 13;
  const a1 = (((x0 - x4) << 16) >> 16) << 13;
  const half = 1 << (shift - 1);
  const e0 = (a0 + a3 + half) | 0;
  const e3 = (a0 - a3 + half) | 0;
  const e1 = (a1 + a2 + half) | 0;
  const e2 = (a1 - a2 + half) | 0;

  const x1 = line[1]!;
  const x3 = line[3]!;
  const x5 = line[5]!;
  const x7 = line[7]!;
  const z3 = ((x7 + x3) << 16) >> 16;
  const z4 = ((x5 + x1) << 16) >> 16;
  const s3 = (z3 * (F_1_175 - F_1_961) + z4 * F_1_175) | 0;
  const s4 = (z3 * F_1_175 + z4 * (F_1_175 - F_0_390)) | 0;
  const o0 = (x7 * (F_0_298 - F_0_899) - x1 * F_0_899 + s3) | 0;
  const o1 = (x5 * (F_2_053 - F_2_562) - x3 * F_2_562 + s4) | 0;
  const o2 = (x3 * (F_3_072 - F_2_562) - x5 * F_2_562 + s3) | 0;
  const o3 = (x1 * (F_1_501 - F_0_899) - x7 * F_0_899 + s4) | 0;

  line[0] = (e0 + o3) >> shift;
  line[7] = (e0 - o3) >> shift;
  line[1] = (e1 + o2) >> shift;
  line[6] = (e1 - o2) >> shift;
  line[2] = (e2 + o1) >> shift;
  line[5] = (e2 - o1) >> shift;
  line[3] = (e3 + o0) >> shift;
  line[4] = (e3 - o0) >> shift;
}

function saturate16(x: number): number {
  return x > 32767 ? 32767 : x < -32768 ? -32768 : x;
}

/** Samples are stored around 128. */
function toSample(x: number): number {
  return x > 127 ? 255 : x < -128 ? 0 : x + 128;
}
