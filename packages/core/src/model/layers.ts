// The few lines that every module of the model needs: a linear layer, a norm and an MLP, each at its place `s`, which has its
// weights and receives what it gives.
import type { SiglipTextConfig, SiglipVisionConfig } from '../config/siglip.ts';
import type { Activation } from '../contract/backend.ts';
import { activation } from '../ops/activation.ts';
import { layerNorm } from '../ops/layer-norm.ts';
import { linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Scope } from './scope.ts';

export type TowerConfig = SiglipTextConfig | SiglipVisionConfig;

/** The weight [out, in] and bias [out] of a linear layer. torch.nn.Linear. */
export const affine = (s: Scope, [out, in_]: [number, number]): [Tensor, Tensor] => [
  s.param('weight', [out, in_]),
  s.param('bias', [out]),
];

/** x Wᵀ + b. torch.nn.Linear. */
export const project = (s: Scope, x: Tensor, shape: [number, number]): Tensor =>
  s.tap(linear(x, ...affine(s, shape)));

/** Over the last axis. torch.nn.LayerNorm. */
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
  const h = projectAndActivate(s.at('fc1'), x, [M, D], c.hidden_act);
  return s.tap(project(s.at('fc2'), s.at('activation_fn').tap(h), [D, M])); // [B, T, D]
}

/** One kernel, unless somebody listens between product and activation. */
const projectAndActivate = (
  s: Scope,
  x: Tensor,
  shape: [number, number],
  act: Activation,
): Tensor =>
  s.isTapped ? activation(project(s, x, shape), act) : linear(x, ...affine(s, shape), act);
