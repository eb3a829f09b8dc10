// The losses as functions of embeddings: the sigmoid loss as the paper's Algorithm 1 writes it, and CLIP's softmax
// loss for comparison. HF's form is core's sigmoidLoss, over logits. The form in blocks is sigmoid-blocks.ts.
import { l2Normalize, sigmoidLoss, Tensor } from '@siglip-ts/core';

/** What the loss is a function of. Row i of text and row i of image belong together. */
export interface Contrast {
  /** [B, D], normalised. */
  readonly text: Tensor;
  /** [B, D], normalised. */
  readonly image: Tensor;
  /** t' [1], the logarithm of the temperature. */
  readonly logit_scale: Tensor;
  /** b [1] */
  readonly logit_bias: Tensor;
}

/** exp(t') text · image + b: [B, B], a row a text. HF's logits_per_text. */
export const logitsOf = (x: Contrast): Tensor =>
  x.text.matmul(x.image, { transB: true }).mul(x.logit_scale.exp()).add(x.logit_bias);

/** Algorithm 1 of the paper, whose embeddings are not normalised yet. Its logits have an image a row; the sum is the same. */
export const algorithm1 = (x: Contrast): Tensor =>
  sigmoidLoss(logitsOf({ ...x, text: l2Normalize(x.text), image: l2Normalize(x.image) }));

/** The mean of the cross-entropies over rows and over columns of logits [B, B]. CLIP, Figure 3. */
export function softmaxLoss(logits: Tensor): Tensor {
  const [B, images] = logits.shape as [number, number];
  if (B !== images)
    throw new RangeError(`loss: logits [${B}, ${images}], expected as many images as texts`);
  const eye = Float32Array.from({ length: B * B }, (_, i) => (i % (B + 1) === 0 ? 1 : 0));
  const pairs = Tensor.from(logits.backend, eye, [B, B], logits.dtype);
  const along = (axis: number): Tensor => {
    const shifted = logits.sub(logits.max(axis));
    const logProbabilities = shifted.sub(shifted.exp().sum(axis).log());
    return logProbabilities.mul(pairs).sum(0).sum(1);
  };
  return along(0)
    .add(along(1))
    .div(-2 * B)
    .reshape([]);
}
