// Rows of a JPEG on their way to pixels: image's jpeg/upsample.ts (both ways by 2) and jpeg/color.ts (YCbCr), in
// vectors, bit for bit. They compute a few samples beyond the end of a row: its buffers have room for them.
import { type I32, type V128 } from '../assembler/expressions.ts';
import { kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import {
  addShorts,
  load8Shorts,
  mulInts,
  mulShorts,
  pairs,
  shrShorts,
  shuffleBytes,
  splat,
  subShorts,
  toBytes,
} from './instructions.ts';

const shorts = (n: number) => pairs(n, n);

/**
 * 2n samples of n; near and far have their edge samples repeated before and behind. `bias` rounds those at odd places, and
 * 15 - bias the others.
 */
export const FANCY = kernel('fancy', 'near far out n bias');

export function addFancy(m: ModuleBuilder): void {
  m.func(FANCY, (f, { near, far, out, n, bias }) => {
    const x = f.i32();
    const three = f.v128(shorts(3));
    const forOdd = f.v128(splat(bias.mul(0x10001)));
    const forEven = f.v128(subShorts(shorts(15), forOdd));
    /** near * 3 + far, of eight samples that begin `shift` further. */
    const column = (shift: number) =>
      addShorts(
        mulShorts(load8Shorts(near.add(x), 1 + shift), three),
        load8Shorts(far.add(x), 1 + shift),
      );
    f.for(x, 0, n, 8, () => {
      const here = f.v128(mulShorts(column(0), three));
      const even = shrShorts(addShorts(addShorts(here, column(-1)), forEven), 4);
      const odd = shrShorts(addShorts(addShorts(here, column(1)), forOdd), 4);
      const both = f.v128(toBytes(even, odd));
      f.store(out.add(x.shl(1)), shuffleBytes(both, both, mixed));
    });
  });
}
const mixed = [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15];

// As in color.ts.
const RED_CR = 91881;
const GREEN_CB = 22554;
const GREEN_CR = 46802;
const BLUE_CB = 116130;

/** n pixels of three bytes. */
export const YCC = kernel('ycc', 'luma blue red out n');

export function addYcc(m: ModuleBuilder): void {
  m.func(YCC, (f, { luma, blue, red, out, n }) => {
    const x = f.i32();
    const middle = f.v128(shorts(128));
    /** The terms' sum, rounded and >> 16, as int16. */
    const weighed = (...terms: [V128, number][]) => {
      const part = (extend: (a: V128) => V128) => {
        const products = terms.map(([a, by]) => mulInts(extend(a), splat(by)));
        return products.reduce((sum, product) => sum.iadd(product), splat(1 << 15)).ishr(16);
      };
      return part((a) => a.lowInts()).toShorts(part((a) => a.highInts()));
    };
    const around = (p: I32) => f.v128(subShorts(load8Shorts(p.add(x)), middle));
    f.for(x, 0, n, 8, () => {
      const y = f.v128(load8Shorts(luma.add(x)));
      const cb = around(blue);
      const cr = around(red);
      const r = addShorts(y, weighed([cr, RED_CR]));
      const g = addShorts(y, weighed([cb, -GREEN_CB], [cr, -GREEN_CR]));
      const b = addShorts(y, weighed([cb, BLUE_CB]));
      const rg = f.v128(toBytes(r, g));
      const bb = f.v128(toBytes(b, b));
      const to = f.i32(out.add(x.mul(3)));
      const order = (pixel: number) => [pixel, 8 + pixel, 16 + pixel];
      const bytes = [0, 1, 2, 3, 4, 5, 6, 7].flatMap(order);
      f.store(to, shuffleBytes(rg, bb, bytes.slice(0, 16)));
      f.store(to, shuffleBytes(rg, bb, [...bytes.slice(16), ...bytes.slice(16)]), 16);
    });
  });
}
