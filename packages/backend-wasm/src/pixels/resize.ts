// The two passes of a resize on bytes: image's resize-passes.ts in vectors, bit for bit. Sums are int32 and wrap, so
// their order does not matter. A few bytes beyond a row are read and written: buffers have room for them.
import { type I32, int, load, loadSplat, type V128 } from '../assembler/expressions.ts';
import { kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import {
  highShorts,
  highUnsigned,
  load4Bytes,
  loadInt,
  lowShorts,
  lowUnsigned,
  mulInts,
  shrInts,
  splat,
  toBytes,
} from './instructions.ts';

/** What rounds a sum whose lowest `bits` are cut off. */
const half = (bits: I32): V128 => splat(int(1).shl(bits.sub(1)));
/** Four sums as bytes, in the first lane. */
const fourBytes = (sums: V128): V128 => toBytes(sums.toShorts(sums), sums);
const fourSamples = (p: I32): V128 => lowUnsigned(lowShorts(load4Bytes(p)));

/**
 * Pixels of `step` bytes, 3 or 4. `first` is in bytes of a row and `stride` in bytes of weights; rows of `pitch` bytes
 * become rows of width * step.
 */
export const ACROSS = kernel(
  'across',
  'from to first count weights stride width height bits step pitch',
);
/** The same for pixels of one byte, four of them at a time: weights are zeros up to a multiple of four. */
export const ACROSS_GRAY = kernel(
  'acrossGray',
  'from to first count weights stride width height bits pitch',
);
/** Rows of n bytes; `first` in bytes. */
export const DOWN = kernel('down', 'from to first count weights stride height bits n');

export function addAcross(m: ModuleBuilder): void {
  m.func(
    ACROSS,
    (f, { from, to, first, count, weights, stride, width, height, bits, step, pitch }) => {
      const [y, x, w, row, at] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i32()];
      const sum = f.v128();
      f.for(y, 0, height, 1, () => {
        f.set(row, weights);
        f.for(x, 0, width, 1, () => {
          f.set(at, from.add(loadInt(first.at(x))));
          f.set(sum, half(bits));
          f.for(w, row, row.add(loadInt(count.at(x)).shl(2)), 4, () => {
            f.set(sum, sum.iadd(mulInts(fourSamples(at), loadSplat(w))));
            f.set(at, at.add(step));
          });
          f.set(sum, shrInts(sum, bits));
          f.storeLane(to, fourBytes(sum), 0);
          f.set(to, to.add(step));
          f.set(row, row.add(stride));
        });
        f.set(from, from.add(pitch));
      });
    },
  );
}

export function addAcrossGray(m: ModuleBuilder): void {
  m.func(
    ACROSS_GRAY,
    (f, { from, to, first, count, weights, stride, width, height, bits, pitch }) => {
      const [y, x, w, row, at] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i32()];
      const sum = f.v128();
      f.for(y, 0, height, 1, () => {
        f.set(row, weights);
        f.for(x, 0, width, 1, () => {
          f.set(at, from.add(loadInt(first.at(x))));
          f.set(sum, splat(0));
          f.for(w, row, row.add(loadInt(count.at(x)).shl(2)), 16, () => {
            f.set(sum, sum.iadd(mulInts(fourSamples(at), load(w))));
            f.set(at, at.add(4));
          });
          f.set(sum, sum.iadd(sum.shuffle(sum, 2, 3, 0, 1)));
          f.set(sum, sum.iadd(sum.shuffle(sum, 1, 0, 3, 2)));
          f.set(sum, shrInts(sum.iadd(half(bits)), bits));
          f.storeLane(to, fourBytes(sum), 0);
          f.set(to, to.add(1));
          f.set(row, row.add(stride));
        });
        f.set(from, from.add(pitch));
      });
    },
  );
}

export function addDown(m: ModuleBuilder): void {
  m.func(DOWN, (f, { from, to, first, count, weights, stride, height, bits, n }) => {
    const [y, x, w, end, at] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i32()];
    const sums = [0, 1, 2, 3].map(() => f.v128());
    const bytes = f.v128();
    const weight = f.v128();
    const rounding = f.v128(half(bits));
    const parts = [
      lowUnsigned(lowShorts(bytes)),
      highUnsigned(lowShorts(bytes)),
      lowUnsigned(highShorts(bytes)),
      highUnsigned(highShorts(bytes)),
    ];
    f.for(y, 0, height, 1, () => {
      f.set(end, weights.add(loadInt(count.at(y)).shl(2)));
      f.for(x, 0, n, 16, () => {
        f.set(at, from.add(loadInt(first.at(y))).add(x));
        for (const sum of sums) f.set(sum, rounding);
        f.for(w, weights, end, 4, () => {
          f.set(bytes, load(at));
          f.set(weight, loadSplat(w));
          sums.forEach((sum, i) => f.set(sum, sum.iadd(mulInts(parts[i]!, weight))));
          f.set(at, at.add(n));
        });
        const [a, b, c, d] = sums.map((sum) => shrInts(sum, bits)) as [V128, V128, V128, V128];
        f.store(to.add(x), toBytes(a.toShorts(b), c.toShorts(d)));
      });
      f.set(to, to.add(n));
      f.set(weights, weights.add(stride));
    });
  });
}
