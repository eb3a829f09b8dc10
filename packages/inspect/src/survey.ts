// What can be known of a model without reading its weights: sizes, costs, and whether all tensors are there. The model
// runs on a backend that computes nothing; the file is opened, and only its header read.
import {
  type Backend,
  BYTES,
  dry,
  type DType,
  meter,
  recording,
  Scope,
  type Shape,
  size,
  Tensor,
  textTransformer,
  visionTransformer,
} from '@siglip-ts/core';
import { readConfig } from '@siglip-ts/hub';
import {
  type ModelFiles,
  SiglipConfig,
  type SiglipTextConfig,
  type SiglipVisionConfig,
} from 'siglip-ts';
import {
  type AnyConfig,
  checkpointOf,
  classOf,
  expectQuantization,
  expectReadable,
  type ModelClass,
  openWeights,
  orWhatItIs,
  parametersOf,
} from 'siglip-ts/internals';

interface Part {
  readonly tensors: number;
  readonly parameters: number;
}
interface Cost<T> {
  readonly image?: T;
  readonly text?: T;
}

export interface Survey {
  readonly model: string;
  readonly class: string;
  readonly model_type: string;
  /** The configurations that the class uses. */
  readonly vision: VisionSizes | null;
  readonly text: TextSizes | null;
  readonly labels: readonly string[] | null;
  /** What the class has by its configuration. */
  readonly parts: {
    readonly vision?: Part;
    readonly text?: Part;
    readonly other: Part;
    readonly total: Part;
  };
  /** What the file has; bytes without the header. */
  readonly file: {
    readonly tensors: number;
    readonly bytes: number;
    readonly dtypes: readonly string[];
  };
  /** Floating-point operations of one image, and of one text of the full length. */
  readonly flops: Cost<number>;
  /** Bytes by dtype: of all weights, and of the activations of one image and one text at their peak. */
  readonly memory: Readonly<Record<string, { readonly weights: number } & Cost<number>>>;
  /** Tensors that the class has and the file has not, or in another shape; and what the class does not use. */
  readonly missing: readonly string[];
  readonly mismatched: readonly string[];
  readonly unexpected: readonly string[];
}

/** What arithmetic may round to. */
const FLOATS = ['float32', 'float64', 'float16', 'bfloat16'] as const;

const TOWER = [
  'num_hidden_layers',
  'hidden_size',
  'intermediate_size',
  'num_attention_heads',
] as const;
const VISION = [...TOWER, 'image_size', 'patch_size', 'num_channels'] as const;
const TEXT = [...TOWER, 'max_position_embeddings', 'vocab_size'] as const;
type VisionSizes = Readonly<Record<(typeof VISION)[number], number>>;
type TextSizes = Readonly<Record<(typeof TEXT)[number], number>>;

export const survey = (model: ModelFiles): Promise<Survey> => orWhatItIs(model, surveyed);

async function surveyed(files: ModelFiles): Promise<Survey> {
  const dict = await readConfig(files);
  expectQuantization(dict.quantization_config, files.name);
  const kind = classOf(dict, files.name);
  const config = kind.configOf(dict, {});
  const { vision, text } = towersOf(config, kind);
  const expected = await parametersOf(kind.trace(config));
  return {
    model: files.name,
    class: kind.name,
    model_type: String(dict.model_type),
    vision: vision && picked(vision, VISION),
    text: text && picked(text, TEXT),
    labels: kind.tensors.includes('labels') ? Object.values(config.id2label) : null,
    parts: partsOf(expected),
    ...(await costsOf({ vision, text }, expected)),
    ...(await fileFacts(files, expected)),
  };
}

interface Towers {
  readonly vision: SiglipVisionConfig | null;
  readonly text: SiglipTextConfig | null;
}

/** The towers that a class has: those that it needs inputs for. */
function towersOf(config: AnyConfig, { needs }: ModelClass): Towers {
  const both = config instanceof SiglipConfig;
  const vision = both ? config.vision_config : (config as SiglipVisionConfig);
  const text = both ? config.text_config : (config as SiglipTextConfig);
  return {
    vision: needs.includes('pixel_values') ? vision : null,
    text: needs.includes('input_ids') ? text : null,
  };
}

const picked = <K extends string>(config: Record<K, number>, keys: readonly K[]) =>
  Object.fromEntries(keys.map((key) => [key, config[key]])) as Record<K, number>;

const image = (b: Backend, c: SiglipVisionConfig, dtype: DType): Tensor =>
  new Tensor(b, [1, c.num_channels, c.image_size, c.image_size], dtype, {});

const tokens = (n: number) => ({ data: new Int32Array(n), shape: [1, n] });

function partsOf(expected: ReadonlyMap<string, Shape>): Survey['parts'] {
  const part = (wanted: (key: string) => boolean): Part => {
    const shapes = [...expected].filter(([key]) => wanted(key)).map(([, shape]) => shape);
    return { tensors: shapes.length, parameters: shapes.reduce((n, shape) => n + size(shape), 0) };
  };
  const [vision, text] = ['vision_model.', 'text_model.'].map((p) => part((k) => k.startsWith(p)));
  return {
    ...(vision!.tensors > 0 && { vision: vision! }),
    ...(text!.tensors > 0 && { text: text! }),
    other: part((key) => !/^(vision|text)_model\./.test(key)),
    total: part(() => true),
  };
}

/** Runs each tower on a meter over nothing, once a dtype. */
async function costsOf({ vision, text }: Towers, expected: ReadonlyMap<string, Shape>) {
  const parameters = partsOf(expected).total.parameters;
  const measured = async (dtype: DType, run: (s: Scope, b: Backend) => Promise<unknown>) => {
    const b = meter(dry());
    await run(new Scope(recording(b, dtype)), b);
    return b.readings;
  };
  const memory: Record<string, { weights: number } & Cost<number>> = {};
  let flops: Cost<number> = {};
  for (const dtype of FLOATS) {
    const onImage =
      vision &&
      (await measured(dtype, (s, b) =>
        visionTransformer(s.at('vision_model'), image(b, vision, dtype), vision),
      ));
    const onText =
      text &&
      (await measured(dtype, (s, b) =>
        textTransformer(s.at('text_model'), b, tokens(text.max_position_embeddings), text),
      ));
    memory[dtype] = {
      weights: parameters * BYTES[dtype],
      ...(onImage && { image: onImage.peak }),
      ...(onText && { text: onText.peak }),
    };
    flops = { ...(onImage && { image: onImage.flops }), ...(onText && { text: onText.flops }) };
  }
  return { flops, memory };
}

const NAMES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I8: 'int8',
};

/** What the header says, beside what was expected. */
async function fileFacts(files: ModelFiles, expected: ReadonlyMap<string, Shape>) {
  const file = await openWeights(files);
  await file.close();
  expectReadable(file, expected.keys(), files.name);
  const { tensors } = file;
  const { shapes } = checkpointOf(file);
  const infos = [...tensors.values()];
  return {
    file: {
      tensors: tensors.size,
      bytes: infos.reduce((n, { begin, end }) => n + end - begin, 0),
      dtypes: [...new Set(infos.map(({ dtype }) => NAMES[dtype] ?? dtype))].sort(),
    },
    missing: [...expected.keys()].filter((key) => !tensors.has(key)),
    mismatched: [...expected].flatMap(([key, shape]) => {
      const found = shapes.get(key);
      return found && String(found) !== String(shape) ? [key] : [];
    }),
    unexpected: [...tensors.keys()].filter((key) => !expected.has(key) && !key.endsWith('.SCB')),
  };
}
