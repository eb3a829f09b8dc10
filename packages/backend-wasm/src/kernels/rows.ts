// Kernels that reduce along rows of n numbers: softmax, layer norm, l2 norm, sum and maximum.
// Sums go through four lanes and are then added in one fixed order, so bits do not depend on the machine. The last
// vector of a row may be written into the next one, which is written after; y and x are never the same.
import {
  type I32,
  lanes,
  load,
  loadFloat,
  loadSplat,
  type V128,
  vec,
} from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalV128 } from '../assembler/function.ts';
import { alike, kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { inFours } from './fours.ts';
import { roughExp } from './maths.ts';

/** Folds a row into one vector; what lies beyond its end counts as `neutral`. */
export function fold(
  f: FunctionBuilder,
  i: ReturnType<FunctionBuilder['i32']>,
  row: I32,
  n: I32,
  neutral: number,
  step: (sofar: V128, x: V128) => V128,
  value: (x: V128, i: I32) => V128 = (x) => x,
): LocalV128 {
  const sofar = f.v128(neutral);
  const whole = f.i32(n.and(-4));
  f.for(i, 0, whole, 4, () => f.set(sofar, step(sofar, value(load(row.at(i)), i))));
  f.if(whole.lt(n), () => {
    const within = lanes(0, 1, 2, 3).lt(n.sub(whole).toFloat().splat());
    f.set(sofar, step(sofar, within.pick(value(load(row.at(whole)), whole), vec(neutral))));
  });
  return sofar;
}

/** As in the matrix product: long sums are summed in parts, which keeps their errors short. */
const BLOCK = 64;

export const plus = (a: V128, b: V128): V128 => a.add(b);
const larger = (a: V128, b: V128): V128 => a.max(b);
const largerOf = (a: V128, b: V128): V128 => a.orLarger(b);

/** for (r < rows) { max; y = e^(x - max); y /= Σ y } */
export const SOFTMAX = kernel('softmax', 'y x rows n');
/** The same of scale x + mask, where mask 0 is none: scale is the address of a float, and mask n of them. */
export const SOFTMAX_SCORES = kernel('softmaxScores', 'y x rows n scale mask');
/** for (r < rows) { mean; variance; y = (x - mean) / √(variance + eps) * w + b }; eps: the address of a float */
export const LAYER_NORM = kernel('layerNorm', 'y x w b rows n eps');
/** for (r < rows) y[r] = √Σ x² */
export const NORM = alike(SOFTMAX, 'norm');
/** y[r] = Σ x or max x */
export const ALONG_ROWS = {
  sum: alike(SOFTMAX, 'sumRows'),
  max: alike(SOFTMAX, 'maximumRows'),
};
const SUM_COLUMNS = kernel('sumColumns', 'y x outer n inner width');
/** y = Σ x or max x over the middle axis of [outer, n, inner]: of the last, the first `width` columns. */
export const DOWN_COLUMNS = { sum: SUM_COLUMNS, max: alike(SUM_COLUMNS, 'maximumColumns') };

/** One row: y = e^(x - max) / Σ. The sum goes through four lanes, as in fold. */
const SOFTMAX_ROW = /* @__PURE__ */ kernel('softmaxRow', 'y x n max', 'max');

function addSoftmaxRow(m: ModuleBuilder): void {
  m.func(SOFTMAX_ROW, (f, { y, x, n, max }) => {
    const [largest, sum] = [f.v128(max.splat()), f.v128(0)];
    const i = f.i32();
    inFours(f, i, n, (i, offsets) => {
      const shifted = offsets.map((offset) => load(x.at(i), offset).sub(largest));
      const powers = roughExp(f, shifted);
      powers.forEach((e, q) => f.store(y.at(i), e, offsets[q]));
      const within = lanes(0, 1, 2, 3).lt(n.sub(i).toFloat().splat());
      const counted = powers.length === 1 ? [within.and(powers[0]!)] : powers; // the last vector may end behind the row
      for (const e of counted) f.set(sum, sum.add(e));
    });
    const total = f.v128(sum.sum().splat());
    f.for(i, 0, n, 4, () => f.store(y.at(i), load(y.at(i)).div(total)));
  });
}

export function addRows(m: ModuleBuilder): void {
  addSoftmaxRow(m);
  m.func(SOFTMAX, (f, { y, x, rows, n }) => {
    const r = f.i32();
    f.for(r, 0, rows, 1, () => {
      const [from, to] = [f.i32(x.at(r.mul(n))), f.i32(y.at(r.mul(n)))];
      const max = fold(f, f.i32(), from, n, -Infinity, largerOf).largest();
      f.call(SOFTMAX_ROW, { y: to, x: from, n, max });
    });
  });
  m.func(SOFTMAX_SCORES, (f, { y, x, rows, n, scale, mask }) => {
    const [r, i] = [f.i32(), f.i32()];
    const max = f.v128();
    f.for(r, 0, rows, 1, () => {
      const [from, to] = [f.i32(x.at(r.mul(n))), f.i32(y.at(r.mul(n)))];
      const stored = (score: (v: V128, i: I32) => V128) => (v: V128, at: I32) => {
        f.store(to.at(at), score(v, at));
        return load(to.at(at));
      };
      const scaled = (v: V128) => v.mul(loadSplat(scale));
      const masked = (v: V128, at: I32) => scaled(v).add(load(mask.at(at)));
      const pass = (score: (v: V128, i: I32) => V128) =>
        f.set(max, fold(f, i, from, n, -Infinity, largerOf, stored(score)));
      f.if(
        mask.eq(0),
        () => pass(scaled),
        () => pass(masked),
      );
      f.call(SOFTMAX_ROW, { y: to, x: to, n, max: max.largest() });
    });
  });

  m.func(LAYER_NORM, (f, { y, x, w, b, rows, n, eps }) => {
    const [r, i] = [f.i32(), f.i32()];
    const count = f.f32(n.toFloat());
    f.for(r, 0, rows, 1, () => {
      const [from, to] = [f.i32(x.at(r.mul(n))), f.i32(y.at(r.mul(n)))];
      const mean = f.v128(fold(f, i, from, n, 0, plus).sum().div(count).splat());
      const squared = (v: V128) => v.sub(mean).mul(v.sub(mean));
      const variance = fold(f, i, from, n, 0, plus, squared).sum().div(count);
      const scale = f.v128(variance.add(loadFloat(eps)).sqrt().splat());
      f.for(i, 0, n, 4, () => {
        const normal = load(from.at(i)).sub(mean).div(scale);
        f.store(to.at(i), normal.mul(load(w.at(i))).add(load(b.at(i))));
      });
    });
  });

  m.func(NORM, (f, { y, x, rows, n }) => {
    const [r, i] = [f.i32(), f.i32()];
    f.for(r, 0, rows, 1, () => {
      const from = f.i32(x.at(r.mul(n)));
      f.store(
        y.at(r),
        fold(f, i, from, n, 0, plus, (v) => v.mul(v))
          .sum()
          .sqrt(),
      );
    });
  });

  for (const [name, op, neutral] of [
    ['sum', plus, 0],
    ['max', larger, -Infinity],
  ] as const) {
    m.func(ALONG_ROWS[name], (f, { y, x, rows, n }) => {
      const [r, i] = [f.i32(), f.i32()];
      f.for(r, 0, rows, 1, () => {
        const found = fold(f, i, f.i32(x.at(r.mul(n))), n, neutral, op);
        f.store(y.at(r), op === plus ? found.sum() : found.largest());
      });
    });
    m.func(DOWN_COLUMNS[name], (f, { y, x, outer, n, inner, width }) => {
      const [o, k, i, j] = [f.i32(), f.i32(), f.i32(), f.i32()];
      f.for(o, 0, outer, 1, () => {
        const to = f.i32(y.at(o.mul(inner)));
        const from = f.i32(x.at(o.mul(n).mul(inner)));
        f.for(i, 0, width, 4, () => {
          const sofar = f.v128(neutral);
          f.for(k, 0, n, BLOCK, () => {
            const part = f.v128(neutral);
            const end = f.i32(k.add(BLOCK).min(n));
            f.for(j, k, end, 1, () => f.set(part, op(part, load(from.at(j.mul(inner).add(i))))));
            f.set(sofar, op(sofar, part));
          });
          f.store(to.at(i), sofar);
        });
      });
    });
  }
}
