// One batch of pairs: the loss of SiglipModel and its gradients, the towers run in chunks of pairs where memory asks
// for it, the negatives always those of the whole batch. Moves no parameters.
import { backendOf, type GradOptions, type NamedTensors, pullback } from '@siglip-ts/autograd';
import {
  type Backend,
  type Ids,
  l2Normalize,
  resident,
  type Run,
  Scope,
  scoped,
  type Shape,
  type SiglipConfig,
  Tensor,
  textTransformer,
  visionTransformer,
} from '@siglip-ts/core';
import { accumulator } from './accumulator.ts';
import { attentionDropout, type Dropout, expectNoDropout } from './dropout.ts';
import { visionOfPatches } from './dropped-patches.ts';
import { sigmoidBlocks } from './sigmoid-blocks.ts';
import { stacked } from './stacked.ts';

/** B pairs on the host: image i belongs to text i. */
export interface Pairs {
  /** Numbers [B, C, H, W], as the image processor gives them. */
  readonly pixel_values: {
    /** Row-major. */
    readonly data: Float32Array | Float64Array;
    /** [B, C, H, W] */
    readonly shape: Shape;
  };
  /** [B, T] */
  readonly input_ids: Ids;
  /** [B, K], the patches that the vision tower sees; default: all. */
  readonly patches?: Ids;
  /** [B, B], see sigmoidBlocks. */
  readonly also_true?: Uint8Array;
}

/** How the loss of a batch is computed; none changes it beyond rounding, but for dropout. */
export interface ContrastiveOptions extends GradOptions {
  /** Pairs that the towers see at a time; default: all. With fewer, each runs twice (GradCache, Gao et al. 2021). */
  readonly chunk?: number;
  /** Size of the blocks of logits, a divisor of the batch; default: the batch. */
  readonly block?: number;
  /** Decides the masks where the configuration has attention_dropout. */
  readonly dropout?: Dropout;
}

/** What contrastiveGradients gives. */
export interface Contrastive {
  /** [] */
  readonly loss: Tensor;
  /** Of every parameter that is not frozen, by HF key. */
  readonly gradients: Map<string, Tensor>;
}

/**
 * The sigmoid loss of the pairs and its gradients, on the stack of the parameters' backend.
 *
 * Two passes where `chunk` is less than the batch: embeddings of all chunks without recording anything, the loss and
 * its gradient at those embeddings, then chunk by chunk the way back from there. Throws RangeError for a chunk that
 * does not divide the batch, Error for a configuration with attention_dropout and no `dropout`.
 */
export async function contrastiveGradients(
  config: SiglipConfig,
  parameters: NamedTensors,
  pairs: Pairs,
  o: ContrastiveOptions = {},
): Promise<Contrastive> {
  if (!o.dropout) expectNoDropout(config.text_config, config.vision_config);
  const B = pairs.input_ids.shape[0]!;
  const chunk = o.chunk ?? B;
  if (pairs.pixel_values.shape[0] !== B)
    throw new RangeError(`pairs: ${pairs.pixel_values.shape[0]} images and ${B} texts`);
  if (!(chunk > 0 && B % chunk === 0))
    throw new RangeError(`pairs: chunks of ${chunk}, expected a divisor of the batch, ${B}`);
  const b = backendOf(parameters);
  const block = async () => (chunk === B ? atOnce : inChunks)(config, parameters, pairs, o);
  return scoped(b, block, (y) => [y.loss, ...y.gradients.values()]);
}

/** What the two passes share: where the temperature and the bias are, and the loss at given embeddings. */
function lossAt(
  text: Tensor,
  image: Tensor,
  parameters: NamedTensors,
  { also_true }: Pairs,
  o: ContrastiveOptions,
) {
  const [logit_scale, logit_bias] = [parameters.get('logit_scale'), parameters.get('logit_bias')];
  if (!logit_scale || !logit_bias) throw new Error('parameters: no logit_scale and logit_bias');
  const y = sigmoidBlocks(
    { text, image, logit_scale, logit_bias },
    { ...(o.block !== undefined && { block: o.block }), ...(also_true && { also_true }) },
  );
  const scalars = Object.entries({ logit_scale: y.logit_scale, logit_bias: y.logit_bias });
  return { ...y, scalars: scalars.filter(([key]) => !o.frozen?.test(key)) };
}

async function atOnce(
  config: SiglipConfig,
  parameters: NamedTensors,
  pairs: Pairs,
  o: ContrastiveOptions,
): Promise<Contrastive> {
  const f = (p: NamedTensors, b: Backend) => embed(config, p, pairs, b, runOf(o, 0));
  const { outputs, pull } = await pullback(f, parameters, o);
  const { loss, text, image, scalars } = lossAt(outputs[0]!, outputs[1]!, parameters, pairs, o);
  return { loss, gradients: new Map([...pull([text, image]), ...scalars]) };
}

async function inChunks(
  config: SiglipConfig,
  parameters: NamedTensors,
  pairs: Pairs,
  o: ContrastiveOptions,
): Promise<Contrastive> {
  const b = backendOf(parameters);
  const chunks = chunksOf(pairs, o.chunk!);
  const texts: Tensor[] = [];
  const images: Tensor[] = [];
  for (const [i, part] of chunks.entries()) {
    const run = runOf(o, i * o.chunk!);
    const [text, image] = await scoped(b, () => embed(config, parameters, part, b, run));
    texts.push(text);
    images.push(image);
  }
  const { loss, text, image, scalars } = lossAt(
    stacked(texts),
    stacked(images),
    parameters,
    pairs,
    o,
  );

  const sums = accumulator(b);
  for (const [i, part] of chunks.entries()) {
    const back = async () => {
      const run = runOf(o, i * o.chunk!);
      const f = (p: NamedTensors, tape: Backend) => embed(config, p, part, tape, run);
      const { pull } = await pullback(f, parameters, o);
      const rows = (x: Tensor) => x.slice([i * o.chunk!, 0], [o.chunk!, x.shape[1]!]);
      for (const [key, g] of pull([rows(text), rows(image)])) sums.add(key, g);
    };
    await scoped(b, back);
  }
  return { loss, gradients: new Map([...sums.take(), ...scalars]) };
}

/** For a part of the batch that begins with pair `first`. */
const runOf = ({ dropout }: ContrastiveOptions, first: number): Run =>
  dropout ? { dropout: attentionDropout(dropout, first) } : {};

/** Normalised embeddings of texts and images, [B, D] each. */
async function embed(
  config: SiglipConfig,
  parameters: NamedTensors,
  { pixel_values, input_ids, patches }: Pairs,
  b: Backend,
  run: Run,
): Promise<[text: Tensor, image: Tensor]> {
  const s = new Scope(resident(parameters), '', run);
  const { dtype } = parameters.values().next().value!;
  const pixels = Tensor.from(b, pixel_values.data, pixel_values.shape, dtype);
  const vision = patches
    ? await visionOfPatches(s.at('vision_model'), pixels, config.vision_config, patches)
    : await visionTransformer(s.at('vision_model'), pixels, config.vision_config);
  const text = await textTransformer(s.at('text_model'), b, input_ids, config.text_config);
  if (!vision.pooler_output || !text.pooler_output)
    throw new Error('the vision tower has no pooling head (vision_use_head is false)');
  return [l2Normalize(text.pooler_output), l2Normalize(vision.pooler_output)];
}

function chunksOf({ pixel_values, input_ids, patches }: Pairs, n: number): Pairs[] {
  const part = <T extends Float32Array | Float64Array | Int32Array>(
    x: { data: T; shape: Shape },
    i: number,
  ) => {
    const width = x.data.length / x.shape[0]!;
    const data = x.data.subarray(i * n * width, (i + 1) * n * width) as T;
    return { data, shape: [n, ...x.shape.slice(1)] };
  };
  return Array.from({ length: input_ids.shape[0]! / n }, (_, i) => ({
    pixel_values: part(pixel_values, i),
    input_ids: part(input_ids, i),
    ...(patches && { patches: part(patches, i) }),
  }));
}
