// Attention, head by head and some queries at a time, so that no [T, S] matrix is ever there:
//
//   for (each head)
//     pack its keys and values
//     for (each block of queries) { scores = scale q kᵀ (+ mask); weights = softmax(scores); y = weights v }
//
// It only calls the other kernels, so its numbers are theirs.
import type { I32 } from '../assembler/expressions.ts';
import type { FunctionBuilder } from '../assembler/function.ts';
import { kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { PACK_COLUMNS, PACK_ROWS } from './pack.ts';
import { PRODUCT, PRODUCT_ROOM, WIDTH } from './product.ts';
import { SOFTMAX_SCORES } from './rows.ts';

/** Queries that are scored together: their scores fit the second cache. */
const QUERIES = 100;

const ceil = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Bytes that a thread needs beside q, k, v and y. The kernel lays them out in this order. */
export function attentionRoom(T: number, S: number, d: number): number {
  const rows = Math.min(QUERIES, T);
  const packed = ceil(S, WIDTH) * d + ceil(d, WIDTH) * S;
  // Kernels run over whole vectors, so each stretch but the first ends in some room to spare.
  return 4 * (PRODUCT_ROOM + packed + 2 * rows * S + 4 * 4) + 4 * 16;
}

/**
 * y, q, k and v begin at the first head; rows are D floats apart. mask: S floats to add to every row of scores, or 0.
 * scale: the address of a float. tile: as a product's.
 */
export const ATTENTION = kernel('attention', 'y q k v mask heads T S d D room scale tile');

export function addAttention(m: ModuleBuilder): void {
  m.func(ATTENTION, (f, { y, q, k, v, mask, heads, T, S, d, D, room, scale, tile }) => {
    const zero = f.i32(0);
    const [h, t] = [f.i32(), f.i32()];
    const most = f.i32(T.min(QUERIES));
    const { keys, values, scores, weights } = layOut(f, room, most, S, d);
    f.for(h, 0, heads, 1, () => {
      const head = f.i32(h.mul(d));
      const packing = { stride: D, width: WIDTH };
      f.call(PACK_ROWS, { out: keys, x: k.at(head), rows: S, k: d, ...packing });
      f.call(PACK_COLUMNS, { out: values, x: v.at(head), rows: d, k: S, ...packing });
      f.for(t, 0, T, most, () => {
        const n = f.i32(T.sub(t).min(most));
        const at = f.i32(t.mul(D).add(head));
        const plain = { rows: n, bias: zero, room, scales: zero, tile };
        f.call(PRODUCT, { c: scores, a: q.at(at), b: keys, n: S, k: d, cStride: S, aStride: D, ...plain }); // prettier-ignore
        f.call(SOFTMAX_SCORES, { y: weights, x: scores, rows: n, n: S, scale, mask });
        f.call(PRODUCT, { c: y.at(at), a: weights, b: values, n: d, k: S, cStride: D, aStride: S, ...plain }); // prettier-ignore
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
