// Where a tile of sums goes, 4 x 8 or 2 x 16: into c as it is, or number by number where it sticks out.
import { load, loadFloat, type I32, type V128 } from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalV128 } from '../assembler/function.ts';

/** Numbers in a tile. */
export const TILE = 32;

export interface Place {
  /** The tile's first number. */
  readonly c: I32;
  /** Rows and columns of c from there on. */
  readonly rows: I32;
  readonly n: I32;
  /** Floats from row to row. */
  readonly cStride: I32;
  /** Of the tile's first column. 0: none. */
  readonly bias: I32;
  readonly scratch: I32;
}

/** c = bias + sums if `from` is 0, else c += sums. `height`: rows of the tile. */
export function storeTile(
  f: FunctionBuilder,
  place: Place,
  sums: readonly LocalV128[],
  from: I32,
  height = 2,
): void {
  const { c, rows, n } = place;
  const at = f.i32(c);
  f.if(
    rows.ge(height).and(n.ge(TILE / height)),
    () => storeWhole(f, at, place, sums, from, height),
    () => storePart(f, at, place, sums, from, height),
  );
}

function storeWhole(
  f: FunctionBuilder,
  at: I32,
  { cStride, bias }: Place,
  sums: readonly LocalV128[],
  from: I32,
  height: number,
): void {
  const across = sums.length / height;
  const eachRow = (value: (s: V128, offset: number, p: I32) => V128) => {
    const p = f.i32(at);
    sums.forEach((s, i) => {
      if (i > 0 && i % across === 0) f.set(p, p.at(cStride));
      f.store(p, value(s, 16 * (i % across), p), 16 * (i % across));
    });
  };
  f.if(
    from.eq(0),
    () =>
      f.if(
        bias.eq(0),
        () => eachRow((s) => s),
        () => eachRow((s, offset) => s.add(load(bias, offset))),
      ),
    () => eachRow((s, offset, p) => s.add(load(p, offset))),
  );
}

function storePart(
  f: FunctionBuilder,
  at: I32,
  { rows, n, cStride, bias, scratch }: Place,
  sums: readonly LocalV128[],
  from: I32,
  height: number,
): void {
  const width = TILE / height;
  sums.forEach((s, index) => f.store(scratch, s, 16 * index));
  const [r, q] = [f.i32(), f.i32()];
  f.for(r, 0, rows.min(height), 1, () =>
    f.for(q, 0, n.min(width), 1, () => {
      const p = f.i32(at.at(r.mul(cStride).add(q)));
      const sum = f.f32(loadFloat(scratch.at(r.mul(width).add(q))));
      f.if(
        from.eq(0),
        () => f.if(bias.eq(0).eq(0), () => f.set(sum, sum.add(loadFloat(bias.at(q))))),
        () => f.set(sum, sum.add(loadFloat(p))),
      );
      f.store(p, sum);
    }),
  );
}
