// Image classification: the mean of the patch vectors and a linear layer; and its three losses.
import type { ProblemType, SiglipVisionConfig } from '../config/siglip.ts';
import { isHalf } from '../contract/dtypes.ts';
import { sameShape, showShape, size } from '../contract/shapes.ts';
import { inFloat32 } from '../ops/in-float32.ts';
import { scoped } from '../tensor/lifetimes.ts';
import { Tensor } from '../tensor/tensor.ts';
import { project } from './layers.ts';
import type { Scope } from './scope.ts';
import { type Tower, type VisionOptions, visionTransformer } from './vision.ts';

/** logits [B, num_labels] and what the tower showed on the way. */
export interface Classified extends Pick<Tower, 'hidden_states' | 'attentions'> {
  /** [B, num_labels] */
  readonly logits: Tensor;
}

/** SiglipForImageClassification without its loss. The pooling head plays no part. Without labels: the mean itself. */
export function imageClassification(
  s: Scope,
  pixels: Tensor,
  vision: SiglipVisionConfig,
  num_labels: number,
  o: VisionOptions = {},
): Promise<Classified> {
  const block = async (): Promise<Classified> => {
    const at = s.at('vision_model');
    // HF computes the pooling head too and drops its output: done here only for somebody who listens.
    const head = s.run.listener !== undefined;
    const tower = await visionTransformer(at, pixels, vision, { ...o, head });
    const [B, , D] = tower.last_hidden_state.shape as [number, number, number];
    const pooled = inFloat32(tower.last_hidden_state, (x) => x.mean(1)).reshape([B, D]);
    const logits =
      num_labels > 0
        ? await s.use('classifier', (s) => project(s, pooled, [num_labels, D]))
        : s.at('classifier').tap(pooled);
    return { logits, hidden_states: tower.hidden_states, attentions: tower.attentions };
  };
  return scoped(pixels.backend, block, (y) => [y.logits]);
}

/** Labels: class numbers [B] for single_label, else numbers of the logits' shape ([B] if there is one label). */
export interface Labels {
  /** Row-major. */
  readonly data: ArrayLike<number>;
  /** The size of each axis. */
  readonly shape: readonly number[];
}

/** What HF concludes from the labels when the configuration names no problem type. */
export function problemTypeOf(num_labels: number, integers: boolean): ProblemType {
  if (num_labels === 1) return 'regression';
  return integers ? 'single_label_classification' : 'multi_label_classification';
}

/** Mean squared error, cross-entropy or binary cross-entropy of logits [B, L]; half types in float32. */
export function classificationLoss(logits: Tensor, labels: Labels, type: ProblemType): Tensor {
  const x = isHalf(logits.dtype) ? logits.cast('float32') : logits;
  return type === 'single_label_classification'
    ? crossEntropy(x, labels)
    : elementwise(x, labels, type);
}

/** -100 marks an example that does not count, as in torch.nn.CrossEntropyLoss. */
const IGNORED = -100;

function crossEntropy(x: Tensor, labels: Labels): Tensor {
  const [B, L] = x.shape as [number, number];
  if (size(labels.shape) !== B)
    throw new RangeError(`labels: shape ${showShape(labels.shape)}, expected [${B}]`);
  const oneHot = new Float32Array(B * L);
  let counted = 0;
  for (let i = 0; i < B; i++) {
    const label = labels.data[i]!;
    if (label === IGNORED) continue;
    if (!(Number.isInteger(label) && label >= 0 && label < L))
      throw new RangeError(`labels: ${label} at ${i}, expected an integer from 0 to ${L - 1}`);
    oneHot[i * L + label] = 1;
    counted++;
  }
  const shifted = x.sub(x.max(-1));
  const logProbabilities = shifted.sub(shifted.exp().sum(-1).log());
  const picked = logProbabilities.mul(Tensor.from(x.backend, oneHot, [B, L], x.dtype));
  return picked.sum(-1).sum(0).neg().div(counted).reshape([]);
}

function elementwise(x: Tensor, labels: Labels, type: ProblemType): Tensor {
  const [B, L] = x.shape as [number, number];
  const fits = sameShape(labels.shape, [B, L]) || (L === 1 && sameShape(labels.shape, [B]));
  if (!fits)
    throw new RangeError(`labels: shape ${showShape(labels.shape)}, expected ${showShape([B, L])}`);
  const y = Tensor.from(x.backend, Float64Array.from(labels.data), [B, L], x.dtype);
  const error = x.sub(y);
  const losses =
    type === 'regression'
      ? error.mul(error)
      : x.maximum(0).sub(x.mul(y)).add(x.minimum(x.neg()).exp().log1p()); // -log σ(±x), stable
  return losses
    .sum(-1)
    .sum(0)
    .div(B * L)
    .reshape([]);
}
