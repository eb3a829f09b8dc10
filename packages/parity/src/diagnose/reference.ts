// Runs the reference, tower by tower, with any mistakes in it. Gives what every module gives under HF's names.
// In float64 unless a mistake or the caller says otherwise: slow and exact.
import { cpu } from '@siglip-ts/backend-cpu';
import {
  fromCheckpoint,
  imageClassification,
  isHalf,
  rounded,
  Scope,
  similarity,
  SiglipTextConfig,
  SiglipVisionConfig,
  size,
  Tensor,
  textTransformer,
  visionTransformer,
  withoutFused,
  type Backend,
  type DType,
  type Ids,
  type Listener,
} from '@siglip-ts/core';
import { resizePillow } from '@siglip-ts/image';
import type { Mistake, Outputs, Place, Tokens, Tower, TowerConfig, Values } from './mistake.ts';
import { logitFields } from './output-mistakes.ts';
import { scaled } from './pixel-mistakes.ts';
import type { Inputs, Subject } from './subject.ts';

/** What a tower gave, in the order of computation. */
export type Run = ReadonlyMap<string, Values>;

export interface RunOptions {
  readonly mistakes: readonly Mistake[];
  /** float32 to learn how much rounding does. */
  readonly dtype?: DType;
  /** Nothing after this is computed. */
  readonly until?: string;
  /** Tensors that take the place of what was computed. */
  readonly forced?: ReadonlyMap<string, Values>;
}

/** Thrown by the listener once it has heard enough. */
const ENOUGH = new Error('heard enough');

export async function runTower(
  subject: Subject,
  inputs: Inputs,
  tower: Tower,
  o: RunOptions,
): Promise<Run> {
  const dtype = o.mistakes.find((m) => m.dtype)?.dtype ?? o.dtype ?? 'float64';
  const b = backendFor(dtype);
  const pending = new Map<string, Tensor>();
  const found = new Map<string, Values>();
  const tokens = tower === 'text' ? tokensOf(subject, inputs, o) : null;
  const config = configOf(subject, tower, o.mistakes);
  let checkpoint = subject.checkpoint;
  for (const m of o.mistakes) checkpoint = m.checkpoint?.(checkpoint) ?? checkpoint;
  const store = fromCheckpoint(b, checkpoint, dtype);
  const params = new Map<string, Tensor>();
  for (const key of o.mistakes.flatMap((m) => m.needs ?? []))
    if (checkpoint.shapes.has(key)) params.set(key, await whole(b, subject, key, dtype));

  const place: Place = {
    config,
    tokens,
    heard: (path) => pending.get(path)!,
    param: (key) => params.get(key)!,
  };
  const listener = listenerOf(o, place, pending);
  const scope = new Scope(store, '', { listener });
  try {
    if (tokens) await runText(scope, b, config as SiglipTextConfig, tokens, inputs, o, found);
    else await runVision(scope, b, subject, config as SiglipVisionConfig, inputs, o, found);
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  for (const [path, x] of pending) found.set(path, await hosted(x));
  return withFields(found, tower, config.num_hidden_layers);
}

function listenerOf(o: RunOptions, place: Place, pending: Map<string, Tensor>): Listener {
  return {
    heard(path, x) {
      let y = x;
      for (const m of o.mistakes) y = m.gives?.(path, y, place) ?? y;
      const forced = o.forced?.get(path);
      if (forced && forced.data.length === size(y.shape))
        y = Tensor.from(y.backend, forced.data, y.shape, y.dtype);
      pending.set(path, y);
      if (path === o.until) throw ENOUGH;
      for (const m of o.mistakes) y = m.taken?.(path, y, place) ?? y;
      return y;
    },
  };
}

async function runText(
  s: Scope,
  b: Backend,
  c: SiglipTextConfig,
  tokens: Tokens,
  inputs: Inputs,
  o: RunOptions,
  found: Map<string, Values>,
): Promise<void> {
  const { ids } = tokens;
  found.set('input_ids', idValues(ids));
  const given = inputs.attention_mask;
  const mask = o.mistakes.find((m) => m.mask)?.mask?.(tokens) ?? given ?? null;
  const ones = { data: new Int32Array(ids.data.length).fill(1), shape: ids.shape };
  found.set('attention_mask', idValues(mask ?? ones));
  if (o.until !== undefined && found.has(o.until)) return;
  await textTransformer(s.at('text_model'), b, ids, c, { attention_mask: mask });
}

async function runVision(
  s: Scope,
  b: Backend,
  subject: Subject,
  c: SiglipVisionConfig,
  inputs: Inputs,
  o: RunOptions,
  found: Map<string, Values>,
): Promise<void> {
  const forced = o.forced?.get('pixel_values');
  const pixels = forced ?? pixelValues(subject, inputs, o.mistakes);
  found.set('pixel_values', pixels);
  if (o.until === 'pixel_values') return;
  const dtype = o.mistakes.find((m) => m.dtype)?.dtype ?? o.dtype ?? 'float64';
  const x = Tensor.from(b, pixels.data, pixels.shape, dtype);
  const interpolate_pos_encoding = interpolates(c, pixels);
  if (subject.labels !== null) {
    await imageClassification(s, x, c, subject.labels, { interpolate_pos_encoding });
  } else await visionTransformer(s.at('vision_model'), x, c, { interpolate_pos_encoding });
}

/** Whether the pictures have another size than the model's. */
export const interpolates = (c: SiglipVisionConfig, { shape }: Values): boolean =>
  Math.floor(shape[2]! / c.patch_size) !== Math.floor(c.image_size / c.patch_size) ||
  Math.floor(shape[3]! / c.patch_size) !== Math.floor(c.image_size / c.patch_size);

/** pixel_values of the pictures, or the given ones, as the mistakes have them. */
export function pixelValues(
  subject: Subject,
  { pictures, pixel_values }: Inputs,
  mistakes: readonly Mistake[],
): Values {
  const o = subject.pixels;
  const resize = mistakes.find((m) => m.resize)?.resize;
  const number = mistakes.find((m) => m.number)?.number ?? scaled;
  const channels = mistakes.find((m) => m.channels)?.channels ?? [0, 1, 2];
  if (!pictures) {
    if (channels.join() === '0,1,2' && number === scaled) return pixel_values!;
    return renumbered(
      pixel_values!,
      (v, c) => number((v * o.std[c]! + o.mean[c]!) * 255, c, o),
      channels,
    );
  }
  const n = o.height * o.width;
  const data = new Float64Array(pictures.length * 3 * n);
  pictures.forEach((picture, i) => {
    const { data: bytes } = resize
      ? resize(picture, o)
      : resizePillow(picture, o, filterOf(subject));
    for (let c = 0; c < 3; c++)
      for (let at = 0; at < n; at++)
        data[(i * 3 + c) * n + at] = Math.fround(number(bytes[at * 3 + channels[c]!]!, c, o));
  });
  return { data, shape: [pictures.length, 3, o.height, o.width] };
}

const filterOf = ({ processor }: Subject) =>
  processor?.resample === 2 ? ({ filter: 'bilinear' } as const) : {};

function renumbered(
  { shape, data }: Values,
  change: (v: number, c: number) => number,
  channels: readonly number[],
): Values {
  const [B, C, H, W] = shape as [number, number, number, number];
  if (C !== 3) return { shape, data };
  const n = H * W;
  const out = data.map((_, i) => {
    const [b, c, at] = [Math.floor(i / (C * n)), Math.floor(i / n) % C, i % n];
    return b < B ? change(data[(b * C + channels[c]!) * n + at]!, c) : 0;
  });
  return { shape, data: out };
}

function tokensOf(subject: Subject, inputs: Inputs, o: RunOptions): Tokens {
  const c = subject.text!;
  const { tokenizer } = subject;
  const { texts } = inputs;
  const length = c.max_position_embeddings;
  const pad = tokenizer?.pad_token_id ?? c.pad_token_id ?? 1;
  // The configuration's eos_token_id may be CLIP's left-over, outside the vocabulary.
  const eos = tokenizer?.eos_token_id ?? (c.eos_token_id! < c.vocab_size ? c.eos_token_id! : pad);
  const given = texts && tokenizer ? { given: texts, tokenizer } : undefined;
  let ids = inputs.input_ids ?? encode(tokenizer!, texts!, length);
  const about = { pad, eos, length, ...(given && { texts: given }) };
  const forced = o.forced?.get('input_ids');
  for (const m of o.mistakes) ids = m.ids?.({ ids, ...about }) ?? ids;
  if (forced) ids = { shape: forced.shape, data: Int32Array.from(forced.data) };
  return { ids, ...about };
}

function encode(tokenizer: SiglipTokenizerLike, texts: readonly string[], max_length: number): Ids {
  const how = {
    padding: 'max_length',
    truncation: true,
    max_length,
    return_tensors: true,
  } as const;
  const { data, shape } = tokenizer.call([...texts], null, how).input_ids;
  return { data: Int32Array.from(data), shape };
}
type SiglipTokenizerLike = NonNullable<Subject['tokenizer']>;

const idValues = ({ data, shape }: Ids): Values => ({ shape, data: Float64Array.from(data) });

function configOf(subject: Subject, tower: Tower, mistakes: readonly Mistake[]): TowerConfig {
  const [Config, config] =
    tower === 'vision'
      ? ([SiglipVisionConfig, subject.vision!] as const)
      : ([SiglipTextConfig, subject.text!] as const);
  const changes = Object.assign({}, ...mistakes.map((m) => m.config ?? {})) as object;
  return Config.from_dict({ ...config.to_dict() }, { ...changes, _attn_implementation: 'sdpa' });
}

/** Without marks: what was heard stays readable until the run is over. */
function backendFor(dtype: DType): Backend {
  const { mark: _mark, release: _release, ...b } = cpu();
  return isHalf(dtype) ? rounded(withoutFused(b), dtype) : b;
}

async function whole(b: Backend, { checkpoint }: Subject, key: string, dtype: DType) {
  const shape = checkpoint.shapes.get(key)!;
  return Tensor.constant(b, await checkpoint.read(key, 0, shape[0]!, dtype), shape, dtype);
}

const hosted = async (x: Tensor): Promise<Values> => ({
  shape: x.shape,
  data: Float64Array.from(await x.host().data()),
});

/** The run with HF's output fields, each behind the module that it is the output of. */
function withFields(run: ReadonlyMap<string, Values>, tower: Tower, layers: number): Run {
  const model = `${tower}_model`;
  const prefix = `${model}_output.`;
  const fields = new Map([
    [`${model}.embeddings`, 'hidden_states.0'],
    [model, 'last_hidden_state'],
    [`${model}.head`, 'pooler_output'],
  ]);
  for (let i = 0; i < layers; i++)
    fields.set(`${model}.encoder.layers.${i}`, `hidden_states.${i + 1}`);
  const all = new Map<string, Values>();
  for (const [path, x] of run) {
    all.set(path, x);
    const field = fields.get(path);
    if (field !== undefined) all.set(prefix + field, x);
    if (path === 'classifier') all.set('logits', x);
  }
  return all;
}

/** HF's output fields of two pooled vectors. */
export async function runOutputs(
  subject: Subject,
  image: Values,
  text: Values,
  mistakes: readonly Mistake[],
): Promise<Run> {
  const dtype = mistakes.find((m) => m.dtype)?.dtype ?? 'float64';
  const b = backendFor(dtype);
  const tensor = (x: Values) => Tensor.from(b, x.data, x.shape, dtype);
  const scope = new Scope(fromCheckpoint(b, subject.checkpoint, dtype));
  const y = await similarity(scope, tensor(text), tensor(image));
  const logits = await hosted(y.logits_per_image);
  let fields = new Map<string, Values>([
    ['image_embeds', await hosted(y.image_embeds)],
    ['text_embeds', await hosted(y.text_embeds)],
    ...logitFields(logits.shape, logits.data),
  ]);
  const [scale, bias] = await Promise.all(
    ['logit_scale', 'logit_bias'].map(
      async (key) => ((await subject.checkpoint.read(key, 0, 1, 'float64')) as Float64Array)[0]!,
    ),
  );
  const outputs = (): Outputs => ({ scale: scale!, bias: bias!, image, text, fields });
  for (const m of mistakes) if (m.output) fields = new Map(m.output(outputs()));
  return fields;
}
