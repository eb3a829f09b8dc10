// Attention, head by head and some queries at a time, so that no [T, S] matrix is ever there:
//
//   for (each head)
//     pack its keys and values
//     for (each block of queries) { scores = scale q kᵀ (+ mask); weights = softmax(scores); y = weights v }
//
// It only calls the other kernels, so its numbers are theirs.
import type { I32 } from '../assembler/expressions.ts';
import type { FunctionBuilder } from '../assembler/function.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { PRODUCT_ROOM, WIDTH } from './product.ts';

/** Queries that are scored together: their scores fit the second cache. */
const QUERIES = 64;

const ceil = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Bytes that a thread needs beside q, k, v and y. The kernel lays them out in this order. */
export function attentionRoom(T: number, S: number, d: number): number {
  const rows = Math.min(QUERIES, T);
  const packed = ceil(S, WIDTH) * d + ceil(d, WIDTH) * S;
  // Kernels run over whole vectors, so each stretch but the first ends in some room to spare.
  return 4 * (PRODUCT_ROOM + packed + 2 * rows * S + 4 * 4) + 4 * 16;
}

/**
 * (y, q, k, v, mask, heads, T, S, d, D, room, scale). y, q, k and v begin at the first head; rows are D floats apart.
 * mask: S floats to add to every row of scores, or 0. scale: the address of a float.
 */
export function addAttention(m: ModuleBuilder): void {
  const p = 'i32' as const;
  const names = ['product', 'packRows', 'packColumns', 'softmax', 'mulScalar', 'add'] as const;
  const params = [p, p, p, p, p, p, p, p, p, p, p, p] as const;
  m.func('attention', params, (f, y, q, k, v, mask, heads, T, S, d, D, room, scale) => {
    const call = (name: (typeof names)[number], ...args: (I32 | number)[]) =>
      f.call(m.indexOf(name), ...args);
    const zero = f.i32(0);
    const [h, t, left] = [f.i32(), f.i32(), f.i32()];
    const most = f.i32(T.min(QUERIES));
    const { keys, values, scores, weights } = layOut(f, room, most, S, d);
    f.for(h, 0, heads, 1, () => {
      const head = f.i32(h.mul(d));
      call('packRows', keys, k.at(head), S, d, D, WIDTH);
      call('packColumns', values, v.at(head), d, S, D, WIDTH);
      f.for(t, 0, T, most, () => {
        const n = f.i32(T.sub(t).min(most));
        const at = f.i32(t.mul(D).add(head));
        call('product', scores, q.at(at), keys, n, S, d, zero, S, room, zero, D);
        call('mulScalar', weights, scores, scale, 1, n.mul(S), zero);
        f.if(
          mask.eq(0),
          () => {
            call('softmax', scores, weights, n, S);
            f.set(left, scores);
          },
          () => {
            call('add', scores, weights, mask, n, S, zero);
            call('softmax', weights, scores, n, S);
            f.set(left, weights);
          },
        );
        call('product', y.at(at), left, values, n, d, S, zero, D, room, zero, S);
      });
    });
  });
}

/** The stretches of a thread's room, each beginning at a multiple of 16 bytes. */
function layOut(f: FunctionBuilder, room: I32, rows: I32, S: I32, d: I32) {
  const up = (n: I32, to: number) => n.add(to - 1).and(-to);
  const after = (start: I32, floats: I32) => f.i32(start.add(up(floats.shl(2), 16)).add(16));
  const keys = f.i32(room.at(PRODUCT_ROOM));
  const values = after(keys, up(S, WIDTH).mul(d));
  const scores = after(values, up(d, WIDTH).mul(S));
  const weights = after(scores, rows.mul(S));
  return { keys, values, scores, weights };
}
