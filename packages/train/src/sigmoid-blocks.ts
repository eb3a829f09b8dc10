// The sigmoid loss and its gradient block by block, as W devices compute it (paper, section 3.3), in one process:
// b x b numbers of logits at a time instead of B x B. In closed form, so nothing is recorded.
import { logSigmoid, scopedSync, Tensor } from '@siglip-ts/core';
import { type Accumulator, accumulator } from './accumulator.ts';
import type { Contrast } from './losses.ts';
import { stacked } from './stacked.ts';

/** The loss [] and its gradient with respect to each of its inputs. */
export interface ContrastGradients extends Contrast {
  /** The sigmoid loss of the batch, []. */
  readonly loss: Tensor;
}

/**
 * By how many devices texts travel in each round. In one direction: 0, 1, ..., W - 1. In both, as in big_vision, where
 * two neighbours send at once: 0, 1, -1, 2, -2, ..., in half the rounds; every offset modulo W once.
 */
export function ringOffsets(W: number, bidirectional: boolean): number[] {
  if (!bidirectional) return Array.from({ length: W }, (_, i) => i);
  const offsets = [0];
  // eslint-disable-next-line house/no-spread-list -- one or two
  for (let i = 1; 2 * i <= W; i++) offsets.push(...(2 * i === W ? [i] : [i, -i]));
  return offsets;
}

/** Options of sigmoidBlocks. */
export interface BlockOptions {
  /** b, a divisor of the batch; default: the batch. */
  readonly block?: number;
  /** In which order blocks come, as big_vision's option of that name; the sum is the same to rounding. Default true. */
  readonly bidirectional?: boolean;
  /**
   * [B, B] on the host, a row a text: 1 where text i is also true of image j. Such a pair is neither positive nor
   * negative, it is left out. The diagonal does not count. Neither the paper nor HF has this; small data need it.
   */
  readonly also_true?: Uint8Array;
}

/** Equal to the gradients of sigmoidLoss to rounding. */
export function sigmoidBlocks(
  x: Contrast,
  { block, bidirectional = true, also_true }: BlockOptions = {},
): ContrastGradients {
  const B = x.text.shape[0]!;
  const b = block ?? B;
  if (x.image.shape[0] !== B)
    throw new RangeError(`loss: ${B} texts and ${x.image.shape[0]} images, expected pairs`);
  if (!(b > 0 && B % b === 0))
    throw new RangeError(`loss: blocks of ${b}, expected a divisor of the batch, ${B}`);
  if (also_true && also_true.length !== B * B)
    throw new RangeError(`loss: also_true has ${also_true.length} entries, expected ${B * B}`);
  const { backend } = x.text;
  const W = B / b;
  const sums = accumulator(backend);
  for (const offset of ringOffsets(W, bidirectional))
    for (let device = 0; device < W; device++) {
      const from = (device + offset + W) % W;
      const block = { image: device, text: from, b, B };
      scopedSync(backend, () => addBlock(sums, x, block, also_true));
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
  also_true?: Uint8Array,
): void {
  const part = (rows: Tensor, i: number) => rows.slice([i * at.b, 0], [at.b, rows.shape[1]!]);
  const block = { ...x, text: part(x.text, at.text), image: part(x.image, at.image) };
  const left_out = also_true && ((i: number, j: number) => also_true[(at.text * at.b + i) * at.B + at.image * at.b + j] === 1); // prettier-ignore
  const { text, image, ...scalars } = blockGradients(block, at.text === at.image, at.B, left_out);
  for (const [name, value] of Object.entries(scalars)) sums.add(name, value);
  sums.add(`text${at.text}`, text);
  sums.add(`image${at.image}`, image);
}

/**
 * A block's share of the loss of a batch of B and of its gradients. `pairs`: whether text i belongs to image i.
 * `left_out`: whether text i and image j, which do not belong together, count for nothing.
 */
export function blockGradients(
  x: Contrast,
  pairs: boolean,
  B: number,
  left_out?: (i: number, j: number) => boolean,
): ContrastGradients {
  const scale = x.logit_scale.exp();
  const similarity = x.text.matmul(x.image, { transB: true }).mul(scale); // [b, b]; also dl/dt'
  const logits = similarity.add(x.logit_bias);
  const z = pairs || left_out ? signs(logits, pairs, left_out) : -1;
  const zl = logits.mul(z);
  // d/dl of -log σ(z l) / B is -z σ(-z l) / B, and 0 where z is.
  const d = logSigmoid(zl.neg()).exp().mul(z).div(-B);
  const scaled = d.mul(scale);
  const terms = left_out ? logSigmoid(zl).mul((z as Tensor).mul(z)) : logSigmoid(zl);
  return {
    loss: total(terms).div(-B),
    logit_scale: total(d.mul(similarity)),
    logit_bias: total(d),
    text: scaled.matmul(x.image),
    image: scaled.matmul(x.text, { transA: true }),
  };
}

/** z: 1 where they belong together, 0 where they are left out, -1 elsewhere. */
function signs(
  logits: Tensor,
  pairs: boolean,
  left_out: (i: number, j: number) => boolean = () => false,
): Tensor {
  const b = logits.shape[0]!;
  const sign = (i: number, j: number) => (pairs && i === j ? 1 : left_out(i, j) ? 0 : -1);
  const z = Float32Array.from({ length: b * b }, (_, k) => sign(Math.floor(k / b), k % b));
  return Tensor.from(logits.backend, z, [b, b], logits.dtype);
}

const total = (x: Tensor): Tensor => x.sum(1).sum(0);
