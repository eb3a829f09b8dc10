// exp, log, log1p, tanh and erf on four float32 at once, as polynomials without tables or branches, so that every machine
// gives the same bits. Not correctly rounded. The coefficients are those of Cephes (expf.c, logf.c, tanhf.c, ndtrf.c).
//
// Largest error in units of the last place that tests/backend-wasm/maths.test.ts finds, among every 997th float32 and the edges:
//
//   exp 1.0   log 0.9   log1p 2.4   tanh 1.3   erf 2.4
import { ints, type V128, vec } from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalV128 } from '../assembler/function.ts';

/** c[0] xⁿ + … + c[n], by Horner's rule. */
const polynomial = (x: V128, c: readonly number[]): V128 =>
  c.slice(1).reduce((sum, next) => sum.mul(x).add(next), vec(c[0]!));

const LOG2_E = 1.4426950408889634;
/** ln 2 in two parts, the first with few bits, so that n times it is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.12194440054690583e-4;

/** eˣ = 2ⁿ eʳ with |r| <= ln 2 / 2. Overflows to infinity and underflows through the subnormals to 0. */
export function exp(f: FunctionBuilder, value: V128): V128 {
  const [part] = parts(f, [value.orLarger(-104).orSmaller(89)]);
  const { n, e } = part!;
  // 2ⁿ in two steps: neither of which leaves the normal range.
  const whole = f.v128(n.isub(ints(SHIFTED_BITS)));
  const half = f.v128(whole.ishr(1));
  const rest = f.v128(whole.isub(half));
  return e.mul(powerOfTwo(half)).mul(powerOfTwo(rest));
}

/** The same of several in one step, for sums with larger numbers: below 10⁻³⁸ it is 0, above 3·10³⁸ infinity. */
export function roughExp(f: FunctionBuilder, values: readonly V128[]): LocalV128[] {
  const all = parts(
    f,
    values.map((v) => v.orLarger(-88).orSmaller(89)),
  );
  return all.map(({ n, e }) => f.v128(e.mul(powerOfTwo(n))));
}

/** 3·2²²: a number plus this is rounded to a whole one, which its last bits then are. */
const SHIFT = 12582912;
const SHIFTED_BITS = 0x4b400000;

const EXP = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
  5.0000001201e-1,
] as const;

/**
 * n, in the last bits of an int32, and eʳ of eˣ = 2ⁿ eʳ. Several at a time go side by side, step by step, since engines make a
 * constant anew where it is needed, by three instructions.
 */
function parts(f: FunctionBuilder, values: readonly V128[]): { n: LocalV128; e: LocalV128 }[] {
  const each = (step: (i: number) => V128) => values.map((_, i) => f.v128(step(i)));
  const x = each((i) => values[i]!);
  const n = each((i) => x[i]!.mul(LOG2_E).add(SHIFT));
  const whole = each((i) => n[i]!.sub(SHIFT));
  const high = each((i) => x[i]!.sub(whole[i]!.mul(LN2_HIGH)));
  const r = each((i) => high[i]!.sub(whole[i]!.mul(LN2_LOW)));
  const sum = each(() => vec(EXP[0]));
  for (const c of EXP.slice(1)) values.forEach((_, i) => f.set(sum[i]!, sum[i]!.mul(r[i]!).add(c)));
  const e = each((i) => sum[i]!.mul(r[i]!).mul(r[i]!).add(r[i]!).add(1));
  return n.map((_, i) => ({ n: n[i]!, e: e[i]! }));
}
/** Of the last 9 bits of n. */
const powerOfTwo = (n: V128): V128 => n.iadd(ints(127)).ishl(23);

const SQRT_HALF = 0.7071067811865476;

/** ln x = n ln 2 + ln m with m between √½ and √2. NaN below 0, -infinity at 0. */
export function log(f: FunctionBuilder, value: V128): V128 {
  const x = f.v128(value);
  const tiny = f.v128(x.lt(2 ** -126)); // subnormals are scaled up first
  const y = f.v128(tiny.pick(x.mul(2 ** 24), x));
  const exponent = f.v128(
    y
      .ishr(23)
      .isub(ints(126))
      .toFloats()
      .sub(tiny.and(vec(24))),
  );
  const mantissa = f.v128(y.and(ints(0x007fffff)).or(vec(0.5))); // in [½, 1)
  const low = f.v128(mantissa.lt(SQRT_HALF));
  const n = f.v128(exponent.sub(low.and(vec(1))));
  const m = f.v128(low.pick(mantissa.add(mantissa), mantissa).sub(1));
  const square = f.v128(m.mul(m));
  const tail = polynomial(
    m,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
      -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  const z = m.mul(square).mul(tail).add(n.mul(LN2_LOW)).sub(square.mul(0.5));
  const finite = f.v128(m.add(z).add(n.mul(LN2_HIGH)));
  const special = x.gt(0).pick(x, x.eq(0).pick(vec(-Infinity), vec(NaN))); // +infinity and NaN are themselves
  return x.gt(0).and(x.lt(Infinity)).pick(finite, special);
}

/** ln(1 + x), right also where 1 + x rounds: u = 1 + x, and x / (u - 1) mends what the rounding lost. */
export function log1p(f: FunctionBuilder, value: V128): V128 {
  const x = f.v128(value);
  const u = f.v128(x.add(1));
  const l = f.v128(log(f, u));
  const d = f.v128(u.sub(1));
  const mended = d.eq(0).pick(x, l.mul(x.div(d)));
  return u.lt(Infinity).pick(mended, l);
}

/** An odd polynomial near 0; 1 - 2 / (e²ˣ + 1) elsewhere. Of |x|, so that -0 gives -0. */
export function tanh(f: FunctionBuilder, value: V128): V128 {
  const x = f.v128(value);
  const a = f.v128(x.abs());
  const z = f.v128(a.mul(a));
  const near = f.v128(
    polynomial(
      z,
      [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
    )
      .mul(z)
      .mul(a)
      .add(a),
  );
  const e = f.v128(exp(f, a.add(a)));
  const far = f.v128(vec(1).sub(vec(2).div(e.add(1))));
  return withSign(a.lt(0.625).pick(near, far), x);
}

/** Near 0 an odd polynomial; elsewhere 1 - e^-x² q P(q²), q = 1 / x. */
export function erf(f: FunctionBuilder, value: V128): V128 {
  const x = f.v128(value);
  const a = f.v128(x.abs());
  const z = f.v128(x.mul(x));
  const near = f.v128(
    polynomial(
      z,
      [
        7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
        1.128358514861418e-1, -3.76126258242331e-1, 1.12837916709551,
      ],
    ).mul(x),
  );
  const q = f.v128(vec(1).div(a));
  const y = f.v128(q.mul(q));
  const middle = f.v128(
    polynomial(
      y,
      [
        2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1,
        6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1,
        5.638259427386472e-1,
      ],
    ),
  );
  const outer = f.v128(
    polynomial(
      y,
      [
        -1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786,
        -1.0152652792027, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1,
      ],
    ),
  );
  const e = f.v128(exp(f, z.neg()));
  const far = f.v128(vec(1).sub(e.mul(q).mul(a.lt(2).pick(middle, outer))));
  const settled = a.lt(4).pick(withSign(far, x), withSign(vec(1), x)); // beyond, 1 to the last bit
  return a.lt(1).pick(near, x.eq(x).pick(settled, x));
}

/** The magnitude of one with the sign of another. */
const withSign = (x: V128, sign: V128): V128 => x.or(sign.and(ints(-0x80000000)));
