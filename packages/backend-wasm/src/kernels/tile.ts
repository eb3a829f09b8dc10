// Where a tile of sums goes: into c as it is, or number by number where it sticks out.
import { type I32, load, loadFloat, type V128 } from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalV128 } from '../assembler/function.ts';
import { kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';

/** Numbers in the largest tile. */
export const TILE = 40;

/** Rows and columns of a tile. */
export interface Tile {
  readonly height: number;
  readonly width: number;
}

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

/** c = bias + sums if `from` is 0, else c += sums. */
export function storeTile(
  f: FunctionBuilder,
  place: Place,
  sums: readonly LocalV128[],
  from: I32,
  { height, width }: Tile,
): void {
  const { c, rows, n, cStride, bias, scratch } = place;
  const at = f.i32(c);
  f.if(
    rows.ge(height).and(n.ge(width)),
    () => storeWhole(f, at, place, sums, from, height),
    () => {
      sums.forEach((s, index) => f.store(scratch, s, 16 * index));
      f.call(STORE_PART, {
        c: at,
        rows: rows.min(height),
        n: n.min(width),
        cStride,
        bias,
        tile: scratch,
        from,
        width,
      });
    },
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

/** What is inside of c of a tile that lies in the memory. */
const STORE_PART = /* @__PURE__ */ kernel('storePart', 'c rows n cStride bias tile from width');

export function addTile(m: ModuleBuilder): void {
  m.func(STORE_PART, (f, { c, rows, n, cStride, bias, tile, from, width }) => {
    const [r, q] = [f.i32(), f.i32()];
    f.for(r, 0, rows, 1, () =>
      f.for(q, 0, n, 1, () => {
        const at = f.i32(c.at(r.mul(cStride).add(q)));
        const sum = f.f32(loadFloat(tile.at(r.mul(width).add(q))));
        f.if(
          from.eq(0),
          () => f.if(bias.eq(0).eq(0), () => f.set(sum, sum.add(loadFloat(bias.at(q))))),
          () => f.set(sum, sum.add(loadFloat(at))),
        );
        f.store(at, sum);
      }),
    );
  });
}
