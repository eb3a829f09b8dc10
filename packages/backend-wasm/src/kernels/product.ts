// The matrix product, where nearly all of the time goes: c [m, n] = a bᵀ + bias, with a packed by 4 rows and b by 8.
//
//   for (each block of 128 of k)            sums stay short, and so do their rounding errors
//     for (each 8 rows of b)                a panel of 4 KB, which stays in the first cache
//       widen the panel                     if b is stored narrower than float32
//       for (each 4 rows of a)              a tile of 4 x 8 sums in eight registers
//         for (k in the block)              sums[r] += a[k][r] * b[k]
//         c += sums                         where the first block begins from the bias
//
// Larger tiles and unrolled loops are slower: engines then run out of registers.
import {
  ints,
  load,
  loadBytes,
  loadShorts,
  loadSplat,
  type I32,
  type V128,
} from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalI32, LocalV128 } from '../assembler/function.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { storeTile } from './tile.ts';

/** Summed in one go; then added to what came before. */
const BLOCK = 128;
const ROWS = [0, 1, 2, 3];

/** How the numbers of b are stored: bytes each, and how 8 of them become float32. */
interface Storage {
  readonly bytes: 4 | 2 | 1;
  /** Eight numbers at p, of columns whose scales are given, as two vectors. */
  readonly widen?: (p: I32, scales: readonly [V128, V128]) => [V128, V128];
}

/**
 * float16 is widened by shifting its bits into place and multiplying by 2¹¹², which makes subnormals right too.
 * Weights are finite: infinities would come out as 65536 and more.
 */
const widenHalf = (p: I32): [V128, V128] => {
  const four = (offset: number): V128 => {
    const h = loadShorts(p, offset);
    const magnitude = h
      .and(ints(0x7fff))
      .ishl(13)
      .mul(2 ** 112);
    return magnitude.or(h.and(ints(0x8000)).ishl(16));
  };
  return [four(0), four(8)];
};

export const STORAGES: Readonly<Record<'product' | 'productHalf' | 'productInt8', Storage>> = {
  product: { bytes: 4 },
  productHalf: { bytes: 2, widen: widenHalf },
  productInt8: {
    bytes: 1,
    widen: (p, [s0, s1]) => [
      loadBytes(p).lowInts().toFloats().mul(s0),
      loadBytes(p).highInts().toFloats().mul(s1),
    ],
  },
};

/**
 * (c, a, b, rows, n, k, bias, cStride, scratch, scales). bias 0: none. cStride: floats from row to row of c.
 * scratch: room for a tile of 32 floats and a widened block. scales: of int8, one for each of n.
 */
export function addProduct(m: ModuleBuilder, { relaxed = false } = {}): void {
  const p = 'i32' as const;
  for (const [name, storage] of Object.entries(STORAGES))
    m.func(
      name,
      [p, p, p, p, p, p, p, p, p, p],
      (f, c, a, b, rows, n, k, bias, cStride, scratch, scales) => {
        const [from, i, j] = [f.i32(), f.i32(), f.i32()];
        const [pa, pb, end] = [f.i32(), f.i32(), f.i32()];
        const sums = Array.from({ length: 8 }, () => f.v128());
        f.for(from, 0, k, BLOCK, () => {
          const count = f.i32(k.sub(from).min(BLOCK));
          f.for(j, 0, n, 8, () => {
            const stored = f.i32(b.add(j.mul(k).add(from.mul(8)).mul(storage.bytes)));
            const panel = storage.widen ? f.i32(scratch.add(128)) : stored;
            if (storage.widen) widenBlock(f, storage, panel, stored, count, f.i32(scales.at(j)));
            f.for(i, 0, rows, 4, () => {
              f.set(pa, a.at(i.mul(k).add(from.mul(4))));
              f.set(pb, panel);
              f.set(end, pa.add(count.mul(16)));
              sums.forEach((s) => f.set(s, 0));
              inner(f, pa, pb, end, sums, relaxed);
              storeTile(f, { c, rows, n, bias, cStride, scratch, i, j }, sums, from);
            });
          });
        });
      },
    );
}

/** The block of a panel as float32, in the scratch behind the tile. */
function widenBlock(
  f: FunctionBuilder,
  { bytes, widen }: Storage,
  to: I32,
  from: I32,
  count: I32,
  scales: I32,
): void {
  const i = f.i32();
  const both =
    bytes === 1 ? ([f.v128(load(scales)), f.v128(load(scales, 16))] as const) : undefined;
  f.for(i, 0, count, 1, () => {
    const [low, high] = widen!(from.add(i.mul(8 * bytes)), both ?? [ints(0), ints(0)]);
    f.store(to.at(i.mul(8)), low);
    f.store(to.at(i.mul(8)), high, 16);
  });
}

/** The loop that counts. Each turn: 8 floats of b, 4 of a, 8 multiplications and 8 additions of four. */
function inner(
  f: FunctionBuilder,
  pa: LocalI32,
  pb: LocalI32,
  end: I32,
  sums: readonly LocalV128[],
  relaxed: boolean,
): void {
  const b0 = f.v128();
  const b1 = f.v128();
  const ar = f.v128();
  f.repeat(pa, end, 16, () => {
    f.set(b0, load(pb));
    f.set(b1, load(pb, 16));
    for (const r of ROWS) {
      f.set(ar, loadSplat(pa, 4 * r));
      f.set(sums[2 * r]!, ar.madd(b0, sums[2 * r]!, relaxed));
      f.set(sums[2 * r + 1]!, ar.madd(b1, sums[2 * r + 1]!, relaxed));
    }
    f.set(pb, pb.add(32));
  });
}
