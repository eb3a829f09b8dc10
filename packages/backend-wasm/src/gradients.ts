// The engine's gradients of composites: calls of the kernels of ./kernels/gradients.ts.
import { size, type Activation, type FusedGradients, type Operand } from '@siglip-ts/core';
import type { Engine } from './engine.ts';
import { attentionBackRoom } from './kernels/gradients.ts';
import type { Block } from './memory.ts';

/** Kernels for float32; what they are given was checked. `same`: the kernel that an activation has. */
export const fusedGradients = (e: Engine, same: (kind: Activation) => string): FusedGradients => ({
  activation: (g, x, kind) =>
    same(kind) === 'gelu_pytorch_tanh' ? activationBack(e, same(kind), g, x) : null,
  layerNorm: (g, x, weight, eps) => layerNormBack(e, g, x, weight, eps),
  attention: (g, q, k, v, keys, heads, scale) => attentionBack(e, g, [q, k, v], keys, heads, scale),
});

function activationBack(e: Engine, name: string, g: Operand, x: Operand): Block {
  const [given, from] = [e.address(g), e.address(x)];
  const y = e.memory.output(x.shape);
  e.eachNumber(`${name}Back`, [y.at, given, from, size(x.shape)], 3, 3);
  return y;
}

function layerNormBack(e: Engine, g: Operand, x: Operand, weight: Operand, eps: number) {
  const [given, from, w] = [e.address(g), e.address(x), e.address(weight)];
  const [dx, rows] = [e.memory.output(x.shape), e.memory.output(x.shape)];
  const n = x.shape.at(-1)!;
  const count = size(x.shape) / n;
  e.eachRow('layerNormBack', [dx.at, rows.at, given, from, w, count, n, e.place(eps)], [n, n, n, n], 5); // prettier-ignore
  const sum = (handle: object) => e.reduce('sum', { ...x, handle }, 1, count, n);
  return [dx, sum(rows), sum(g.handle)] as const;
}

function attentionBack(
  e: Engine,
  g: Operand,
  inputs: readonly [q: Operand, k: Operand, v: Operand],
  keys: Operand | null,
  heads: number,
  scale: number,
) {
  const [q, k] = inputs;
  const [, T, D] = q.shape as [number, number, number];
  const S = k.shape[1]!;
  const from = [g, ...inputs].map((x) => e.address(x));
  const outputs = inputs.map((x) => e.memory.output(x.shape));
  const addresses = [...outputs.map(({ at }) => at), ...from];
  const arrays = addresses.map((at, i) => [at, [T, S, S, T, T, S, S][i]!] as const);
  const { room, stretch } = attentionBackRoom(T, S, D / heads);
  e.eachHead('attentionBack', arrays, q, S, keys, heads, scale, room, [stretch]);
  return outputs as [Block, Block, Block];
}
