// The matrix product of whole numbers: weights of 8 bits, activations of up to 15, sums of 32 that never overflow.
// Twice the float32 rate, since one instruction multiplies eight numbers and adds them in pairs.
//
//   quantizeRows: for (each row) { scale = max |x| / limit; q = round(x / scale) }, two numbers of k side by side,
//                 packed by 4 rows
//   productDot:   for (each 8 rows of b) for (each 4 rows of a) for (each 2 of k) sums[r] += a[r] · b
//                 c = sums * scale of the row * scale of the column + bias
import { int, lanes, load, loadBytes, loadSplat, type V128 } from '../assembler/expressions.ts';
import { kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { storeTile } from './tile.ts';

const ROWS = [0, 1, 2, 3] as const;

/** k is rounded up to fours with zeros; out has ceil(rows / 4) panels. */
export const QUANTIZE_ROWS = kernel('quantizeRows', 'out scales x rows k limit');
/** k rounded up to fours. bias 0: none. cStride: floats from row to row. room: a tile. */
export const PRODUCT_DOT = kernel('productDot', 'c a b rows n k bias cStride room aScales bScales');

export function addIntegerProduct(m: ModuleBuilder): void {
  m.func(QUANTIZE_ROWS, (f, { out, scales, x, rows, k, limit }) => {
    const [r, i] = [f.i32(), f.i32()];
    const padded = f.i32(k.add(3).and(-4));
    const [fours, eights] = [f.i32(k.and(-4)), f.i32(k.and(-8))];
    f.for(r, 0, rows, 1, () => {
      const row = f.i32(x.at(r.mul(k)));
      const max = f.v128(0);
      /** The last four, of which those behind the row are 0. */
      const last = () =>
        lanes(0, 1, 2, 3)
          .lt(k.sub(i).toFloat().splat())
          .and(load(row.at(i)));
      f.for(i, 0, fours, 4, () => f.set(max, max.max(load(row.at(i)).abs())));
      f.for(i, fours, padded, 4, () => f.set(max, max.max(last().abs())));
      const largest = f.f32(max.largest());
      f.store(scales.at(r), largest.div(limit.toFloat()));
      const inverse = f.v128(limit.toFloat().div(largest).splat());
      // A row of zeros has no inverse: its quotients are NaN, which becomes 0 as a whole number.
      const whole = (v: V128) => f.v128(v.mul(inverse).nearest().toInts());
      const to = f.i32(out.add(r.and(-4).mul(padded).mul(2)).add(r.and(3).mul(4)));
      const store = (shorts: V128, pairs: readonly (0 | 1 | 2 | 3)[]) => {
        const at = f.i32(to.add(i.mul(8)));
        for (const pair of pairs) f.storeLane(at, shorts, pair, 16 * pair);
      };
      f.for(i, 0, eights, 8, () => {
        const [low, high] = [whole(load(row.at(i))), whole(load(row.at(i), 16))];
        store(f.v128(low.toShorts(high)), ROWS);
      });
      f.for(i, eights, padded, 4, () => {
        const four = whole(last());
        store(f.v128(four.toShorts(four)), [0, 1]);
      });
    });
  });

  m.func(PRODUCT_DOT, (f, { c, a, b, rows, n, k, bias, cStride, room, aScales, bScales }) => {
    const [i, j] = [f.i32(), f.i32()];
    const [pa, pb, end] = [f.i32(), f.i32(), f.i32()];
    const sums = Array.from({ length: 8 }, () => f.v128());
    const [b0, b1, ar] = [f.v128(), f.v128(), f.v128()];
    f.for(j, 0, n, 8, () =>
      f.for(i, 0, rows, 4, () => {
        f.set(pa, a.add(i.mul(k).mul(2)));
        f.set(pb, b.add(j.mul(k)));
        f.set(end, pa.add(k.mul(8)));
        sums.forEach((s) => f.set(s, 0));
        f.repeat(pa, end, 16, () => {
          f.set(b0, loadBytes(pb));
          f.set(b1, loadBytes(pb, 8));
          for (const r of ROWS) {
            f.set(ar, loadSplat(pa, 4 * r));
            f.set(sums[2 * r]!, sums[2 * r]!.iadd(ar.dot(b0)));
            f.set(sums[2 * r + 1]!, sums[2 * r + 1]!.iadd(ar.dot(b1)));
          }
          f.set(pb, pb.add(16));
        });
        for (const r of ROWS) {
          const scale = f.v128(loadSplat(aScales.at(i), 4 * r));
          for (const half of [0, 1] as const) {
            const sum = sums[2 * r + half]!;
            f.set(
              sum,
              sum
                .toFloats()
                .mul(scale)
                .mul(load(bScales.at(j), 16 * half)),
            );
          }
        }
        const at = c.at(i.mul(cStride).add(j));
        const place = { c: at, rows: rows.sub(i), n: n.sub(j), cStride, scratch: room };
        const add = bias.eq(0).choose(int(0), bias.at(j));
        storeTile(f, { ...place, bias: f.i32(add) }, sums, f.i32(0), { height: 4, width: 8 });
      }),
    );
  });
}
