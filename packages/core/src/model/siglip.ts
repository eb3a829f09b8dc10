// The whole model: both towers, their similarity, and the sigmoid loss.
//
// What to know before reading it, or any file of this folder:
// - Each of HF's modules is a function of a place `s` in the tree of modules (Scope), its input, and the configuration.
// - `s.at('mlp')` is the place below, `s.param('weight', [D, M])` a parameter of this one by its name in the checkpoint.
// - `s.use('head', (s) => ...)` goes to the place below when its weights are there: they may be read while others compute.
// - `s.tap(x)` gives x back. It lets a listener see it as this module's output, or put something else in its place.
// - A Tensor has NumPy's methods. Shapes stand behind the lines that make them: B batch, N patches, T tokens, D hidden, M MLP.
// - `scoped` (tensor/lifetimes.ts) lets go of what a block made, but for what it returns.
import type { SiglipConfig } from '../config/siglip.ts';
import { isHalf } from '../contract/dtypes.ts';
import { showShape } from '../contract/shapes.ts';
import { l2Normalize } from '../ops/l2-norm.ts';
import { logSigmoid } from '../ops/log-sigmoid.ts';
import { scoped } from '../tensor/lifetimes.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Ids } from './parameters.ts';
import type { Scope } from './scope.ts';
import { type TextOptions, textTransformer } from './text.ts';
import { type Tower, towerTensors, type VisionOptions, visionTransformer } from './vision.ts';

/** What both towers are asked for. */
export interface SiglipOptions extends TextOptions, VisionOptions {
  /** Adds the sigmoid loss; text i then belongs to image i. */
  readonly return_loss?: boolean;
}

/** How Bt texts and Bi images compare. */
export interface Similarity {
  /** [Bi, Bt] */
  readonly logits_per_image: Tensor;
  /** [Bt, Bi] */
  readonly logits_per_text: Tensor;
  /** Normalised. */
  readonly text_embeds: Tensor; //      [Bt, D]
  /** [Bi, D], normalised. */
  readonly image_embeds: Tensor;
}

/** HF's SiglipOutput. */
export interface Siglip extends Similarity {
  /** [], null unless return_loss. */
  readonly loss: Tensor | null;
  /** The text tower's own output. */
  readonly text_model_output: Tower;
  /** The vision tower's own output. */
  readonly vision_model_output: Tower;
}

/** SiglipModel.forward. σ(logits) is the probability that image and text belong together, each pair by itself. */
export function siglip(
  s: Scope,
  pixels: Tensor,
  ids: Ids,
  c: SiglipConfig,
  o: SiglipOptions = {},
): Promise<Siglip> {
  const b = pixels.backend;
  const block = async (): Promise<Siglip> => {
    const vision = await visionTransformer(s.at('vision_model'), pixels, c.vision_config, o);
    const text = await textTransformer(s.at('text_model'), b, ids, c.text_config, o);
    if (!vision.pooler_output || !text.pooler_output)
      throw new Error('siglip: the vision tower has no pooling head (vision_use_head is false)');
    const compared = await similarity(s, text.pooler_output, vision.pooler_output);
    return {
      loss: o.return_loss ? sigmoidLoss(compared.logits_per_text) : null,
      ...compared,
      text_model_output: text,
      vision_model_output: vision,
    };
  };
  return scoped(b, block, (y) => [
    y.loss,
    ...similarityTensors(y),
    ...towerTensors(y.text_model_output),
    ...towerTensors(y.vision_model_output),
  ]);
}

/** The logits of pooled texts [Bt, D] and images [Bi, D]: their cosine, scaled and shifted by two learned numbers. */
export function similarity(s: Scope, text: Tensor, image: Tensor): Promise<Similarity> {
  const block = async (): Promise<Similarity> => {
    const image_embeds = l2Normalize(image);
    const text_embeds = l2Normalize(text);
    await s.ready('logit_scale', 'logit_bias'); // the scale is stored as its logarithm
    const scale = s.param('logit_scale', [1]).exp();
    const cosine = text_embeds.matmul(image_embeds, { transB: true }); // [Bt, Bi]
    const logits_per_text = cosine.mul(scale).add(s.param('logit_bias', [1]));
    const logits_per_image = logits_per_text.permute(1, 0);
    return { logits_per_image, logits_per_text, text_embeds, image_embeds };
  };
  return scoped(text.backend, block, similarityTensors);
}

const similarityTensors = (y: Similarity): Tensor[] => [
  y.logits_per_image,
  y.logits_per_text,
  y.text_embeds,
  y.image_embeds,
];

/**
 * -1/B Σᵢⱼ log σ(zᵢⱼ lᵢⱼ), z being 1 on the diagonal and -1 elsewhere (paper, Algorithm 1; HF's return_loss).
 *
 * Text i belongs to image i, so the logits must be square. HF lets a single text or image broadcast, which makes
 * all pairs positive or repeats one column: refused here. Half types are widened to float32, as HF's float32 `eye` does.
 */
export function sigmoidLoss(logits_per_text: Tensor): Tensor {
  const [B, images] = logits_per_text.shape as [number, number];
  if (B !== images)
    throw new RangeError(
      `loss: logits ${showShape(logits_per_text.shape)}, expected as many images as texts`,
    );
  const l = isHalf(logits_per_text.dtype) ? logits_per_text.cast('float32') : logits_per_text;
  const signs = Float32Array.from({ length: B * B }, (_, i) => (i % (B + 1) === 0 ? 1 : -1));
  const z = Tensor.from(l.backend, signs, [B, B], l.dtype);
  const loglik = logSigmoid(z.mul(l));
  const nll = loglik.sum(-1).neg(); // [B, 1]
  return nll.mean(0).reshape([]);
}
