// Gradients of the composites in closed form, for speed, by a kernel where the backend has one. Each is tested against
// the gradient of its definition.
import {
  type Activation,
  activation as activate,
  attention as attend,
  compose,
  type Handle,
  l2Norm as length,
  layerNorm as normalise,
  linear as project,
  maskOf,
  mergeHeads,
  size,
  softmax as soften,
  splitHeads,
  type Tensor,
} from '@siglip-ts/core';
import type { Pull, Step } from '../step.ts';
import { ACTIVATION_RULES } from './activations.ts';

/** [..., D] as [rows, D]. */
const rowsOf = (x: Tensor): Tensor => {
  const D = x.shape.at(-1)!;
  return x.reshape([size(x.shape) / D, D]);
};

/** Gradients of these that a kernel gives all at once, when the first is asked for. */
function together(inputs: readonly Tensor[], compute: () => readonly Handle[]): Pull[] {
  let made: readonly Handle[] | undefined;
  return inputs.map((x, i) => () => x.made(x.shape, (made ??= compute())[i]!));
}

/** Inputs x, weight and, if there is one, bias. The activation is a step of its own. */
export const linear: Step = {
  run: ([x, weight, bias]) => project(x!, weight!, bias ?? null),
  back(g, [x, weight, bias]) {
    const rows = rowsOf(g);
    const pulls: Pull[] = [
      () => rows.matmul(weight!).reshape(x!.shape),
      () => rows.matmul(rowsOf(x!), { transA: true }),
    ];
    return bias ? [...pulls, () => rows.sum(0).reshape(bias.shape)] : pulls;
  },
};

/** `definition` differentiates what has no closed form here. */
export const activation = (
  kind: Activation,
  definition: (f: (x: Tensor) => Tensor, x: Tensor, g: Tensor) => Tensor,
): Step => ({
  run: ([x]) => activate(x!, kind),
  back: (g, [x]) => [
    () => {
      const kernel = x!.backend.fusedGradients?.activation(g, x!, kind);
      if (kernel) return x!.made(x!.shape, kernel);
      const rule = ACTIVATION_RULES[kind];
      return rule ? rule(g, x!) : definition((y) => compose.activation(y, kind), x!, g);
    },
  ],
});

export const layerNorm = (eps: number): Step => ({
  run: ([x, weight, bias]) => normalise(x!, weight!, bias!, eps),
  back(g, [x, weight, bias]) {
    const kernel = g.backend.fusedGradients;
    if (kernel) return together([x!, weight!, bias!], () => kernel.layerNorm(g, x!, weight!, eps));
    const centred = x!.sub(x!.mean(-1));
    const deviation = centred.mul(centred).mean(-1).add(eps).sqrt(); // [..., 1]
    const unit = centred.div(deviation);
    return [
      () => {
        const d = g.mul(weight!);
        const along = d.mul(unit).mean(-1);
        return d.sub(d.mean(-1)).sub(unit.mul(along)).div(deviation);
      },
      () => rowsOf(g.mul(unit)).sum(0).reshape(weight!.shape),
      () => rowsOf(g).sum(0).reshape(bias!.shape),
    ];
  },
});

/** y (g - Σ g y). */
const softmaxBack = (g: Tensor, y: Tensor): Tensor => y.mul(g.sub(g.mul(y).sum(-1)));

export const softmax: Step = {
  run: ([x]) => soften(x!),
  back: (g, _, y) => [() => softmaxBack(g, y)],
};

export const l2Norm: Step = {
  run: ([x]) => length(x!),
  back: (g, [x], y) => [() => x!.mul(g.div(y))],
};

/** Inputs q, k, v and, if there is one, the mask of keys. The weights are computed anew: nothing [T, S] is kept. */
export const attention = (heads: number, scale: number): Step => ({
  run: ([q, k, v, keys]) => attend(q!, k!, v!, { heads, scale, keys: keys ?? null }),
  back(g, [q, k, v, keys]) {
    const kernel = g.backend.fusedGradients;
    if (kernel) {
      const all = () => kernel.attention(g, q!, k!, v!, keys ?? null, heads, scale);
      return [...together([q!, k!, v!], all), null];
    }
    const split = (x: Tensor): Tensor => splitHeads(x, heads); // [B, H, T, d]
    const [G, Q, K, V] = [split(g), split(q!), split(k!), split(v!)];
    let scores = Q.matmul(K, { transB: true }).mul(scale); // [B, H, T, S]
    if (keys) scores = scores.add(maskOf(keys));
    const weights = soften(scores);
    const d = softmaxBack(G.matmul(V, { transB: true }), weights).mul(scale);
    return [
      () => mergeHeads(d.matmul(K)),
      () => mergeHeads(d.matmul(Q, { transA: true })),
      () => mergeHeads(weights.matmul(G, { transA: true })),
      null,
    ];
  },
});
