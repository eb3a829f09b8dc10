// Gradients of composites, one kernel each, for training: GELU, layer norm and attention. Formulas are those of
// packages/autograd/src/rules/composites.ts; rows as in rows.ts. Not the only way back: operations without a kernel here have
// gradients composed of others.
import { load, loadFloat, loadSplat, vec, type I32, type V128 } from '../assembler/expressions.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { roughExp } from './maths.ts';
import { PRODUCT_ROOM, WIDTH } from './product.ts';
import { fold, plus } from './rows.ts';

const p = 'i32' as const;
const SLOPE = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * (y, g, x, n). With v = 2 √(2/π) (x + 0.044715 x³), e = e^-|v| and r = 1 / (1 + e), the two of σ(v) and σ(-v) are r and
 * e r; the derivative of x σ(v) is σ(v) (1 + x σ(-v) v').
 */
function addGeluTanhBack(m: ModuleBuilder): void {
  m.func('gelu_pytorch_tanhBack', [p, p, p, p], (f, y, g, x, n) => {
    const i = f.i32();
    f.for(i, 0, n, 4, () => {
      const a = f.v128(load(x.at(i)));
      const square = f.v128(a.mul(a));
      const v = f.v128(square.mul(SLOPE * CUBIC).add(SLOPE).mul(a)); // prettier-ignore
      const e = f.v128(roughExp(f, v.abs().neg()));
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
 * (dx, dw, g, x, w, rows, n, eps). With u = (x - mean) / deviation and d = g w, dx is
 * (d - mean(d) - u mean(d u)) / deviation; the rows of dw, g u, are to be summed. eps: the address of a float.
 */
function addLayerNormBack(m: ModuleBuilder): void {
  m.func('layerNormBack', [p, p, p, p, p, p, p, p], (f, dx, dw, g, x, w, rows, n, eps) => {
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

/** (dx, y, g, rows, n, scale): scale y (g - Σ g y), where y = softmax(x). scale: the address of a float. */
function addSoftmaxBack(m: ModuleBuilder): void {
  m.func('softmaxBack', [p, p, p, p, p, p], (f, dx, y, g, rows, n, scale) => {
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

/**
 * (dq, dk, dv, g, q, k, v, mask, heads, T, S, d, D, room, scale, stretch), as attention's. A head at a time, with all of
 * its weights, which are computed anew.
 */
function addAttentionBack(m: ModuleBuilder): void {
  const params = [p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p] as const;
  m.func(
    'attentionBack',
    params,
    (f, dq, dk, dv, g, q, k, v, mask, heads, T, S, d, D, room, scale, stretch) => {
      // prettier-ignore
      const call = (name: string, ...args: (I32 | number)[]) => f.call(m.indexOf(name), ...args);
      const zero = f.i32(0);
      const turned = f.i32(room.at(PRODUCT_ROOM));
      const right = f.i32(turned.add(stretch));
      const a = f.i32(right.add(stretch));
      const b = f.i32(a.add(stretch));
      const scores = f.i32(b.add(stretch));
      const [h, weights, other] = [f.i32(), f.i32(), f.i32()];
      const along = f.i32(T.add(3).and(-4));
      const turn = (x: I32) => call('packRows', turned, x, T, S, S, along); // xᵀ
      const product = (c: I32, left: I32, step: I32, rows: I32, n: I32, sum: I32, width: I32) =>
        call('product', c, left, right, rows, n, sum, zero, width, room, zero, step);
      f.for(h, 0, heads, 1, () => {
        const at = (x: I32) => x.at(h.mul(d));
        call('packRows', right, at(k), S, d, D, WIDTH);
        product(a, at(q), D, T, S, d, S);
        call('mulScalar', b, a, scale, 1, T.mul(S), zero);
        f.set(weights, a);
        f.set(other, b);
        f.if(mask.eq(0).eq(0), () => {
          call('add', a, b, mask, T, S, zero);
          f.set(weights, b);
          f.set(other, a);
        });
        call('softmax', weights, other, T, S);
        turn(weights);
        call('packColumns', right, at(g), d, T, D, WIDTH);
        product(at(dv), turned, along, S, d, T, D); // weightsᵀ g
        call('packRows', right, at(v), S, d, D, WIDTH);
        product(other, at(g), D, T, S, d, S); // of the weights: g vᵀ
        call('softmaxBack', scores, weights, other, T, S, scale);
        call('packColumns', right, at(k), d, S, D, WIDTH);
        product(at(dq), scores, S, T, d, S, D); // scores k
        turn(scores);
        call('packColumns', right, at(q), d, T, D, WIDTH);
        product(at(dk), turned, along, S, d, T, D); // scoresᵀ q
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
