// The matrix product, where nearly all of the time goes: c [m, n] = a bᵀ + bias, with a packed by 4 rows and b by 8.
//
//   for (each block of 64 of k)             sums stay short, and so do their rounding errors
//     for (each 8 rows of b)                a panel of 2 KB, which stays in the first cache
//       for (each 4 rows of a)              a tile of 4 x 8 sums in eight registers
//         for (k in the block)              sums[r] += a[k][r] * b[k]
//         c += sums                         where the first block begins from the bias
//
// Larger tiles and unrolled loops are slower: engines then run out of registers.
import { load, loadFloat, loadSplat, type I32, type V128 } from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalI32, LocalV128 } from '../assembler/function.ts';
import type { ModuleBuilder } from '../assembler/module.ts';

/** Summed in one go; then added to what came before. */
const BLOCK = 64;
const ROWS = [0, 1, 2, 3];

/** bias 0: none. `tile`: room for 32 floats, for tiles that stick out. cStride: floats from row to row of c. */
export function addProduct(m: ModuleBuilder, { relaxed = false } = {}): void {
  const params = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  m.func('product', params, (f, c, a, b, rows, n, k, bias, cStride, tile) => {
    const [from, i, j, at] = [f.i32(0), f.i32(0), f.i32(0), f.i32(0)];
    const [pa, pb, end] = [f.i32(0), f.i32(0), f.i32(0)];
    const sums = Array.from({ length: 8 }, () => f.v128(0));
    f.for(from, 0, k, BLOCK, () => {
      const count = f.i32(k.sub(from).min(BLOCK));
      f.for(j, 0, n, 8, () => {
        const panel = f.i32(b.at(j.mul(k).add(from.mul(8))));
        f.for(i, 0, rows, 4, () => {
          f.set(pa, a.at(i.mul(k).add(from.mul(4))));
          f.set(pb, panel);
          f.set(end, pa.add(count.mul(16)));
          sums.forEach((s) => f.set(s, 0));
          inner(f, pa, pb, end, sums, relaxed);
          const fits = rows.ge(i.add(4)).and(n.ge(j.add(8)));
          f.set(at, c.at(i.mul(cStride).add(j)));
          f.if(
            fits,
            () => addWhole(f, at, cStride, sums, from, bias, j),
            () => addPart(f, at, cStride, sums, from, bias, j, rows.sub(i), n.sub(j), tile),
          );
        });
      });
    });
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
  const b0 = f.v128(0);
  const b1 = f.v128(0);
  const ar = f.v128(0);
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

/** A tile that lies within c. */
function addWhole(
  f: FunctionBuilder,
  at: LocalI32,
  cStride: I32,
  sums: readonly LocalV128[],
  from: I32,
  bias: I32,
  j: I32,
): void {
  const eachRow = (value: (s: V128, offset: number, p: I32) => V128) => {
    const p = f.i32(at);
    for (const r of ROWS) {
      f.store(p, value(sums[2 * r]!, 0, p));
      f.store(p, value(sums[2 * r + 1]!, 16, p), 16);
      if (r < 3) f.set(p, p.at(cStride));
    }
  };
  f.if(
    from.eq(0),
    () =>
      f.if(
        bias.eq(0),
        () => eachRow((s) => s),
        () => eachRow((s, offset) => s.add(load(bias.at(j), offset))),
      ),
    () => eachRow((s, offset, p) => s.add(load(p, offset))),
  );
}

/** A tile at the edge: number by number, from a place of its own. */
function addPart(
  f: FunctionBuilder,
  at: LocalI32,
  cStride: I32,
  sums: readonly LocalV128[],
  from: I32,
  bias: I32,
  j: I32,
  rows: I32,
  columns: I32,
  tile: I32,
): void {
  sums.forEach((s, i) => f.store(tile, s, 16 * i));
  const [r, q] = [f.i32(0), f.i32(0)];
  f.for(r, 0, rows.min(4), 1, () =>
    f.for(q, 0, columns.min(8), 1, () => {
      const p = f.i32(at.at(r.mul(cStride).add(q)));
      const sum = f.f32(loadFloat(tile.at(r.mul(8).add(q))));
      f.if(
        from.eq(0),
        () => f.if(bias.eq(0).eq(0), () => f.set(sum, sum.add(loadFloat(bias.at(j.add(q)))))),
        () => f.set(sum, sum.add(loadFloat(p))),
      );
      f.store(p, sum);
    }),
  );
}
