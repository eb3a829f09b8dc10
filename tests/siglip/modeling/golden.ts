// Reads the goldens under fixtures/model and runs the model as each one says. Not a test itself.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AttentionImplementation,
  type Backend,
  call,
  type Checkpoint,
  classificationLoss,
  type DType,
  fromBits,
  fromCheckpoint,
  HostTensor,
  type Ids,
  imageClassification,
  type Listener,
  type Parameters,
  type ProblemType,
  problemTypeOf,
  Scope,
  setAttention,
  siglip,
  SiglipConfig,
  type SiglipOptions,
  SiglipTextConfig,
  SiglipVisionConfig,
  Tensor,
  textTransformer,
  type Tower,
  visionTransformer,
} from '@siglip-ts/core';
import { bytesSource, openSafetensors, type StoredTensor } from '@siglip-ts/safetensors';
import { checkpointOf } from 'siglip-ts/internals';

export const root = join(import.meta.dirname, '../../../fixtures/model');
export const cases = readdirSync(root);

/** Goldens in float32 with their float64 twins: case, float32, float64. */
export const FLOAT32 = [
  ['plain', 'float32', 'float64'],
  ['odd', 'float32', 'float64'],
  ['plain', 'float32-large', 'float64-large'],
  ['odd', 'float32-large', 'float64-large'],
  ['no-head', 'float32', 'float64'],
  ['classifier-1', 'float32', 'float64'],
  ['classifier-3', 'float32', 'float64'],
  ['classifier-3', 'float32-single', 'float64-single'],
  ['classifier-3', 'float32-multi', 'float64-multi'],
] as const;

export interface Golden {
  readonly name: string;
  readonly class: string;
  readonly dtype: DType;
  readonly attn: AttentionImplementation;
  readonly autocast: '' | 'bfloat16' | 'float16';
  readonly inputs: readonly string[];
  readonly options: Record<string, boolean>;
  readonly problem_type: string;
  readonly taps: boolean;
  readonly tensors: ReadonlyMap<string, { shape: readonly number[]; values: Float64Array }>;
}

export interface Case {
  readonly config: Record<string, unknown>;
  readonly checkpoint: Checkpoint;
  readonly inputs: ReadonlyMap<string, StoredTensor>;
}

async function load(path: string) {
  const file = await openSafetensors(bytesSource(readFileSync(path)));
  const tensors = new Map<string, StoredTensor>();
  for (const key of file.tensors.keys()) tensors.set(key, await file.read(key));
  return { file, tensors };
}

function wide({ dtype, data }: StoredTensor): Float64Array {
  if (dtype === 'BF16') return Float64Array.from(fromBits(data as Uint16Array, 'bfloat16'));
  if (dtype === 'F16') return Float64Array.from(fromBits(data as Uint16Array, 'float16'));
  return Float64Array.from(data as Iterable<number | bigint>, Number);
}

export async function loadCase(name: string): Promise<Case> {
  const dir = join(root, name);
  const { file } = await load(join(dir, 'model.safetensors'));
  return {
    config: JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')),
    checkpoint: checkpointOf(file),
    inputs: (await load(join(dir, 'inputs.safetensors'))).tensors,
  };
}

export const goldensOf = (name: string): string[] =>
  readdirSync(join(root, name))
    .filter((f) => f.startsWith('golden-'))
    .map((f) => f.slice('golden-'.length, -'.safetensors'.length));

export async function loadGolden(name: string, variant: string): Promise<Golden> {
  const { file, tensors } = await load(join(root, name, `golden-${variant}.safetensors`));
  const how = JSON.parse(file.metadata.get('golden')!) as Omit<Golden, 'name' | 'tensors'>;
  return {
    ...how,
    name: variant,
    tensors: new Map(
      [...tensors].map(([k, t]) => [k, { shape: t.shape, values: wide(t) }] as const),
    ),
  };
}

/** Runs one golden's forward on a backend. Gives every output field and, with taps, every module's output. */
export async function forward(
  b: Backend,
  c: Case,
  g: Golden,
  overrides: {
    dtype?: DType;
    attn?: AttentionImplementation;
    store?: Parameters;
    listener?: Listener;
  } = {},
): Promise<Map<string, HostTensor>> {
  const dtype = overrides.dtype ?? g.dtype;
  const store = overrides.store ?? fromCheckpoint(b, c.checkpoint, dtype);
  const out = new Map<string, HostTensor>();
  const listener: Listener | undefined =
    overrides.listener ?? (g.taps ? { tap: (path, x) => void out.set(path, x.host()) } : undefined);
  const scope = new Scope(store, '', { listener });
  const input = (name: string) => {
    const key = g.inputs.find((n) => n.split('~')[0] === name);
    return key === undefined ? undefined : c.inputs.get(key)!;
  };
  const ids = (name: string): Ids | null => {
    const x = input(name);
    return x ? { data: Int32Array.from(wide(x)), shape: x.shape } : null;
  };
  const pixels = () => {
    const x = input('pixel_values')!;
    return Tensor.from(b, wide(x), x.shape, dtype);
  };
  const composite = SiglipConfig.from_dict(c.config);
  const text = SiglipTextConfig.from_dict(c.config);
  const vision = SiglipVisionConfig.from_dict(c.config);
  for (const config of [composite, text, vision]) setAttention(config, overrides.attn ?? g.attn);
  const extra = { attention_mask: ids('attention_mask'), position_ids: ids('position_ids') };
  const options: SiglipOptions = { ...g.options, ...extra };

  await call(b, async () => {
    switch (g.class) {
      case 'SiglipModel': {
        const y = await siglip(scope, pixels(), ids('input_ids')!, composite, options);
        for (const key of [
          'loss',
          'logits_per_image',
          'logits_per_text',
          'text_embeds',
          'image_embeds',
        ] as const)
          if (y[key]) out.set(key, y[key].host());
        addTower('text_model_output.', y.text_model_output, out);
        addTower('vision_model_output.', y.vision_model_output, out);
        return;
      }
      case 'SiglipTextModel':
        return addTower(
          '',
          await textTransformer(scope.at('text_model'), b, ids('input_ids')!, text, options),
          out,
        );
      case 'SiglipVisionModel':
        return addTower(
          '',
          await visionTransformer(scope.at('vision_model'), pixels(), vision, options),
          out,
        );
      default: {
        const y = await imageClassification(
          scope,
          pixels(),
          composite.vision_config,
          composite.num_labels,
          options,
        );
        out.set('logits', y.logits.host());
        const labels = input('labels');
        const integers = labels?.dtype === 'I64';
        const type = (g.problem_type ||
          problemTypeOf(composite.num_labels, integers)) as ProblemType;
        if (labels)
          out.set(
            'loss',
            classificationLoss(y.logits, { data: wide(labels), shape: labels.shape }, type).host(),
          );
        y.hidden_states?.forEach((h, i) => out.set(`hidden_states.${i}`, h));
      }
    }
  });
  return out;
}

function addTower(prefix: string, t: Tower, out: Map<string, HostTensor>): void {
  out.set(`${prefix}last_hidden_state`, t.last_hidden_state.host());
  if (t.pooler_output) out.set(`${prefix}pooler_output`, t.pooler_output.host());
  t.hidden_states?.forEach((h, i) => out.set(`${prefix}hidden_states.${i}`, h));
  t.attentions?.forEach((a, i) => a && out.set(`${prefix}attentions.${i}`, a));
}

/** Numbers that one of two lacks would be passed over, and of none nothing differs. */
function expectAsMany(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (found.length !== expected.length || found.length === 0)
    throw new RangeError(`${found.length} numbers, expected ${expected.length}, at least one`);
}

/** Largest absolute difference, and that relative to the largest expected magnitude. NaN counts as infinite. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>) {
  expectAsMany(found, expected);
  let absolute = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(found[i]! - expected[i]!);
    if (!(d <= absolute)) absolute = Number.isNaN(d) ? Infinity : d;
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return { absolute, relative: absolute / (magnitude || 1) };
}

/** Root of the mean squared error, relative to the root of the mean square. */
export function rms(found: ArrayLike<number>, truth: Float64Array): number {
  expectAsMany(found, truth);
  let [error, power] = [0, 0];
  truth.forEach((t, i) => {
    error += (found[i]! - t) ** 2;
    power += t * t;
  });
  return Math.sqrt(error / (power || 1));
}
