// Where a tile of 4 x 8 sums goes: into c as it is, or number by number where it sticks out.
import { load, loadFloat, type I32, type V128 } from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalV128 } from '../assembler/function.ts';

export interface Place {
  readonly c: I32;
  /** Of the whole of c: rows, columns, floats from row to row. */
  readonly rows: I32;
  readonly n: I32;
  readonly cStride: I32;
  /** 0: none. */
  readonly bias: I32;
  readonly scratch: I32;
  /** The first row and column of the tile. */
  readonly i: I32;
  readonly j: I32;
}

/** c = bias + sums if `from` is 0, else c += sums. */
export function storeTile(
  f: FunctionBuilder,
  place: Place,
  sums: readonly LocalV128[],
  from: I32,
): void {
  const { c, rows, n, cStride, i, j } = place;
  const at = f.i32(c.at(i.mul(cStride).add(j)));
  f.if(
    rows.ge(i.add(4)).and(n.ge(j.add(8))),
    () => storeWhole(f, at, place, sums, from),
    () => storePart(f, at, place, sums, from),
  );
}

function storeWhole(
  f: FunctionBuilder,
  at: I32,
  { cStride, bias, j }: Place,
  sums: readonly LocalV128[],
  from: I32,
): void {
  const eachRow = (value: (s: V128, offset: number, p: I32) => V128) => {
    const p = f.i32(at);
    for (const r of [0, 1, 2, 3]) {
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

function storePart(
  f: FunctionBuilder,
  at: I32,
  { rows, n, cStride, bias, scratch, i, j }: Place,
  sums: readonly LocalV128[],
  from: I32,
): void {
  sums.forEach((s, index) => f.store(scratch, s, 16 * index));
  const [r, q] = [f.i32(), f.i32()];
  f.for(r, 0, rows.sub(i).min(4), 1, () =>
    f.for(q, 0, n.sub(j).min(8), 1, () => {
      const p = f.i32(at.at(r.mul(cStride).add(q)));
      const sum = f.f32(loadFloat(scratch.at(r.mul(8).add(q))));
      f.if(
        from.eq(0),
        () => f.if(bias.eq(0).eq(0), () => f.set(sum, sum.add(loadFloat(bias.at(j.add(q)))))),
        () => f.set(sum, sum.add(loadFloat(p))),
      );
      f.store(p, sum);
    }),
  );
}
