// The error function in double precision. Not complementary: near 1 it is as coarse as doubles are there.

/** erf(x), within a few units of the last place. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a !== a) return NaN;
  if (a >= 6) return Math.sign(x); // 1 - erf(6) is 2e-17
  return Math.sign(x) * (a < 2.5 ? series(a) : 1 - tail(a));
}

/** 2/√π e^-x² Σ 2ⁿ x²ⁿ⁺¹ / (1·3·5…(2n+1)): all terms positive, so nothing cancels. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** 1 - erf(x) by its continued fraction, e^-x² / √π / (x + (1/2) / (x + (2/2) / (x + …))). */
function tail(x: number): number {
  let f = x;
  for (let n = 60; n > 0; n--) f = x + n / 2 / f;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / f;
}
