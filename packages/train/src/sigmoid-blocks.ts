// The sigmoid loss and its gradient block by block, as W devices compute it (paper, section 3.3), in one process:
// b x b numbers of logits at a time instead of B x B. In closed form, so nothing is recorded.
import { logSigmoid, Tensor } from '@siglip-ts/core';
import { accumulator, type Accumulator } from './accumulator.ts';
import { stacked } from './stacked.ts';
import type { Contrast } from './losses.ts';

/** The loss [] and its gradient with respect to each of its inputs. */
export interface ContrastGradients extends Contrast {
  readonly loss: Tensor;
}

/**
 * By how many devices texts travel in each round. In one direction: 0, 1, ..., W - 1. In both, as in big_vision, where
 * two neighbours send at once: 0, 1, -1, 2, -2, ..., in half the rounds; every offset modulo W once.
 */
export function ringOffsets(W: number, bidirectional: boolean): number[] {
  if (!bidirectional) return Array.from({ length: W }, (_, i) => i);
  const offsets = [0];
  for (let i = 1; 2 * i <= W; i++) offsets.push(...(2 * i === W ? [i] : [i, -i]));
  return offsets;
}

/** Equal to the gradients of sigmoidLoss to rounding. `block`, b, must divide the batch; default: the batch. */
export function sigmoidBlocks(
  x: Contrast,
  { block, bidirectional = true }: { block?: number; bidirectional?: boolean } = {},
): ContrastGradients {
  const B = x.text.shape[0]!;
  const b = block ?? B;
  if (x.image.shape[0] !== B)
    throw new RangeError(`loss: ${B} texts and ${x.image.shape[0]} images, expected pairs`);
  if (!(b > 0 && B % b === 0))
    throw new RangeError(`loss: blocks of ${b}, expected a divisor of the batch, ${B}`);
  const { backend } = x.text;
  const W = B / b;
  const sums = accumulator(backend);
  for (const offset of ringOffsets(W, bidirectional))
    for (let device = 0; device < W; device++) {
      const from = (device + offset + W) % W;
      const since = backend.mark?.();
      addBlock(sums, x, { image: device, text: from, b, B });
      if (since) backend.release!(since, []);
    }
  const total = sums.take();
  const parts = (name: string) =>
    stacked(Array.from({ length: W }, (_, i) => total.get(name + i)!));
  return {
    loss: total.get('loss')!.reshape([]),
    logit_scale: total.get('logit_scale')!.reshape(x.logit_scale.shape),
    logit_bias: total.get('logit_bias')!.reshape(x.logit_bias.shape),
    text: parts('text'),
    image: parts('image'),
  };
}

/** Adds what the texts of one device and the images of another give. */
function addBlock(
  sums: Accumulator,
  x: Contrast,
  at: { image: number; text: number; b: number; B: number },
): void {
  const part = (rows: Tensor, i: number) => rows.slice([i * at.b, 0], [at.b, rows.shape[1]!]);
  const block = { ...x, text: part(x.text, at.text), image: part(x.image, at.image) };
  const { text, image, ...scalars } = blockGradients(block, at.text === at.image, at.B);
  for (const [name, value] of Object.entries(scalars)) sums.add(name, value);
  sums.add(`text${at.text}`, text);
  sums.add(`image${at.image}`, image);
}

/** A block's share of the loss of a batch of B and of its gradients. `pairs`: whether text i belongs to image i. */
export function blockGradients(x: Contrast, pairs: boolean, B: number): ContrastGradients {
  const scale = x.logit_scale.exp();
  const similarity = x.text.matmul(x.image, { transB: true }).mul(scale); // [b, b]; also dl/dt'
  const logits = similarity.add(x.logit_bias);
  const z = pairs ? signs(logits) : -1;
  const zl = logits.mul(z);
  // d/dl of -log σ(z l) / B is -z σ(-z l) / B.
  const d = logSigmoid(zl.neg()).exp().mul(z).div(-B);
  const scaled = d.mul(scale);
  return {
    loss: total(logSigmoid(zl)).div(-B),
    logit_scale: total(d.mul(similarity)),
    logit_bias: total(d),
    text: scaled.matmul(x.image),
    image: scaled.matmul(x.text, { transA: true }),
  };
}

/** 1 on the diagonal, -1 elsewhere. */
function signs(logits: Tensor): Tensor {
  const b = logits.shape[0]!;
  const z = Float32Array.from({ length: b * b }, (_, i) => (i % (b + 1) === 0 ? 1 : -1));
  return Tensor.from(logits.backend, z, [b, b], logits.dtype);
}

const total = (x: Tensor): Tensor => x.sum(1).sum(0);
