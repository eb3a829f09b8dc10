// The engine's gradients of composites: calls of the kernels of kernels/gradients.ts.
import { type Activation, type FusedGradients, type Operand, size } from '@siglip-ts/core';
import {
  ATTENTION_BACK,
  attentionBackRoom,
  GELU_TANH_BACK,
  LAYER_NORM_BACK,
} from '../kernels/gradients.ts';
import type { Engine } from './engine.ts';
import type { Block } from './memory.ts';

/** Kernels for float32; what they are given was checked. `same`: the kernel that an activation has. */
export const fusedGradients = (e: Engine, same: (kind: Activation) => string): FusedGradients => ({
  activation: (g, x, kind) => (same(kind) === 'gelu_pytorch_tanh' ? geluTanhBack(e, g, x) : null),
  layerNorm: (g, x, weight, eps) => layerNormBack(e, g, x, weight, eps),
  attention: (g, q, k, v, keys, heads, scale) => attentionBack(e, g, [q, k, v], keys, heads, scale),
});

function geluTanhBack(e: Engine, g: Operand, x: Operand): Block {
  const [given, from] = [e.address(g), e.address(x)];
  const y = e.memory.output(x.shape);
  const args = { y: y.at, g: given, x: from, n: size(x.shape) };
  e.dispatch.eachNumber(GELU_TANH_BACK, args, { y: 1, g: 1, x: 1 });
  return y;
}

function layerNormBack(e: Engine, g: Operand, x: Operand, weight: Operand, eps: number) {
  const [given, from, w] = [e.address(g), e.address(x), e.address(weight)];
  const [dx, terms] = [e.memory.output(x.shape), e.memory.output(x.shape)];
  const n = x.shape.at(-1)!;
  const rows = size(x.shape) / n;
  const ends = { dx: dx.at, dw: terms.at, g: given, x: from };
  const args = { ...ends, w, rows, n, eps: e.place(eps) };
  e.dispatch.eachRow(LAYER_NORM_BACK, args, { dx: n, dw: n, g: n, x: n });
  const sum = (handle: object) => e.reduce('sum', { ...x, handle }, 1, rows, n);
  return [dx, sum(terms), sum(g.handle)] as const;
}

function attentionBack(
  e: Engine,
  g: Operand,
  inputs: readonly [q: Operand, k: Operand, v: Operand],
  keys: Operand | null,
  heads: number,
  scale: number,
) {
  const [q, k, v] = inputs;
  const common = e.headArgs(q, k.shape[1]!, keys, heads, scale);
  const { T, S, d } = common;
  const from = { g: e.address(g), q: e.address(q), k: e.address(k), v: e.address(v) };
  const [dq, dk, dv] = inputs.map((x) => e.memory.output(x.shape)) as [Block, Block, Block];
  const { room, stretch } = attentionBackRoom(T, S, d);
  const own = { dq: dq.at, dk: dk.at, dv: dv.at, ...from, stretch };
  const tokens = { dq: T, dk: S, dv: S, g: T, q: T, k: S, v: S };
  e.dispatch.eachHead(ATTENTION_BACK, own, common, q.shape[0]!, tokens, room);
  e.memory.heap.release(common.mask);
  return [dq, dk, dv] as const;
}
