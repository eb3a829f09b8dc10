// Gradients of composites, one kernel each, for training: GELU, layer norm and attention. Formulas are those of
// packages/autograd/src/rules/composites.ts; rows as in rows.ts. Not the only way back: operations without a kernel here have
// gradients composed of others.
import { type I32, load, loadFloat, loadSplat, type V128, vec } from '../assembler/expressions.ts';
import type { LocalV128 } from '../assembler/function.ts';
import { kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { roughExp } from './maths.ts';
import { PACK_COLUMNS, PACK_ROWS } from './pack.ts';
import { PRODUCT, PRODUCT_ROOM, WIDTH } from './product.ts';
import { fold, plus, SOFTMAX_SCORES } from './rows.ts';

const SLOPE = 1.5957691216057308; // 2 √(2/π)
const CUBIC = 0.044715;

/**
 * With v = 2 √(2/π) (x + 0.044715 x³), e = e^-|v| and r = 1 / (1 + e), the two of σ(v) and σ(-v) are r and e r; the
 * derivative of x σ(v) is σ(v) (1 + x σ(-v) v').
 */
export const GELU_TANH_BACK = kernel('gelu_pytorch_tanhBack', 'y g x n');

function addGeluTanhBack(m: ModuleBuilder): void {
  m.func(GELU_TANH_BACK, (f, { y, g, x, n }) => {
    const i = f.i32();
    f.for(i, 0, n, 4, () => {
      const a = f.v128(load(x.at(i)));
      const square = f.v128(a.mul(a));
      const v = f.v128(square.mul(SLOPE * CUBIC).add(SLOPE).mul(a)); // prettier-ignore
      const [e] = roughExp(f, [v.abs().neg()]) as [LocalV128];
      const r = f.v128(vec(1).div(e.add(1)));
      const s = f.v128(e.mul(r));
      const below = f.v128(v.lt(0));
      const slope = square.mul(3 * SLOPE * CUBIC).add(SLOPE);
      const inner = slope.mul(a).mul(below.pick(r, s)).add(1);
      f.store(y.at(i), inner.mul(below.pick(s, r)).mul(load(g.at(i))));
    });
  });
}

/**
 * With u = (x - mean) / deviation and d = g w, dx is
 * (d - mean(d) - u mean(d u)) / deviation; the rows of dw, g u, are to be summed. eps: the address of a float.
 */
export const LAYER_NORM_BACK = kernel('layerNormBack', 'dx dw g x w rows n eps');

function addLayerNormBack(m: ModuleBuilder): void {
  m.func(LAYER_NORM_BACK, (f, { dx, dw, g, x, w, rows, n, eps }) => {
    const [r, i] = [f.i32(0), f.i32(0)];
    const count = f.f32(n.toFloat());
    f.for(r, 0, rows, 1, () => {
      const at = f.i32(r.mul(n));
      const [from, given] = [f.i32(x.at(at)), f.i32(g.at(at))];
      const [to, unit] = [f.i32(dx.at(at)), f.i32(dw.at(at))];
      const mean = f.v128(fold(f, i, from, n, 0, plus).sum().div(count).splat());
      const squared = (v: V128) => v.sub(mean).mul(v.sub(mean));
      const variance = fold(f, i, from, n, 0, plus, squared).sum().div(count);
      const deviation = f.v128(variance.add(loadFloat(eps)).sqrt().splat());
      f.for(i, 0, n, 4, () => f.store(unit.at(i), load(from.at(i)).sub(mean).div(deviation)));
      const d = (v: V128, at: I32) => v.mul(load(w.at(at)));
      const along = (v: V128, at: I32) => d(v, at).mul(load(unit.at(at)));
      const first = f.v128(fold(f, i, given, n, 0, plus, d).sum().div(count).splat());
      const second = f.v128(fold(f, i, given, n, 0, plus, along).sum().div(count).splat());
      f.for(i, 0, n, 4, () => {
        const u = f.v128(load(unit.at(i)));
        const v = f.v128(load(given.at(i)));
        f.store(to.at(i), d(v, i).sub(first).sub(u.mul(second)).div(deviation));
        f.store(unit.at(i), v.mul(u));
      });
    });
  });
}

/** dx = scale y (g - Σ g y), where y = softmax(x). scale: the address of a float. */
const SOFTMAX_BACK = /* @__PURE__ */ kernel('softmaxBack', 'dx y g rows n scale');

function addSoftmaxBack(m: ModuleBuilder): void {
  m.func(SOFTMAX_BACK, (f, { dx, y, g, rows, n, scale }) => {
    const [r, i] = [f.i32(0), f.i32(0)];
    f.for(r, 0, rows, 1, () => {
      const at = f.i32(r.mul(n));
      const [weights, given, to] = [f.i32(y.at(at)), f.i32(g.at(at)), f.i32(dx.at(at))];
      const product = (v: V128, at: I32) => v.mul(load(given.at(at)));
      const sum = f.v128(fold(f, i, weights, n, 0, plus, product).sum().splat());
      f.for(i, 0, n, 4, () => {
        const centred = load(given.at(i)).sub(sum);
        f.store(to.at(i), load(weights.at(i)).mul(centred).mul(loadSplat(scale)));
      });
    });
  });
}

/** Bytes of each of the five stretches that attentionBack works in, and of all that a thread needs. */
export function attentionBackRoom(T: number, S: number, d: number) {
  const up = (n: number, to: number): number => Math.ceil(n / to) * to;
  const left = S * up(T, 4);
  const right = Math.max(up(S, WIDTH) * d, up(d, WIDTH) * Math.max(S, T));
  const stretch = 4 * up(Math.max(left, right) + 4, 4);
  return { stretch, room: 4 * PRODUCT_ROOM + 5 * stretch };
}

/** As attention's; a head at a time, with all of its weights, which are computed anew. */
export const ATTENTION_BACK = kernel(
  'attentionBack',
  'dq dk dv g q k v mask heads T S d D room scale tile stretch',
);

function addAttentionBack(m: ModuleBuilder): void {
  m.func(
    ATTENTION_BACK,
    (f, { dq, dk, dv, g, q, k, v, mask, heads, T, S, d, D, room, scale, tile, stretch }) => {
      const zero = f.i32(0);
      const turned = f.i32(room.at(PRODUCT_ROOM));
      const right = f.i32(turned.add(stretch));
      const a = f.i32(right.add(stretch));
      const weights = f.i32(a.add(stretch));
      const scores = f.i32(weights.add(stretch));
      const h = f.i32();
      const along = f.i32(T.add(3).and(-4));
      const turn = (x: I32) =>
        f.call(PACK_ROWS, { out: turned, x, rows: T, k: S, stride: S, width: along }); // xᵀ
      const packing = { out: right, stride: D, width: WIDTH };
      const plain = { b: right, bias: zero, room, scales: zero, tile };
      const toScores = { aStride: D, rows: T, n: S, k: d, cStride: S, ...plain };
      const fromScores = { aStride: S, rows: T, n: d, k: S, cStride: D, ...plain };
      const fromTurned = { a: turned, aStride: along, rows: S, n: d, k: T, cStride: D, ...plain };
      f.for(h, 0, heads, 1, () => {
        const at = (x: I32) => x.at(h.mul(d));
        f.call(PACK_ROWS, { x: at(k), rows: S, k: d, ...packing });
        f.call(PRODUCT, { c: a, a: at(q), ...toScores });
        f.call(SOFTMAX_SCORES, { y: weights, x: a, rows: T, n: S, scale, mask });
        turn(weights);
        f.call(PACK_COLUMNS, { x: at(g), rows: d, k: T, ...packing });
        f.call(PRODUCT, { c: at(dv), ...fromTurned }); // weightsᵀ g
        f.call(PACK_ROWS, { x: at(v), rows: S, k: d, ...packing });
        f.call(PRODUCT, { c: a, a: at(g), ...toScores }); // of the weights: g vᵀ
        f.call(SOFTMAX_BACK, { dx: scores, y: weights, g: a, rows: T, n: S, scale });
        f.call(PACK_COLUMNS, { x: at(k), rows: d, k: S, ...packing });
        f.call(PRODUCT, { c: at(dq), a: scores, ...fromScores }); // scores k
        turn(scores);
        f.call(PACK_COLUMNS, { x: at(q), rows: d, k: T, ...packing });
        f.call(PRODUCT, { c: at(dk), ...fromTurned }); // scoresᵀ q
      });
    },
  );
}

export function addGradients(m: ModuleBuilder): void {
  addGeluTanhBack(m);
  addLayerNormBack(m);
  addSoftmaxBack(m);
  addAttentionBack(m);
}
