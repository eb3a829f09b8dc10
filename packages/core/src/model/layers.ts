// The few lines that every module of the model needs: a linear layer, a norm and an MLP, each at its place.
import { activation } from '../ops/activation.ts';
import { layerNorm } from '../ops/layer-norm.ts';
import { linear } from '../ops/linear.ts';
import type { Scope } from './scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { SiglipTextConfig, SiglipVisionConfig } from '../config/siglip.ts';

export type TowerConfig = SiglipTextConfig | SiglipVisionConfig;

/** The weight [out, in] and bias [out] of a linear layer. torch.nn.Linear. */
export const affine = (s: Scope, [out, in_]: [number, number]): [Tensor, Tensor] => [
  s.param('weight', [out, in_]),
  s.param('bias', [out]),
];

export const project = (s: Scope, x: Tensor, shape: [number, number]): Tensor =>
  s.tap(linear(x, ...affine(s, shape)));

export const layerNormOf = (s: Scope, x: Tensor, c: TowerConfig): Tensor =>
  s.tap(
    layerNorm(
      x,
      s.param('weight', [c.hidden_size]),
      s.param('bias', [c.hidden_size]),
      c.layer_norm_eps,
    ),
  );

/** Two linear layers with the activation between: SiglipMLP. */
export function mlp(s: Scope, x: Tensor, c: TowerConfig): Tensor {
  const [D, M] = [c.hidden_size, c.intermediate_size];
  const [fc1, fc2] = [s.at('fc1'), s.at('fc2')];
  const h = fc1.isTapped // somebody listens between product and activation, otherwise they are one kernel
    ? activation(project(fc1, x, [M, D]), c.hidden_act)
    : linear(x, ...affine(fc1, [M, D]), c.hidden_act); // [B, T, M]
  return s.tap(project(fc2, s.at('activation_fn').tap(h), [D, M])); // [B, T, D]
}
