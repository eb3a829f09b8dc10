// A checkpoint of big_vision, the code that SigLIP was trained with, in HF's names and layouts. Numbers stay as they are;
// flax stores a linear layer as [in, out] and attention by heads, torch as [out, in] and flat.
import { siglip, Tensor } from '@siglip-ts/core';
import { type DumpTensor, transposed } from '@siglip-ts/parity';
import { SiglipConfig } from 'siglip-ts';
import { parametersOf } from 'siglip-ts/internals';

export interface Converted {
  readonly config: SiglipConfig;
  /** By HF's keys, as they are in model.safetensors. */
  readonly tensors: ReadonlyMap<string, DumpTensor>;
}

/**
 * The SiglipModel of a checkpoint's arrays, by their names in the .npz: params/img/embedding/kernel. The configuration
 * is read from their shapes; `image_size` is needed where the pictures' side is no multiple of the patch's (384 at 14).
 * Throws for arrays that are missing, that are left over, or that do not fit each other.
 */
export async function fromBigVision(
  arrays: ReadonlyMap<string, DumpTensor>,
  { image_size }: { image_size?: number } = {},
): Promise<Converted> {
  const left = weightsOf(arrays);
  const take = (name: string): DumpTensor => {
    const x = left.get(name);
    if (!x) throw new Error(`big_vision: no array "params/${name}"`);
    left.delete(name);
    return x;
  };
  const config = configOf(left, image_size);
  const tensors = new Map<string, DumpTensor>();
  const put = (name: string, x: DumpTensor) => void tensors.set(name, x);
  textTower(take, put, config);
  visionTower(take, put, config);
  put('logit_scale', take('t')); // the logarithm, on both sides
  put('logit_bias', left.has('b') ? take('b') : NO_BIAS);
  if (left.size > 0)
    throw new Error(`big_vision: "params/${[...left.keys()][0]}", expected no more arrays`);
  await expectShapes(tensors, config);
  return { config, tensors };
}

/** Against what the model asks for when it runs. */
async function expectShapes(tensors: Converted['tensors'], config: SiglipConfig): Promise<void> {
  const { num_channels, image_size } = config.vision_config;
  const shape = [1, num_channels, image_size, image_size];
  const ids = { shape: [1, 1], data: Int32Array.of(0) };
  const expected = await parametersOf((s, b) =>
    siglip(s, new Tensor(b, shape, 'float32', {}), ids, config),
  );
  for (const [key, shape] of expected)
    if (String(tensors.get(key)?.shape) !== String(shape))
      throw new RangeError(
        `big_vision: ${key} has shape [${tensors.get(key)?.shape.join(', ')}], expected [${shape.join(', ')}]`,
      );
}

/** Of a model that was trained with a softmax. */
const NO_BIAS: DumpTensor = { shape: [1], dtype: 'float32', data: new Float32Array(1) };

type Take = (name: string) => DumpTensor;
type Put = (name: string, x: DumpTensor) => void;

/** Without "params/", what an optimiser left dropped, and layers that are stacked in one array (nn.scan) apart. */
function weightsOf(arrays: ReadonlyMap<string, DumpTensor>): Map<string, DumpTensor> {
  const found = new Map<string, DumpTensor>();
  for (const [full, tensor] of arrays) {
    if (!full.startsWith('params/')) continue;
    const data = tensor.data instanceof Float32Array ? tensor.data : Float32Array.from(tensor.data);
    const x = { ...tensor, data, dtype: 'float32' };
    const name = full.slice('params/'.length);
    const [before, after] = name.split('/encoderblock/');
    if (after === undefined) found.set(name, x);
    else layersOf(x).forEach((y, i) => found.set(`${before}/encoderblock_${i}/${after}`, y));
  }
  // Some old checkpoints add positions to the text twice; big_vision's loader sums them.
  const [twice, positions] = [found.get('txt/Encoder_0/pos_embedding'), found.get('txt/pos_embedding')]; // prettier-ignore
  if (twice && positions && twice.data.length === positions.data.length) {
    const data = Float32Array.from(positions.data, (value, i) => value + twice.data[i]!);
    found.set('txt/pos_embedding', { ...positions, data });
    found.delete('txt/Encoder_0/pos_embedding');
  }
  return found;
}

function layersOf({ shape: [count, ...shape], ...x }: DumpTensor): DumpTensor[] {
  const size = x.data.length / (count ?? 1);
  return Array.from({ length: count ?? 1 }, (_, i) => {
    return { ...x, shape, data: x.data.slice(i * size, (i + 1) * size) };
  });
}

function configOf(p: ReadonlyMap<string, DumpTensor>, image_size?: number): SiglipConfig {
  const shapeOf = (name: string, rank: number): number[] => {
    const x = p.get(name);
    if (!x) throw new Error(`big_vision: no array "params/${name}", expected a SigLIP model`);
    if (x.shape.length !== rank)
      throw new RangeError(`big_vision: "params/${name}" has ${x.shape.length} axes, expected ${rank}`); // prettier-ignore
    return [...x.shape];
  };
  const tower = (at: string) => {
    const [hidden_size, num_attention_heads] = shapeOf(`${at}/encoderblock_0/${ATTENTION}/query/kernel`, 3); // prettier-ignore
    const [, intermediate_size] = shapeOf(`${at}/encoderblock_0/MlpBlock_0/Dense_0/kernel`, 2);
    let num_hidden_layers = 0;
    while (p.has(`${at}/encoderblock_${num_hidden_layers}/LayerNorm_0/scale`)) num_hidden_layers++;
    return { hidden_size, intermediate_size, num_hidden_layers, num_attention_heads };
  };
  const [patch_size] = shapeOf('img/embedding/kernel', 4) as [number];
  const patches = shapeOf('img/pos_embedding', 3)[1]!;
  const [vocab_size] = shapeOf('txt/Embed_0/embedding', 2);
  const max_position_embeddings = shapeOf('txt/pos_embedding', 3)[1];
  const text = tower('txt/Encoder_0');
  const [, projection_size] = shapeOf('txt/head/kernel', 2);
  const vision = tower('img/Transformer');
  if (projection_size !== vision.hidden_size)
    throw new RangeError(`big_vision: vectors of ${projection_size} for texts and ${vision.hidden_size} for pictures, expected one size`); // prettier-ignore
  const side = image_size ?? Math.sqrt(patches) * patch_size;
  if (!Number.isInteger(side) || Math.floor(side / patch_size) ** 2 !== patches)
    throw new RangeError(
      `big_vision: ${patches} patches of ${patch_size} x ${patch_size} for pictures of ${side} x ${side}, expected as many as fit; give the image size`,
    );
  return new SiglipConfig({
    architectures: ['SiglipModel'],
    torch_dtype: 'float32',
    text_config: {
      ...text,
      vocab_size,
      max_position_embeddings,
      ...(projection_size !== text.hidden_size && { projection_size }),
    },
    vision_config: { ...vision, image_size: side, patch_size },
  });
}

const ATTENTION = 'MultiHeadDotProductAttention_0';

/** As a matrix with so many columns. */
const matrix = (x: DumpTensor, columns: number): DumpTensor => ({
  ...x,
  shape: [x.data.length / columns, columns],
});
const flat = (x: DumpTensor): DumpTensor => ({ ...x, shape: [x.data.length] });

function linear(take: Take, put: Put, from: string, to: string): void {
  put(`${to}.weight`, transposed(take(`${from}/kernel`))); // [in, out] -> [out, in]
  put(`${to}.bias`, take(`${from}/bias`));
}

function norm(take: Take, put: Put, from: string, to: string): void {
  put(`${to}.weight`, take(`${from}/scale`));
  put(`${to}.bias`, take(`${from}/bias`));
}

/** A projection to heads, [D, H, d], or from them, [H, d, D], as a linear layer: weight [D, D] and bias [D]. */
function projection(take: Take, from: string, D: number): { weight: DumpTensor; bias: DumpTensor } {
  const weight = transposed(matrix(take(`${from}/kernel`), D));
  return { weight, bias: flat(take(`${from}/bias`)) };
}

function encoder(take: Take, put: Put, from: string, to: string, layers: number, D: number): void {
  for (let i = 0; i < layers; i++) {
    const [block, layer] = [`${from}/encoderblock_${i}`, `${to}.encoder.layers.${i}`];
    norm(take, put, `${block}/LayerNorm_0`, `${layer}.layer_norm1`);
    norm(take, put, `${block}/LayerNorm_1`, `${layer}.layer_norm2`);
    for (const [theirs, hf] of [
      ['query', 'q_proj'],
      ['key', 'k_proj'],
      ['value', 'v_proj'],
      ['out', 'out_proj'],
    ]) {
      // prettier-ignore
      const { weight, bias } = projection(take, `${block}/${ATTENTION}/${theirs}`, D);
      put(`${layer}.self_attn.${hf}.weight`, weight);
      put(`${layer}.self_attn.${hf}.bias`, bias);
    }
    linear(take, put, `${block}/MlpBlock_0/Dense_0`, `${layer}.mlp.fc1`);
    linear(take, put, `${block}/MlpBlock_0/Dense_1`, `${layer}.mlp.fc2`);
  }
}

function textTower(take: Take, put: Put, { text_config: c }: SiglipConfig): void {
  const D = c.hidden_size;
  put('text_model.embeddings.token_embedding.weight', take('txt/Embed_0/embedding'));
  put('text_model.embeddings.position_embedding.weight', matrix(take('txt/pos_embedding'), D));
  encoder(take, put, 'txt/Encoder_0', 'text_model', c.num_hidden_layers, D);
  norm(take, put, 'txt/Encoder_0/encoder_norm', 'text_model.final_layer_norm');
  linear(take, put, 'txt/head', 'text_model.head');
}

function visionTower(take: Take, put: Put, { vision_config: c }: SiglipConfig): void {
  const D = c.hidden_size;
  const [embeddings, head, pool] = ['vision_model.embeddings', 'vision_model.head', 'img/MAPHead_0']; // prettier-ignore
  const kernel = take('img/embedding/kernel'); // [p, p, C, D]
  put(`${embeddings}.patch_embedding.weight`, transposed(kernel, [3, 2, 0, 1])); // [D, C, p, p]
  put(`${embeddings}.patch_embedding.bias`, take('img/embedding/bias'));
  put(`${embeddings}.position_embedding.weight`, matrix(take('img/pos_embedding'), D));
  encoder(take, put, 'img/Transformer', 'vision_model', c.num_hidden_layers, D);
  norm(take, put, 'img/Transformer/encoder_norm', 'vision_model.post_layernorm');
  put(`${head}.probe`, take(`${pool}/probe`));
  const qkv = ['query', 'key', 'value'].map((x) => projection(take, `${pool}/${ATTENTION}/${x}`, D)); // prettier-ignore
  put(`${head}.attention.in_proj_weight`, joined(qkv.map((x) => x.weight)));
  put(`${head}.attention.in_proj_bias`, joined(qkv.map((x) => x.bias)));
  const out = projection(take, `${pool}/${ATTENTION}/out`, D);
  put(`${head}.attention.out_proj.weight`, out.weight);
  put(`${head}.attention.out_proj.bias`, out.bias);
  norm(take, put, `${pool}/LayerNorm_0`, `${head}.layernorm`);
  linear(take, put, `${pool}/MlpBlock_0/Dense_0`, `${head}.mlp.fc1`);
  linear(take, put, `${pool}/MlpBlock_0/Dense_1`, `${head}.mlp.fc2`);
}

/** One after the other along the first axis. */
function joined(parts: readonly DumpTensor[]): DumpTensor {
  const [first] = parts as readonly [DumpTensor];
  const all = new Float32Array(parts.reduce((sum, x) => sum + x.data.length, 0));
  let at = 0;
  for (const x of parts) {
    all.set(x.data, at);
    at += x.data.length;
  }
  const rows = parts.reduce((sum, x) => sum + x.shape[0]!, 0);
  return { ...first, shape: [rows, ...first.shape.slice(1)], data: all };
}
