// Packing: a matrix rearranged so that the product reads both sides from front to back. A panel holds `width` rows of
// the matrix, interleaved: out[panel][k][w] = row[panel * width + w][k]. Rows past the end are zeros.
//
//   packRows:    the summed axis k is contiguous: row r begins at x + r * stride, as in x [rows, k]
//   packColumns: the rows are contiguous along k: row r, k is at x + k * stride + r, as in x [k, rows]
import { float, int, load, loadFloat, type V128, vec } from '../assembler/expressions.ts';
import type { FunctionBuilder } from '../assembler/function.ts';
import { alike, kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';

/** Numbers of k that packColumns takes at a time. */
const LINES = 16;

/** Four rows of four numbers as four columns. */
function transpose(f: FunctionBuilder, rows: readonly V128[]): V128[] {
  const [a, b, c, d] = rows as [V128, V128, V128, V128];
  const ab = [f.v128(a.shuffle(b, 0, 4, 1, 5)), f.v128(a.shuffle(b, 2, 6, 3, 7))] as const;
  const cd = [f.v128(c.shuffle(d, 0, 4, 1, 5)), f.v128(c.shuffle(d, 2, 6, 3, 7))] as const;
  return [0, 1].flatMap((i) => [
    ab[i as 0 | 1].shuffle(cd[i as 0 | 1], 0, 1, 4, 5),
    ab[i as 0 | 1].shuffle(cd[i as 0 | 1], 2, 3, 6, 7),
  ]);
}

export const PACK_ROWS = kernel('packRows', 'out x rows k stride width');
export const PACK_COLUMNS = alike(PACK_ROWS, 'packColumns');

export function addPack(m: ModuleBuilder): void {
  m.func(PACK_ROWS, (f, { out, x, rows, k, stride, width }) => {
    const [panel, quad, i, w] = [f.i32(), f.i32(), f.i32(), f.i32()];
    const whole = f.i32(k.and(-4));
    f.for(panel, 0, rows, width, () =>
      f.for(quad, 0, width, 4, () => {
        const first = f.i32(panel.add(quad)); // of four rows
        const from = f.i32(x.at(first.mul(stride)));
        const to = f.i32(out.at(panel.mul(k).add(quad)));
        const row = (r: number) => from.at(stride.mul(r));
        f.if(
          rows.ge(first.add(4)),
          () => {
            f.for(i, 0, whole, 4, () => {
              const columns = transpose(
                f,
                [0, 1, 2, 3].map((r) => f.v128(load(row(r).at(i)))),
              );
              columns.forEach((c, j) => f.store(to.at(i.add(j).mul(width)), c));
            });
            f.for(i, whole, k, 1, () =>
              [0, 1, 2, 3].forEach((r) =>
                f.store(to.at(i.mul(width)), loadFloat(row(r).at(i)), 4 * r),
              ),
            );
          },
          () =>
            f.for(i, 0, k, 1, () =>
              f.for(w, 0, 4, 1, () => {
                const at = to.at(i.mul(width).add(w));
                f.if(
                  first.add(w).lt(rows),
                  () => f.store(at, loadFloat(from.at(w.mul(stride).add(i)))),
                  () => f.store(at, float(0)),
                );
              }),
            ),
        );
      }),
    );
  });

  // Some lines of x at a time, so that they stay in the first cache while panel after panel takes its numbers from them.
  m.func(PACK_COLUMNS, (f, { out, x, rows, k, stride, width }) => {
    const [begin, end, first, i, w] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i32()];
    const [from, to] = [f.i32(), f.i32()];
    const along = f.i32(stride.shl(2));
    const next = f.i32(width.shl(2));
    const copy = (quad: () => void) =>
      f.for(i, begin, end, 1, () => {
        quad();
        f.set(from, from.add(along));
        f.set(to, to.add(next));
      });
    f.for(begin, 0, k, LINES, () => {
      f.set(end, begin.add(LINES).min(k));
      f.for(first, 0, rows.add(width.sub(1)).and(int(0).sub(width)), 4, () => {
        f.set(from, x.at(begin.mul(stride).add(first)));
        const within = first.and(width.sub(1));
        f.set(to, out.at(first.sub(within).mul(k).add(begin.mul(width)).add(within)));
        f.if(
          rows.ge(first.add(4)),
          () => copy(() => f.store(to, load(from))),
          () =>
            copy(() => {
              f.store(to, vec(0));
              f.for(w, 0, rows.sub(first), 1, () => f.store(to.at(w), loadFloat(from.at(w))));
            }),
        );
      });
    });
  });
}
