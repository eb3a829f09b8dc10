// What other implementations call the tensors that HF has names for. Not a change of numbers, but for the order of axes.
import { type Dump, type DumpTensor, transposed } from './dump.ts';

/**
 * Their name to HF's. `{i}` stands for a number, "block{i}" for block0 and block00. `axes` says which of their axes is
 * each of HF's: [0, 3, 1, 2] makes [B, D, H, W] of [B, H, W, D].
 */
export type NamesMap = Readonly<Record<string, string | Renamed>>;
interface Renamed {
  readonly to: string;
  readonly axes: readonly number[];
}

const CHANNELS_FIRST = [0, 3, 1, 2];

const bigVisionBlocks = (theirs: string, hf: string): NamesMap => ({
  [`${theirs}/block{i}/sa`]: `${hf}.encoder.layers.{i}.self_attn`,
  [`${theirs}/block{i}/mlp`]: `${hf}.encoder.layers.{i}.mlp`,
  [`${theirs}/block{i}/+mlp`]: `${hf}.encoder.layers.{i}`,
});

/** The keys of `out` in two_towers, vit and text_transformer; "+sa" and "pre_ln" are no module's output in HF. */
const BIG_VISION: NamesMap = {
  image: { to: 'pixel_values', axes: CHANNELS_FIRST },
  text: 'input_ids',
  'img/stem': { to: 'vision_model.embeddings.patch_embedding', axes: CHANNELS_FIRST },
  'img/with_posemb': 'vision_model.embeddings',
  ...bigVisionBlocks('img/encoder', 'vision_model'),
  'img/encoded': 'vision_model.post_layernorm',
  'img/head_input': 'vision_model.head',
  'img/normalized': 'image_embeds',
  'txt/embedded': 'text_model.embeddings.token_embedding',
  ...bigVisionBlocks('txt', 'text_model'),
  'txt/transformed': 'text_model.final_layer_norm',
  'txt/logits': 'text_model.head',
  'txt/normalized': 'text_embeds',
};

const parts = (theirs: string, hf: string, parts: Readonly<Record<string, string>>): NamesMap =>
  Object.fromEntries(Object.entries(parts).map(([a, b]) => [`${theirs}.${a}`, `${hf}.${b}`]));

const MLP = { mlp: 'mlp', 'mlp.fc1': 'mlp.fc1', 'mlp.act': 'mlp.activation_fn', 'mlp.fc2': 'mlp.fc2' }; // prettier-ignore

/** Modules of VisionTransformer. It has q, k and v of a layer in one matrix: attn.qkv, attn_pool.kv are not compared. */
const TIMM: NamesMap = {
  'patch_embed.proj': 'vision_model.embeddings.patch_embedding',
  pos_drop: 'vision_model.embeddings',
  'blocks.{i}': 'vision_model.encoder.layers.{i}',
  ...parts('blocks.{i}', 'vision_model.encoder.layers.{i}', {
    norm1: 'layer_norm1',
    attn: 'self_attn',
    'attn.proj': 'self_attn.out_proj',
    norm2: 'layer_norm2',
    ...MLP,
  }),
  norm: 'vision_model.post_layernorm',
  attn_pool: 'vision_model.head',
  ...parts('attn_pool', 'vision_model.head', { proj: 'attention', norm: 'layernorm', ...MLP }),
};

const OPEN_CLIP_MLP = { mlp: 'mlp', 'mlp.c_fc': 'mlp.fc1', 'mlp.gelu': 'mlp.activation_fn', 'mlp.c_proj': 'mlp.fc2' }; // prettier-ignore

/** Modules of CustomTextCLIP with timm's trunk. nn.MultiheadAttention keeps its q, k and v to itself. */
const OPEN_CLIP: NamesMap = {
  ...Object.fromEntries(Object.entries(TIMM).map(([a, b]) => [`visual.trunk.${a}`, b])),
  'text.token_embedding': 'text_model.embeddings.token_embedding',
  'text.transformer.resblocks.{i}': 'text_model.encoder.layers.{i}',
  ...parts('text.transformer.resblocks.{i}', 'text_model.encoder.layers.{i}', {
    ln_1: 'layer_norm1',
    attn: 'self_attn',
    ln_2: 'layer_norm2',
    ...OPEN_CLIP_MLP,
  }),
  'text.ln_final': 'text_model.final_layer_norm',
  'text.text_projection': 'text_model.head',
  image_features: 'image_embeds',
  text_features: 'text_embeds',
};

export const NAMES = {
  hf: {},
  big_vision: BIG_VISION,
  timm: TIMM,
  open_clip: OPEN_CLIP,
} as const satisfies Record<string, NamesMap>;

/** What only one of transformers 5's towers has, which call their modules embeddings..., encoder..., head. */
const FLAT = {
  vision_model: ['embeddings.patch_embedding', 'post_layernorm', 'head.attention', 'pixel_values'],
  text_model: ['embeddings.token_embedding', 'final_layer_norm', 'input_ids'],
};

/** A tower's dump of transformers 5 under the names of 4.49, with the tower before each module; another as it is. */
export function nested(dump: Dump): Dump {
  const paths = [...dump.taps.keys()];
  const found = Object.entries(FLAT).filter(([, own]) => own.some((path) => dump.taps.has(path)));
  const [tower] = found[0] ?? [];
  if (found.length !== 1 || paths.some((path) => /^(vision|text)_model\./.test(path))) return dump;
  const isModule = (path: string) =>
    /^(embeddings|encoder|post_layernorm|final_layer_norm|head)(\.|$)/.test(path);
  const taps = [...dump.taps].map(
    ([path, x]) => [isModule(path) ? `${tower}.${path}` : path, x] as const,
  );
  return { ...dump, taps: new Map(taps) };
}

/**
 * The dump under HF's names; what the map does not have keeps its own. Throws RangeError if two tensors get one name, or
 * one has other axes than the map says.
 */
export function renamed(dump: Dump, map: NamesMap): Dump {
  const patterns = Object.entries(map).map(([name, target]) => ({
    pattern: new RegExp(`^${name.split('{i}').map(escaped).join('(\\d+)')}$`),
    target: typeof target === 'string' ? { to: target, axes: null } : target,
  }));
  const taps = new Map<string, DumpTensor>();
  const from = new Map<string, string>();
  for (const [name, tensor] of dump.taps) {
    const found = patterns.find(({ pattern }) => pattern.test(name));
    const number = String(Number(found?.pattern.exec(name)![1] ?? 0));
    const path = found ? found.target.to.replaceAll('{i}', number) : name;
    if (from.has(path))
      throw new RangeError(`names: "${from.get(path)}" and "${name}" both are ${path}, expected one`); // prettier-ignore
    from.set(path, name);
    taps.set(path, found?.target.axes ? reordered(tensor, found.target.axes, name) : tensor);
  }
  return { ...dump, taps };
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function reordered(x: DumpTensor, axes: readonly number[], name: string): DumpTensor {
  if (x.shape.length !== axes.length)
    throw new RangeError(`names: "${name}" has ${x.shape.length} axes, expected ${axes.length}`);
  return transposed(x, axes);
}

/** A map from JSON. Throws with `path` for one that is none. */
export function parseNames(text: string, path: string): NamesMap {
  const fail = (what: string): never => {
    throw new Error(`${path}: ${what}`);
  };
  let map: unknown;
  try {
    map = JSON.parse(text);
  } catch (error) {
    return fail((error as Error).message);
  }
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    return fail('expected an object, their names to HF\'s'); // prettier-ignore
  for (const [name, target] of Object.entries(map))
    if (name.split('{i}').length > 2 || (typeof target !== 'string' && !isRenamed(target)))
      fail(`"${name}", expected at most one {i}, and a name or {"to": name, "axes": [...]}`);
  return map as NamesMap;
}

function isRenamed(x: unknown): x is Renamed {
  const { to, axes } = (x ?? {}) as { to?: unknown; axes?: unknown };
  return (
    typeof to === 'string' &&
    Array.isArray(axes) &&
    String([...(axes as number[])].sort((a, b) => a - b)) === String(axes.map((_, i) => i))
  );
}
